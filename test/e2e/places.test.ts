// The pages of places against a real ledger: the dossier of a site, its inspections, the tree of areas, coverage and quotas.
// One browser, a county for each form of the hub; every page is held against WCAG 2.2 AA and a phone's width on the way.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { EVERYTHING } from '../../records/scope.ts'
import { county as sheetsOf, workbook } from '../dashboard/server/workbooks.ts'
import type { Cells } from '../dashboard/server/workbooks.ts'
import { CONSOLE } from '../dashboard/server/small-county.ts'
import type { SmallCounty } from '../dashboard/server/small-county.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeCounties } from './counties.ts'
import type { OpenCounty } from './counties.ts'
import { misfits, smallTargets, violations } from './page-checks.ts'

const DESK = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }
const PATIENCE = 30_000

const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'
const shots = process.env['ZHIAN_PICTURES_TO']
/** Once the page has come to rest: a dialog on its way in has neither its colours nor its place yet. */
const finds = (what: string, find: () => Promise<string[]>) =>
  expect.poll(async () => [what, ...(await find())], { timeout: PATIENCE, interval: 200 }).toEqual([what])

async function judged(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` })
  await finds(name, () => violations(page, 'all'))
  await finds(name, () => misfits(page))
  await page.setViewportSize(PHONE)
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-phone.png` })
  await finds(`${name} on a phone`, () => misfits(page))
  await finds(`${name} on a phone`, () => smallTargets(page))
  await page.setViewportSize(DESK)
}

describeCounties('places', mayRun, (openCounty) => {
  let browser: Browser
  let opened: OpenCounty
  let county: SmallCounty
  beforeAll(async () => {
    browser = await launchBrowser()
    opened = await openCounty()
    county = opened.county
    await county.ledger.places.updateSite(CONSOLE, county.sites.a, {
      category: 'rental_house',
      risk: 2,
      regime: { name: 'suspended', since: '2026-11-01', until: '2026-11-10', basis: '安监停〔2026〕7 号' },
      responsible: { name: '钱守仁', phone: '13800000021' },
      coordinates: { lat: 29.0312, lon: 119.1723 },
      insurance: { insurer: '某财产保险', policy: 'P-2026-7', until: '2026-06-30' },
      facilities: ['gas'],
    })
    await county.ledger.places.createSite(CONSOLE, {
      name: '=HYPERLINK("x") 小吃',
      area: '示范县/青禾街道/槐荫社区',
      category: 'catering',
      facilities: ['gas', 'ebike_charging'],
    })
    await county.ledger.devices.heard(['DEV-A', 'DEV-B'])
    await county.raiseThree()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await opened?.close()
  })

  async function signedIn(user: string, viewport = DESK): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({ viewport, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
    context.setDefaultTimeout(PATIENCE)
    const [name = '', value = ''] = (await county.as(user)).split('=')
    await context.addCookies([{ name, value, url: county.base }])
    return { context, page: await context.newPage() }
  }

  it('a town looks into a site, records a hazard, reports it and rechecks it, and cannot penalise', async () => {
    const { context, page } = await signedIn('town')
    await page.goto(`${county.base}/sites?category=rental_house`)
    await page.getByRole('link', { name: '槐荫 12 号' }).click()
    await page.getByRole('heading', { name: '槐荫 12 号' }).waitFor()
    for (const text of [
      '停产停业',
      '已到期，尚未解除',
      '安监停〔2026〕7 号',
      '已过期',
      '橙（较大风险）',
      '138****0021',
    ])
      expect(await page.getByText(text).first().isVisible()).toBe(true)
    await judged(page, 'site')
    // The address holds the tab; the path of the area leads to its sites.
    await page.getByRole('tab', { name: /设备/ }).click()
    await page.getByRole('link', { name: '总进线' }).waitFor()
    expect(new URL(page.url()).search).toBe('?tab=devices')
    await judged(page, 'site-devices')
    await page.getByRole('tab', { name: /报警/ }).click()
    await page.locator('a[href*="alarm-a"]').first().waitFor()
    await judged(page, 'site-alarms')
    await page.getByRole('tab', { name: '联系人' }).click()
    await page.getByText('138****0001').waitFor()

    await page.getByRole('tab', { name: '检查' }).click()
    await page.getByText('插座老化').waitFor()
    await page.getByRole('button', { name: '记录检查' }).click()
    const form = page.getByRole('dialog')
    expect(await form.getByRole('button', { name: '行政处罚' }).count()).toBe(0)
    await form.getByRole('button', { name: '发现隐患', exact: true }).click()
    await form.getByLabel('情况').fill('二楼走道堆放电动车')
    await form.getByLabel('整改期限').fill('2026-12-01')
    await judged(page, 'inspection-form')
    await form.getByRole('button', { name: '保存' }).click()
    const row = page.locator('[data-inspection]').filter({ hasText: '堆放电动车' })
    await row.getByText('限 2026-12-01 前整改').waitFor()
    await row.getByRole('button', { name: '上报县级' }).click()
    await row.getByText(/由 town 某 上报/).waitFor()
    await row.getByRole('button', { name: '复查' }).click()
    await form.getByRole('button', { name: '复查合格' }).click()
    await form.getByRole('button', { name: '保存' }).click()
    await row.getByText('已整改').waitFor()
    await judged(page, 'site-inspections')
    // Another's site is not there for them.
    await page.goto(`${county.base}/sites/${county.sites.b}`)
    await page.locator('.notice').waitFor()
    await context.close()
  }, 180_000)

  it('the county sees what is missing, sets a quota, and lifts the order', async () => {
    const { context, page } = await signedIn('admin')
    await page.goto(`${county.base}/coverage`)
    const town = page.getByRole('row').filter({ hasText: '青禾街道' })
    await town.getByRole('link', { name: /0 \/ 2/ }).waitFor()
    await judged(page, 'coverage')
    await town.getByRole('link', { name: /0 \/ 2/ }).click()
    await page.getByRole('link', { name: '=HYPERLINK("x") 小吃' }).waitFor()
    await judged(page, 'coverage-missing')
    await page.getByRole('tab', { name: '安装进度' }).click()
    await page.getByRole('button', { name: '设定任务 青禾街道' }).click()
    await page.getByRole('dialog').getByLabel('任务').fill('40')
    await page.getByRole('dialog').getByRole('button', { name: '保存' }).click()
    await page.getByRole('row').filter({ hasText: '青禾街道' }).getByText('40').waitFor()
    await judged(page, 'coverage-installs')

    await page.goto(`${county.base}/sites/${county.sites.a}`)
    await page.getByRole('button', { name: '修改' }).click()
    const form = page.getByRole('dialog')
    await form.getByRole('combobox', { name: '监管状态' }).selectOption('normal')
    await form.getByRole('button', { name: '保存' }).click()
    await form.waitFor({ state: 'detached' })
    await expect.poll(() => page.getByText('停产停业').count(), { timeout: PATIENCE }).toBe(0)
    expect((await county.ledger.devices.identity('DEV-A'))?.siteRegime).toBe('normal')
    await context.close()
  }, 180_000)

  it('an administrator renames an area in the tree; a town reads it and changes nothing', async () => {
    const { context, page } = await signedIn('admin')
    await page.goto(`${county.base}/areas`)
    const row = page.locator('[data-area]').filter({ hasText: '云溪镇' })
    await row.getByText('1 处场所').waitFor()
    await judged(page, 'areas')
    await row.getByRole('button', { name: '调整' }).click()
    const form = page.getByRole('dialog')
    await form.getByRole('button', { name: '并入' }).click()
    await form.getByText(/不能撤销/).waitFor()
    await judged(page, 'areas-merge')
    await form.getByRole('button', { name: '改名' }).first().click()
    await form.getByLabel('名称').fill('云溪街道')
    await form.getByRole('button', { name: '改名' }).last().click()
    await page.locator('[data-area]').getByRole('link', { name: '云溪街道' }).waitFor()
    await context.close()

    const other = await signedIn('town')
    await other.page.goto(`${county.base}/areas`)
    const tree = other.page.locator('[data-area]')
    await tree.getByRole('link', { name: '青禾街道' }).waitFor()
    expect(await other.page.getByRole('button', { name: '调整' }).count()).toBe(0)
    expect(await tree.getByRole('link', { name: '云溪街道' }).count()).toBe(0)
    await other.context.close()
  }, 180_000)

  it('an administrator looks at a workbook, mends a cell, imports it and takes the links away', async () => {
    const { context, page } = await signedIn('admin')
    await page.goto(`${county.base}/import`)
    await page.getByText('选择工作簿').waitFor()
    const size = { towns: 2, villages: 4, sites: 8, rooms: 16, people: 2 }
    const choose = async (sheets: Record<string, Cells>) =>
      page.locator('input[type=file]').setInputFiles({
        name: '示范县.xlsx',
        mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        buffer: await workbook(sheets),
      })
    await choose({
      ...sheetsOf(size),
      人员: [
        ['用户名', '姓名', '角色'],
        ['zhao', '赵', '皇帝'],
      ],
    })
    await page.getByRole('cell', { name: 'C2', exact: true }).waitFor()
    await judged(page, 'import-issues')
    expect((await county.ledger.places.sites(EVERYTHING, { limit: 1, q: '出租房' })).total).toBe(0)
    await choose(sheetsOf(size))
    await page.getByRole('heading', { name: '将要导入' }).waitFor()
    await judged(page, 'import-preview')
    await page.getByRole('button', { name: '确认导入' }).click()
    await page.getByRole('heading', { name: '已导入' }).waitFor()
    expect((await county.ledger.places.sites(EVERYTHING, { limit: 1, q: '出租房' })).total).toBe(8)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: '下载邀请链接' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('zhian-invitations.csv')
    await choose(sheetsOf(size))
    await page.getByText('与现有内容完全相同').waitFor()
    await page.goto(`${county.base}/sites?category=rental_house&risk=1`)
    await page.getByRole('link', { name: '出租房 0' }).waitFor()
    await judged(page, 'sites')
    await context.close()
  }, 180_000)
})
