// The page of a device in a real browser: the charts' keyboard, zoom and shapes, what is taken away, and the counts.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { browserPath, buildPages, launchBrowser } from '../support/browser.ts'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'

const MINUTE = 60_000
const available = browserPath() !== undefined
if (!available && process.env['ZHIAN_REQUIRE_SERVICES'] === '1') throw new Error('no Chromium')

/** Waits: on a busy machine a page takes its time. */
const seen = <T>(what: () => T | Promise<T>) => expect.poll(what, { timeout: 30_000 })

describe.skipIf(!available)('the charts of a device', { timeout: 120_000 }, () => {
  let browser: Browser
  let pages: Awaited<ReturnType<typeof buildPages>>
  let hub: FakeHub
  let context: BrowserContext
  let page: Page
  let id = ''
  const failures: string[] = []

  beforeAll(async () => {
    pages = await buildPages()
    browser = await launchBrowser()
    hub = new FakeHub({ alarms: 0, devices: 60, webRoot: pages.webRoot })
    await hub.start()
    id = hub.world.devices.find(({ kind, lifecycle }) => kind === 'electricity' && lifecycle === 'in_service')?.id ?? ''
    context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: 'zh-CN',
      acceptDownloads: true,
      timezoneId: 'America/New_York',
    })
    page = await context.newPage()
    page.setDefaultTimeout(30_000)
    page.on('pageerror', (error) => failures.push(error.message))
    await page.goto(`${hub.url}/devices/${id}`)
    await page.locator('input[name=username]').fill('duty')
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('button[type=submit]').click()
    await page.locator('.charts canvas').first().waitFor()
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await hub?.stop()
    await pages?.remove()
  })

  const chart = () => page.locator('.charts [role=slider]').first()
  const spoken = () => chart().getAttribute('aria-valuetext')
  const range = (name: string) =>
    page.getByRole('group', { name: '时间范围' }).getByRole('button', { name, exact: true })
  const shape = () => page.locator('.charts .u-over').first().boundingBox()
  const asked = (part: (query: URLSearchParams) => boolean) =>
    page.waitForResponse(
      (response) => response.url().includes('/readings?') && part(new URL(response.url()).searchParams),
    )
  const spanOf = (query: URLSearchParams) => Number(query.get('to')) - Number(query.get('from'))

  it('arrows move a cursor whose reading is spoken, on every chart of the page', async () => {
    await chart().focus()
    await page.keyboard.press('Home')
    const first = await spoken()
    expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, .*mA/)
    await page.keyboard.press('ArrowRight')
    await seen(spoken).not.toBe(first)
    await page.keyboard.press('ArrowLeft')
    await seen(spoken).toBe(first)
    await page.keyboard.press('End')
    await seen(spoken).not.toBe(first)
    const time = (await spoken())?.slice(0, 16)
    await seen(() => page.locator('.charts [role=slider]').nth(1).getAttribute('aria-valuetext')).toContain(time)
  })

  it('says with shapes and words what came late, cannot be believed, or was refused', async () => {
    const legend = await page.locator('.charts .legend').first().innerText()
    for (const word of ['迟到', '时间不可信', '拒收', '线为均值，阴影为最小到最大']) expect(legend).toContain(word)
  })

  it('reads a history once, however many values come meanwhile', async () => {
    let reads = 0
    const count = (request: { url(): string }) => void (reads += request.url().includes('/readings?') ? 1 : 0)
    const live = page.locator('.values .num').first()
    page.on('request', count)
    const before = await live.innerText()
    // The fake hub sends a value a second.
    await seen(() => live.innerText()).not.toBe(before)
    const then = await live.innerText()
    await seen(() => live.innerText()).not.toBe(then)
    page.off('request', count)
    // A minute may have passed, after which the span moves on: once for each chart in view.
    expect(reads).toBeLessThanOrEqual(12)
    expect(await spoken()).toMatch(/^\d{4}-/)
  })

  it('+ and − zoom, 0 returns, and a drag zooms every chart to the same span', async () => {
    const closer = asked((query) => Math.abs(spanOf(query) - 12 * 60 * MINUTE) < MINUTE)
    await chart().focus()
    await page.keyboard.press('+')
    await closer
    await page.getByRole('button', { name: '还原' }).waitFor()
    await seen(() => range('24 小时').getAttribute('aria-pressed')).toBe('false')
    const back = asked((query) => Math.abs(spanOf(query) - 24 * 60 * MINUTE) < MINUTE)
    await chart().focus()
    await page.keyboard.press('0')
    await back
    await seen(() => range('24 小时').getAttribute('aria-pressed')).toBe('true')

    // A chart is drawn anew with its new span: its box may be gone for a moment.
    let box: Awaited<ReturnType<typeof shape>> = null
    await seen(async () => (box = await shape())).not.toBeNull()
    const { x, y, width } = box ?? { x: 0, y: 0, width: 0 }
    const froms = new Set<string>()
    const metrics = new Set<string>()
    page.on('request', (request) => {
      const query = new URL(request.url()).searchParams
      if (!request.url().includes('/readings?') || spanOf(query) > 10 * 60 * MINUTE) return
      froms.add(query.get('from') ?? '')
      metrics.add(query.get('metric') ?? '')
    })
    await page.mouse.move(x + width * 0.5, y + 40)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.6, y + 40, { steps: 4 })
    await page.mouse.up()
    await seen(() => metrics.size).toBeGreaterThan(3)
    expect(froms.size).toBe(1)
    const whole = asked((query) => Math.abs(spanOf(query) - 24 * 60 * MINUTE) < MINUTE)
    await page.locator('.charts .u-over').first().dblclick()
    await whole
    await page.getByRole('button', { name: '还原' }).waitFor({ state: 'detached' })
  })

  it('what is shown is taken away as a table and as a picture, named by device and range', async () => {
    const save = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
      return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) }
    }
    const csv = await save('导出 CSV')
    expect(csv.name).toMatch(new RegExp(`^${id}_\\d{8}-\\d{4}_\\d{8}-\\d{4}\\.csv$`))
    const text = csv.bytes.toString('utf8')
    expect(text.startsWith('\ufeff时间,剩余电流 均值 (mA)')).toBe(true)
    // Charts that were never scrolled to are in it too.
    expect(text.split('\r\n')[0]).toContain('电流 N')
    expect(text.split('\r\n')[1]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00,/)
    const png = await save('导出 PNG')
    expect(png.name).toBe(csv.name.replace('.csv', '.png'))
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG')
    expect(png.bytes.length).toBeGreaterThan(10_000)
  })

  it('is shown without its history while the store of it is away, and with it when that is back', async () => {
    Object.assign(hub, { historyAway: true, readingsLate: true })
    try {
      await page.reload()
      await page.getByText('读数都暂存着，没有丢').first().waitFor()
      await page.getByText(id, { exact: true }).first().waitFor()
      expect(await page.getByText('还没有收到过消息').count()).toBe(0)
      await page.getByText('历史曲线稍后补齐').waitFor()
    } finally {
      Object.assign(hub, { historyAway: false, readingsLate: false })
    }
    // Nobody has to ask again: the next heartbeat says that it is back.
    await page.locator('.charts canvas').first().waitFor()
  })

  it('G10: shows the counts of the device, which the counters of the hub lead to', async () => {
    await page.getByRole('tab', { name: '计数与拒收' }).click()
    await seen(() => page.locator('.equation').innerText()).toMatch(/86\s420\s*收到\s*=\s*86\s407\s*已存\s*\+\s*13/)
    await page.goto(`${hub.url}/counters`)
    const link = page.getByRole('link', { name: '总进线 7' })
    await link.waitFor()
    expect(await link.getAttribute('href')).toBe('/devices/meter-0007?tab=rejections')
    expect(failures).toEqual([])
  })
})
