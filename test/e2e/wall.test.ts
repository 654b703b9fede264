// The command wall in a real browser: what interrupts it, what it says when it is not live, and thirty hours of it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import { browserPath, buildPages, launchBrowser } from '../support/browser.ts'
import { installClock, passTime } from '../support/page-clock.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND
/** Below what a page waits for a heartbeat, and below a turn of the wall's pages. */
const STEP = 14 * SECOND
const LONG = 60_000
const CALLS_OVER_MS = 11_000
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

describe.skipIf(!mayRun)('the command wall', () => {
  let pages: Awaited<ReturnType<typeof buildPages>>
  let browser: Browser
  let hub: FakeHub
  const complaints: string[] = []

  beforeAll(async () => {
    pages = await buildPages()
    browser = await launchBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await pages?.remove()
    expect(complaints).toEqual([])
  })

  const zone = (page: Page) => page.getByTestId('wall-page')
  const showing = (page: Page) => zone(page).getAttribute('data-page')
  const live = (page: Page) => page.waitForSelector('[data-testid=veil][data-phase=live]', { timeout: LONG })

  async function open(now?: number, within = browser): Promise<Page> {
    // Thirty hours are painted small: everything is drawn in parts of the screen.
    const viewport = now === undefined ? { width: 1920, height: 1080 } : { width: 480, height: 270 }
    const context = await within.newContext({ viewport, locale: 'zh-CN' })
    const page = await context.newPage()
    page.setDefaultTimeout(LONG)
    page.on('pageerror', (error) => complaints.push(error.message))
    if (now !== undefined) await installClock(page, now)
    await page.request.post(`${hub.url}/api/v1/session`, { data: { username: 'wall', password: PASSWORD } })
    await page.goto(`${hub.url}/wall`)
    await live(page)
    return page
  }

  it('is stopped by an urgent alarm until somebody takes it, fits its screen, and says when it is not live', async () => {
    hub = new FakeHub({ alarms: 0, devices: 170, webRoot: pages.webRoot })
    await hub.start()
    const page = await open()
    await page.getByText('没有未关闭的报警').waitFor()
    expect(await showing(page)).toBe('overview')
    expect(await page.getByTestId('wall-total').innerText()).toBe('170')
    expect(await page.getByRole('banner').count()).toBe(1)
    // Nothing to press, nothing to scroll.
    expect(await page.locator('main a, main button, main input').count()).toBe(0)
    const overflow = () =>
      page.evaluate(() => {
        const { scrollWidth, scrollHeight } = document.documentElement
        return [scrollWidth > innerWidth, scrollHeight > innerHeight]
      })
    expect(await overflow()).toEqual([false, false])

    hub.raise(3)
    await page.locator('[data-alarm][data-priority="3"]').waitFor()
    expect(await showing(page)).toBe('overview')
    const urgent = hub.raise(1)
    const worst = hub.raise(0)
    await page.locator(`article[data-alarm="${worst.id}"]`).waitFor()
    expect(await showing(page)).toBe('stage')
    const ack = { by: { id: 'u2', name: '周晓岚' }, at: Date.now(), reason: null, comment: null }
    hub.change(worst.id, 'acknowledged', { ack })
    await page.locator(`article[data-alarm="${urgent.id}"]`).waitFor()
    hub.change(urgent.id, 'acknowledged', { ack })
    await expect.poll(() => showing(page), { timeout: LONG }).toBe('overview')
    // Both are still in the stream, as taken ones.
    for (const { id } of [worst, urgent]) expect(await page.locator(`li[data-alarm="${id}"]`).count()).toBe(1)

    for (let nth = 0; nth < 60; nth += 1) hub.raise(nth % 2 === 0 ? 0 : 6, { nth })
    await expect.poll(() => page.locator('li[data-alarm]').count(), { timeout: LONG }).toBeLessThan(20)
    await page
      .getByText(/另有 \d+ 条/)
      .first()
      .waitFor()
    expect(await overflow()).toEqual([false, false])

    hub.cut()
    await page.waitForSelector('[data-testid=veil][data-phase=disconnected]', { timeout: LONG })
    expect(await showing(page)).toBe('stage')
    hub.mend()
    await live(page)
    await page.context().close()
    await hub.stop()
  }, 240_000)

  it('whoever may not see the wall is told so', async () => {
    hub = new FakeHub({ alarms: 1, webRoot: pages.webRoot })
    await hub.start()
    const context = await browser.newContext({ locale: 'zh-CN' })
    const page = await context.newPage()
    page.setDefaultTimeout(LONG)
    await page.request.post(`${hub.url}/api/v1/session`, { data: { username: 'manager', password: PASSWORD } })
    await page.goto(`${hub.url}/wall`)
    await live(page)
    await page.locator('main').getByText('没有权限').first().waitFor()
    expect(await zone(page).count()).toBe(0)
    await context.close()
    await hub.stop()
  }, 120_000)

  it('thirty hours later it has turned its pages, grown by nothing, and shows an alarm at once', async () => {
    let now = Date.UTC(2026, 10, 22, 1)
    // What is never heard in this hurry is the ping of the transport; the feed's own heartbeat is, every step.
    hub = new FakeHub({ alarms: 12, devices: 68, webRoot: pages.webRoot, now: () => now, pingTimeout: 96 * HOUR })
    await hub.start()
    for (const alarm of hub.journal.alarms.values()) take(alarm.id)
    // Without compiled code, which grows for hours by itself: what is weighed is what the page keeps.
    const plain = await launchBrowser(['--js-flags=--no-opt --no-maglev --no-sparkplug --no-flush-bytecode'])
    const page = await open(now, plain)
    const session = await page.context().newCDPSession(page)
    await page.evaluate(() => {
      const counted = window as unknown as { turns: number }
      counted.turns = 0
      const zone = document.querySelector('[data-testid=wall-page]')
      const observer = new MutationObserver(() => (counted.turns += 1))
      if (zone !== null) observer.observe(zone, { attributeFilter: ['data-page'] })
    })
    const began = now
    let raised = 0
    const listed = [...hub.journal.alarms.keys()]

    await until(2 * HOUR)
    const early = await weight(session)
    await until(29 * HOUR)
    const urgent = hub.raise(0, { nth: 3 })
    await page.locator(`article[data-alarm="${urgent.id}"]`).waitFor()
    expect(await showing(page)).toBe('stage')
    take(urgent.id)
    listed.push(urgent.id)
    await until(30 * HOUR)
    const late = await weight(session)

    const turns = await page.evaluate(() => (window as unknown as { turns: number }).turns)
    // One every 20 s of thirty hours, less where the stage was taken.
    expect(turns).toBeGreaterThan(4_500)
    expect(raised).toBeGreaterThan(300)
    const grown = JSON.stringify({ early, late, turns })
    expect(late.nodes, grown).toBeLessThanOrEqual(early.nodes * 1.1)
    expect(late.heap, grown).toBeLessThanOrEqual(early.heap * 1.1)
    // The 26 hours of its session are over: it shows, and asks in a line.
    await page.getByTestId('session-end').waitFor()
    await live(page)
    await plain.close()
    await hub.stop()

    function take(id: string): void {
      const by = hub.users[1]
      if (by === undefined) throw new Error('the fake hub has no officer')
      const ack = { by: { id: by.id, name: by.name }, at: now, reason: null, comment: null }
      hub.change(id, 'acknowledged', { ack }, { by })
    }
    /** An alarm every five minutes, and an old one is over: the desk has as many as before. */
    async function until(end: number): Promise<void> {
      for (let steps = 0; now < began + end; steps += 1) {
        now += STEP
        if (steps % 21 === 20) {
          const { id } = hub.raise(3, { nth: raised })
          raised += 1
          listed.push(id)
          const over = listed.shift()
          if (over !== undefined) hub.change(over, 'closed', { condition: 'normal', closedAt: now })
        }
        hub.beatNow()
        await passTime(page, STEP)
      }
    }
    /** On the overview, of what is left when all that can be thrown away is. */
    async function weight(cdp: CDPSession): Promise<{ heap: number; nodes: number }> {
      while ((await showing(page)) !== 'overview') {
        now += STEP
        hub.beatNow()
        await passTime(page, STEP)
      }
      // Calls that were given 10 s of the true time hold on to it.
      await new Promise((resolve) => setTimeout(resolve, CALLS_OVER_MS))
      await cdp.send('HeapProfiler.enable')
      for (let pass = 0; pass < 3; pass += 1) await cdp.send('HeapProfiler.collectGarbage')
      await cdp.send('HeapProfiler.disable')
      const { usedSize: heap } = (await cdp.send('Runtime.getHeapUsage')) as { usedSize: number }
      const nodes = await page.evaluate(() => document.querySelectorAll('*').length)
      return { heap, nodes }
    }
  }, 600_000)
})
