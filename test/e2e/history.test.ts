// The alarm history and the counters in a real browser: filters in the address, saved views, a timeline, the export.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { clusterAt, setAsideAt } from '../dashboard/web/fake-cluster.ts'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import type { FakeHubOptions, FakeUser } from '../dashboard/web/fake-hub.ts'
import { buildPages, launchBrowser } from '../support/browser.ts'
import { misfits, violations } from './page-checks.ts'

let pages: Awaited<ReturnType<typeof buildPages>>
let browser: Browser
let context: BrowserContext
let hub: FakeHub
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  pages = await buildPages()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await pages?.remove()
})
afterEach(async () => {
  await context?.close()
  await hub?.stop()
  expect(complaints.splice(0)).toEqual([])
})

async function open(options: FakeHubOptions, path: string, username = 'duty', size = { width: 1440, height: 900 }) {
  hub = new FakeHub({ ...options, webRoot: pages.webRoot })
  await hub.start()
  context = await browser.newContext({ viewport: size, acceptDownloads: true })
  page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.request.post(`${hub.url}/api/v1/session`, { data: { username, password: PASSWORD } })
  await page.goto(hub.url + path)
}
const rows = () => page.locator('a[data-alarm]')
const query = () => new URL(page.url()).search

describe('the alarm history', () => {
  it('lists open and closed alarms, filtered and ordered by the address', async () => {
    await open({ alarms: 40 }, '/alarms')
    const gone = hub.raise(0, { nth: 1, at: Date.now() - 60_000 })
    hub.change(gone.id, 'closed', { condition: 'normal', closedAt: Date.now(), clearedAt: Date.now() })
    await page.getByRole('button', { name: '重新读取' }).click()
    await page.getByText('共 41 条').waitFor()
    await page.getByLabel('状态', { exact: true }).selectOption({ label: '已结束' })
    await expect.poll(() => rows().count()).toBe(1)
    expect(await rows().first().getAttribute('data-alarm')).toBe(gone.id)
    expect(query()).toBe('?state=closed')
    await page.getByLabel('级别', { exact: true }).selectOption('3')
    await page.getByText('没有符合筛选的报警').waitFor()
    await page.getByRole('button', { name: '清除筛选' }).click()
    await page.getByText('共 41 条').waitFor()
    await page.getByLabel('排序').selectOption({ label: '按级别' })
    await expect.poll(() => rows().first().getAttribute('data-priority')).toBe('1')
  })

  it('keeps a view by its name, finds it again after a reload, and deletes it', async () => {
    await open({ alarms: 40 }, '/alarms?category=gas&range=7d')
    await rows().first().waitFor()
    await page.getByRole('button', { name: '保存视图' }).click()
    await page.locator('input[name=view]').fill('一周燃气')
    await page.getByRole('button', { name: '保存', exact: true }).click()
    await page.goto(`${hub.url}/alarms`)
    await page.getByLabel('已存视图').selectOption('一周燃气')
    await expect.poll(query).toBe('?category=gas&range=7d')
    await page.getByRole('button', { name: '删除视图' }).click()
    await expect.poll(() => page.getByLabel('已存视图').count()).toBe(0)
  })

  it('opens an alarm by its address, with what happened to it', async () => {
    await open({ alarms: 12 }, '/alarms')
    const alarm = hub.raise(0, { nth: 3 })
    hub.change(alarm.id, 'commented', {}, { by: hub.users[1] as FakeUser, comment: '已打电话给房东' })
    await page.getByRole('button', { name: '重新读取' }).click()
    await page.locator(`a[data-alarm="${alarm.id}"]`).click()
    await page.getByText('已打电话给房东').waitFor()
    expect(new URL(page.url()).pathname).toBe(`/alarms/${alarm.id}`)
    await page.getByRole('link', { name: '到值班台处置' }).click()
    await page.getByRole('article', { name: '燃气报警' }).waitFor()
    await page.goto(`${hub.url}/alarms/none`)
    await page.getByText('不在你的管理范围内').waitFor()
  })

  it('exports what the filter shows', async () => {
    await open({ alarms: 40 }, '/alarms?priority=2')
    await rows().first().waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: '导出 CSV' }).click(),
    ])
    const [, ...ids] = (await readFile(await download.path(), 'utf8')).split('\r\n')
    const shown = await rows().evaluateAll((all) => all.map((row) => row.getAttribute('data-alarm')))
    expect(ids).toEqual(shown)
  })

  it('reads further pages as it is scrolled, and draws only what is in view', async () => {
    await open({ alarms: 450, devices: 400 }, '/alarms?sort=oldest')
    await page.getByText('共 450 条').waitFor()
    expect(await rows().count()).toBeLessThan(60)
    await expect
      .poll(async () => {
        await page.locator('.rows').evaluate((list) => list.scrollTo({ top: list.scrollHeight }))
        return page.locator('[data-alarm="a450"]').count()
      })
      .toBe(1)
  })

  it('fits a tablet held upright, with every page in the bar', async () => {
    await open({ alarms: 40, longNames: true }, '/alarms', 'admin', { width: 800, height: 1000 })
    await page.evaluate(() => localStorage.setItem('zhian.language', 'en'))
    await page.reload()
    await rows().first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(800)
  })

  it('says that there is nothing, and fits a phone', async () => {
    await open({ alarms: 0 }, '/alarms', 'manager', { width: 390, height: 844 })
    await page.getByText('还没有报警记录').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  })
})

describe('the counters', () => {
  it('add up, say how old they are, and stay when the hub cannot be asked', async () => {
    await open({ alarms: 3 }, '/counters')
    await page.getByText('12\u202f845\u202f210').waitFor()
    await page.getByText('=', { exact: true }).waitFor()
    await page.getByText('令牌不对').waitFor()
    await page.getByText('unheard_of').waitFor()
    await page.getByText('约 111 天').waitFor()
    await page.getByText(/秒前读取/).waitFor()
    hub.figuresFail = true
    await page.getByText('读不到新的数').waitFor({ timeout: 20_000 })
    await page.getByText('12\u202f845\u202f210').waitFor()
    hub.figuresFail = false
    await page.getByText('读不到新的数').waitFor({ state: 'hidden', timeout: 20_000 })
  })

  it('of a cluster say first what needs somebody, and what was set aside, on a desk and on a phone', async () => {
    await open({ alarms: 3 }, '/counters')
    const cluster = page.getByTestId('cluster')
    await page.getByText('12\u202f845\u202f210').waitFor()
    expect(await cluster.count()).toBe(0)
    Object.assign(hub, { cluster: clusterAt(Date.now()), setAside: setAsideAt(Date.now()), readingsLate: true })
    await cluster.getByText('3 个分区无人处理').waitFor({ timeout: 20_000 })
    await cluster.getByText('connect ECONNREFUSED 10.0.0.9:8428').waitFor()
    await cluster.getByText('最早一条已等了').waitFor()
    await cluster.getByText('61 / 64').waitFor()
    await cluster.getByText('8412 台设备连着').waitFor()
    // What one process knows of its own disk and copies says nothing of a cluster.
    expect(await page.getByText('账本备份').count()).toBe(0)
    const aside = page.getByTestId('set-aside')
    await aside.getByText('共 23 条').waitFor()
    expect(await aside.locator('li').count()).toBe(20)
    await aside.getByRole('button').click()
    await expect.poll(() => aside.locator('li').count()).toBe(23)
    await aside.getByText('读不出是哪台设备').waitFor()
    // Every page says that charts end early.
    await page.getByText('读数库暂时连不上').waitFor({ timeout: 20_000 })
    expect(await violations(page, 'all')).toEqual([])
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await misfits(page)).toEqual([])
  })

  it('are not for a manager, and fit a phone', async () => {
    await open({ alarms: 1 }, '/counters', 'manager', { width: 390, height: 844 })
    await page.getByText('没有权限').waitFor()
    await page.request.post(`${hub.url}/api/v1/session`, { data: { username: 'duty', password: PASSWORD } })
    await page.reload()
    await page.getByText('12\u202f845\u202f210').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  })
})
