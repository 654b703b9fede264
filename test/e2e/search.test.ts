// Finding things by keyboard in a real browser before the hub in both of its forms, and addresses that survive a sign-in.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { PASSWORD } from '../dashboard/server/small-county.ts'
import type { SmallCounty } from '../dashboard/server/small-county.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeCounties } from './counties.ts'
import type { OpenCounty } from './counties.ts'

const LONG = 60_000
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

describeCounties('finding things', mayRun, (openCounty) => {
  let opened: OpenCounty
  let county: SmallCounty
  let browser: Browser
  const complaints: string[] = []

  beforeAll(async () => {
    browser = await launchBrowser()
    opened = await openCounty()
    county = opened.county
    await county.raiseThree()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await opened?.close()
    expect(complaints).toEqual([])
  })

  async function open(path: string, size = { width: 1440, height: 900 }, signIn = true): Promise<Page> {
    const context = await browser.newContext({ viewport: size, locale: 'zh-CN' })
    const page = await context.newPage()
    page.setDefaultTimeout(LONG)
    page.on('pageerror', (error) => complaints.push(error.message))
    if (signIn)
      await page.request.post(`${county.base}/api/v1/session`, { data: { username: 'duty', password: PASSWORD } })
    await page.goto(`${county.base}${path}`)
    return page
  }
  const live = (page: Page) => page.waitForSelector('[data-testid=veil][data-phase=live]')
  const addressOf = (page: Page) => page.evaluate(() => location.pathname + location.search)

  it('by initials, with the keyboard alone: / opens, arrows choose, Enter goes there, Esc closes', async () => {
    const page = await open('/devices')
    await live(page)
    const dialog = page.getByRole('dialog', { name: '查找' })
    const field = dialog.getByRole('combobox')
    await page.locator('main').click()
    await page.keyboard.press('Slash')
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })

    await page.keyboard.press('Control+KeyK')
    await field.pressSequentially('qhjd')
    await dialog.getByRole('option', { name: '青禾街道' }).first().waitFor()
    // Alarms first, then areas, sites, devices; each with its place.
    const lines = await dialog.getByRole('option').allInnerTexts()
    expect(lines.some((line) => line.includes('总进线') && line.includes('DEV-A'))).toBe(true)
    expect(lines.join()).not.toContain('东村')
    const chosen = () => dialog.getByRole('option', { selected: true }).innerText()
    const first = await chosen()
    await page.keyboard.press('ArrowDown')
    await expect.poll(chosen).not.toBe(first)
    await page.keyboard.press('ArrowUp')
    await expect.poll(chosen).toBe(first)

    await field.fill('dev-b')
    await dialog.getByRole('option', { name: '厨房' }).last().waitFor()
    await expect.poll(() => dialog.getByText('总进线').count()).toBe(0)
    while (!(await chosen()).includes('DEV-B')) await page.keyboard.press('ArrowDown')
    // While an input method composes, Enter is its own.
    await field.evaluate((element) =>
      element.dispatchEvent(
        new KeyboardEvent('keydown', { code: 'Enter', key: 'Enter', bubbles: true, isComposing: true }),
      ),
    )
    expect(await dialog.count()).toBe(1)
    await page.keyboard.press('Enter')
    await expect.poll(() => addressOf(page)).toBe('/devices/DEV-B')
    await page.getByRole('heading', { name: '厨房' }).waitFor()
    // The place of the device leads to the sites of its area, and to its own.
    await page.getByRole('link', { name: '云溪镇' }).click()
    await expect.poll(() => addressOf(page)).toContain('/sites?areaId=')
    await page.goBack()
    await page.getByRole('link', { name: '东村 3 号' }).first().click()
    await expect.poll(() => addressOf(page)).toBe(`/sites/${county.sites.b}`)

    await page.keyboard.press('Control+KeyK')
    await dialog.getByRole('button', { name: 'dev-b' }).click()
    await dialog.getByRole('option', { name: '厨房' }).last().waitFor()
    await field.fill('没有这个地方')
    await dialog.getByText('没有找到“没有这个地方”').first().waitFor()
    await page.context().close()

    const phone = await open('/sites', { width: 390, height: 844 })
    await live(phone)
    await phone.getByRole('button', { name: '查找' }).click()
    await phone.getByRole('dialog').getByRole('combobox').fill('dc')
    await phone
      .getByRole('option', { name: /东村 3 号/ })
      .first()
      .click()
    await expect.poll(() => addressOf(phone)).toBe(`/sites/${county.sites.b}`)
    await phone.context().close()
  }, 240_000)

  it('an address leads to its page after the sign-in, and only to a page of this hub', async () => {
    const places = [
      `/alarms/${county.alarms.a}`,
      '/alarms?priority=2&q=x',
      '/devices/DEV-A?tab=about',
      '/devices?q=qhjd',
      `/sites/${county.sites.a}?tab=devices`,
      '/sites?q=huayin',
      '/account',
      '/wall',
    ]
    for (const path of places) {
      const page = await open(path, undefined, false)
      await page.getByLabel('用户名').fill('duty')
      await page.getByLabel('密码').fill(PASSWORD)
      await page.keyboard.press('Enter')
      await live(page)
      expect(await addressOf(page), path).toBe(path)
      await page.context().close()
    }
    const elsewhere = await open('//example.org/%2e%2e?next=https://example.org', undefined, false)
    expect(new URL(elsewhere.url()).origin).toBe(county.base)
    const page = await open('/?next=https://example.org&redirect=//example.org', undefined, false)
    await page.getByLabel('用户名').fill('duty')
    await page.getByLabel('密码').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await live(page)
    expect(new URL(page.url()).origin).toBe(county.base)
    await elsewhere.context().close()
    await page.context().close()
  }, 300_000)
})
