// How people come and go, in a real browser before the hub in both of its forms: a second factor read off the screen by its picture, a sign-in with
// its code, an invitation, a session ended from afar, and the audit that tells of it all.
import decodeQr from 'qr/decode.js'
import { TOTP, URI } from 'otpauth'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { PASSWORD } from '../dashboard/server/small-county.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeCounties } from './counties.ts'
import type { OpenCounty } from './counties.ts'
import { misfits, violations } from './page-checks.ts'

const NEW_PASSWORD = '槐树下的第三只猫'
const SLOW = 45_000
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

describeCounties('people', mayRun, (openCounty) => {
  let open: OpenCounty
  let base: string
  let browser: Browser
  const complaints: string[] = []
  /** Every address that any page asked for, and every line that the server logged. */
  const urls: string[] = []

  beforeAll(async () => {
    browser = await launchBrowser()
    open = await openCounty()
    base = open.county.base
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await open?.close()
    expect(complaints).toEqual([])
  })

  async function newPage(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    page.setDefaultTimeout(SLOW)
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => urls.push(request.url()))
    return page
  }
  const newContext = () => browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
  const sound = async (page: Page, what: string) =>
    expect([what, ...(await violations(page, 'all')), ...(await misfits(page))]).toEqual([what])

  it('enrols, signs in with a code, invites, ends a session from afar, and finds it in the audit', async () => {
    const context = await newContext()
    const page = await newPage(context)
    const dialog = page.getByRole('dialog')
    const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' })

    // The password alone, as long as there is no second factor.
    await page.goto(`${base}/account`)
    await page.getByLabel('用户名').fill('admin')
    await page.getByLabel('密码').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await button('开启两步验证').click()
    await dialog.getByLabel('当前密码').fill('not it')
    await dialog.getByRole('button', { name: '下一步' }).click()
    await dialog.getByText('当前密码不对').waitFor()
    await dialog.getByLabel('当前密码').fill(PASSWORD)
    await dialog.getByRole('button', { name: '下一步' }).click()
    await sound(page, 'the picture of the second factor')
    const totp = URI.parse(await readQr(dialog.getByRole('img', { name: '两步验证的二维码' }))) as TOTP
    expect(totp.label).toBe('admin')
    await dialog.getByText(totp.secret.base32).waitFor()
    await dialog.locator('input[name=code]').fill(totp.generate())
    await dialog.getByRole('button', { name: '确认开启' }).click()
    const codes = (await dialog.getByLabel('恢复码', { exact: true }).textContent())?.trim().split('\n') ?? []
    expect(codes.length).toBe(10)
    // What is shown once is not closed by a stray key.
    await page.keyboard.press('Escape')
    await dialog.getByRole('button', { name: '我已保存好' }).click()
    await page.getByText('恢复码还剩 10 个').waitFor()
    await sound(page, 'account')

    // Out, and in again: the code is asked for after the password, and a wrong one is typed again alone.
    await button('退出登录').click()
    await page.getByLabel('用户名').fill('admin')
    await page.getByLabel('密码').fill(PASSWORD)
    await page.keyboard.press('Enter')
    const code = page.locator('input[name=code]')
    await code.fill('000000')
    await page.keyboard.press('Enter')
    await page.getByText('动态码不对或已用过').waitFor()
    await sound(page, 'sign-in with a code')
    // The step that turned it on is spent; the one after it is taken already.
    await code.fill(totp.generate({ timestamp: Date.now() + 30_000 }))
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-testid=veil][data-phase=live]')

    // Somebody new, invited by a link.
    await page.goto(`${base}/users`)
    await button('添加用户').click()
    await dialog.getByLabel('姓名').fill('赵六')
    await dialog.getByLabel('用户名').fill('zhao.liu')
    await dialog.getByRole('button', { name: '添加用户' }).click()
    const link = (await dialog.getByLabel('邀请链接').textContent())?.trim() ?? ''
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/invitation#[\w-]{43}$/)
    await sound(page, 'an invitation')
    await button('完成').click()
    await page.getByText(/已邀请，/).waitFor()

    const theirs = await newContext()
    const there = await newPage(theirs)
    await there.goto(link)
    await there.getByText('赵六，请为用户名 zhao.liu 设一个密码').waitFor()
    expect(there.url()).toBe(`${base}/invitation`)
    await sound(there, 'the invitation’s page')
    await there.locator('input[name=next]').fill('password123')
    await there.locator('input[name=repeat]').fill('password123')
    await there.keyboard.press('Enter')
    await there.getByText('这个密码太常见').waitFor()
    await there.locator('input[name=next]').fill(NEW_PASSWORD)
    await there.locator('input[name=repeat]').fill(NEW_PASSWORD)
    await there.keyboard.press('Enter')
    await there.waitForSelector('[data-testid=veil][data-phase=live]')
    // Used once, it is nothing to anybody.
    const late = await newPage(theirs)
    await late.goto(link)
    await late.getByText('邀请链接无效').waitFor()

    // The administrator sees where they are signed in, and ends it: their page asks for the password and shows no more.
    await page.reload()
    await button('管理 赵六').click()
    await dialog.getByRole('tab', { name: '登录' }).click()
    await dialog.getByText(/127\.0\.0\.1/).waitFor()
    await sound(page, 'somebody’s sessions')
    await dialog
      .getByRole('button', { name: /^结束 / })
      .first()
      .click()
    await dialog.getByText('没有登录。').waitFor()
    await there.getByRole('dialog').getByLabel('密码').waitFor()

    // They go.
    await dialog.getByRole('tab', { name: '离岗' }).click()
    await dialog.getByRole('button', { name: '移交并停用' }).waitFor()
    await sound(page, 'off-boarding')
    await dialog.getByRole('button', { name: '移交并停用' }).click()
    await page.getByText('赵六 已离岗').waitFor()
    await page.getByRole('listitem').filter({ hasText: '赵六' }).getByText('已停用').waitFor()

    // The audit tells of it; its chain is whole, and the file holds what is filtered.
    await page.goto(`${base}/audit`)
    await page.getByRole('listitem').getByText('办理离岗').waitFor()
    await button('核对链').click()
    await page.getByTestId('verdict').getByText('链完整').waitFor()
    await sound(page, 'audit')
    await page.getByRole('combobox', { name: '操作' }).selectOption('session.')
    await expect.poll(() => page.getByRole('listitem').getByText('办理离岗').count(), { timeout: SLOW }).toBe(0)
    await page.getByRole('listitem').getByText('结束一个登录').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: '导出 CSV' }).click(),
    ])
    const file = await readFile(await download.path(), 'utf8')
    expect(file).toContain('session.revoked')
    expect(file).not.toContain('user.off_boarded')
    await page.getByLabel('自').fill('2020-01-01')
    await page.getByLabel('至').fill('2020-01-02')
    await page.getByText('没有符合条件的记录').waitFor()
    await sound(page, 'audit, nothing found')

    // No secret was ever in an address or in a log.
    for (const secret of [link.split('#')[1] as string, totp.secret.base32, ...codes]) {
      expect(
        urls.filter((url) => new URL(url).pathname.includes(secret) || new URL(url).search.includes(secret)),
      ).toEqual([])
      expect(open.log()).not.toContain(secret)
    }
    await context.close()
    await theirs.close()
  }, 180_000)
})

/** What a telephone reads off the picture on the screen. */
async function readQr(picture: Locator): Promise<string> {
  await picture.waitFor()
  const { side, path } = await picture.evaluate((svg) => ({
    side: Number(svg.getAttribute('viewBox')?.split(' ')[2]),
    path: svg.querySelector('path')?.getAttribute('d') ?? '',
  }))
  const scale = 4
  const size = side * scale
  const data = new Uint8Array(size * size * 4).fill(255)
  for (const [, x, y, run] of path.matchAll(/M(\d+) (\d+)h(\d+)/g))
    for (let dy = 0; dy < scale; dy++)
      for (let dx = 0; dx < Number(run) * scale; dx++)
        data.fill(
          0,
          ((Number(y) * scale + dy) * size + Number(x) * scale + dx) * 4,
          ((Number(y) * scale + dy) * size + Number(x) * scale + dx) * 4 + 3,
        )
  return decodeQr({ width: size, height: size, data })
}
