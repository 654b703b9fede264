// The duty page of a whole county, opened cold: what it loads, how soon it can be used, what it costs while it is used.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { runLoad } from '../load/publisher.ts'
import { TS_SLOT } from '../load/packets.ts'
import { launchBrowser } from '../support/browser.ts'
import { ROOT } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { largestPageBytes } from './browser-processes.ts'
import { LIVE, signedIn } from './desk.ts'
import { register, withHub } from './hub.ts'
import { median, percentile } from './percentile.ts'
import { atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const WEB_ROOT = join(ROOT, 'dashboard', 'web', 'dist')
const GAS_ALARM = `{"ts":${TS_SLOT},"values":{"gas_lel":60}}`
const SCROLL_STEPS = 150

interface Loading {
  /** Navigation → the live list painted, ms. */
  readonly interactiveMs: number
  /** Paths of the scripts that were there by then, and what came over the wire for them. */
  readonly scripts: readonly string[]
  readonly wireBytes: number
}

interface LoadingWindow {
  zhianInteractive?: number
}

export async function benchPage({ quick }: BenchOptions): Promise<BenchRow[]> {
  buildPagesIfStale()
  const devices = quick ? 500 : 10_000
  const alarms = quick ? 100 : 2_000
  return withHub(async (hub, api) => {
    const detectors = await register(api, 'gas', 'gas', alarms)
    await register(api, 'meter', 'electricity', devices - alarms)
    await runLoad({ port: hub.mqttPort, credentials: detectors, messagesPerConnection: 1, payload: GAS_ALARM })
    const browser = await launchBrowser()
    try {
      const loadings: Loading[] = []
      for (let round = 0; round < (quick ? 2 : 7); round++) {
        const context = await signedIn(browser, hub)
        loadings.push(await loaded(await opened(context, hub)))
        await context.close()
      }
      // The first start of the browser reads its own files from the disk.
      const settled = loadings.slice(1)
      const [first] = settled
      if (first === undefined) throw new Error('the page was not loaded')
      const interactive = settled.map(({ interactiveMs }) => interactiveMs)
      const gzipped = first.scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(WEB_ROOT, path))).length, 0)
      const open = `${devices.toLocaleString('en-US')} devices, ${alarms.toLocaleString('en-US')} open alarms`
      return [
        atMost(`script of the duty page, gzip (${first.scripts.length} files)`, gzipped / 1024, 'KiB', 200),
        figure('script of the duty page as it came over the wire', first.wireBytes / 1024, 'KiB'),
        atMost(`${open}: interactive, median`, median(interactive), 'ms', 1_500),
        figure('the slowest of them', Math.max(...interactive), 'ms'),
        ...(await inUse(browser, hub)),
      ]
    } finally {
      await browser.close()
    }
  })
}

async function opened(context: BrowserContext, hub: HubProcess): Promise<Page> {
  const page = await context.newPage()
  await page.addInitScript((live) => {
    const drawn = (): boolean =>
      document.querySelector(live) !== null && document.querySelector('[data-alarm]') !== null
    const observer = new MutationObserver(() => {
      if (!drawn()) return
      observer.disconnect()
      // A frame and a task later it is on the screen, and the page has had a turn to answer a key.
      requestAnimationFrame(() =>
        setTimeout(() => ((globalThis as LoadingWindow).zhianInteractive = performance.now())),
      )
    })
    observer.observe(document, { childList: true, subtree: true, attributes: true })
  }, LIVE)
  await page.goto(`${hub.base}/desk`)
  await page.waitForFunction(() => (globalThis as LoadingWindow).zhianInteractive !== undefined)
  return page
}

async function loaded(page: Page): Promise<Loading> {
  const loading = await page.evaluate(() => {
    const interactiveMs = (globalThis as LoadingWindow).zhianInteractive ?? NaN
    const scripts = (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name, startTime }) => new URL(name).pathname.endsWith('.js') && startTime < interactiveMs)
      .map(({ name, encodedBodySize }) => ({ path: new URL(name).pathname, encodedBodySize }))
    return {
      interactiveMs,
      scripts: [...new Set(scripts.map(({ path }) => path))],
      wireBytes: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    }
  })
  // It must not only look ready.
  await page.keyboard.press('KeyJ')
  await page.waitForSelector('[data-alarm][aria-selected=true]', { timeout: 5_000 })
  return loading
}

/** Frames while the list is scrolled by the wheel, and the memory of the page afterwards. */
async function inUse(browser: Browser, hub: HubProcess): Promise<BenchRow[]> {
  const context = await signedIn(browser, hub)
  const page = await opened(context, hub)
  await page.mouse.move(400, 450)
  await page.evaluate(() => {
    const frames: number[] = []
    ;(globalThis as unknown as { zhianFrames: number[] }).zhianFrames = frames
    let last = performance.now()
    const tick = (now: number): void => {
      frames.push(now - last)
      last = now
      requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
  })
  for (let step = 0; step < SCROLL_STEPS; step++) await page.mouse.wheel(0, 250)
  const frames = await page.evaluate(() => (globalThis as unknown as { zhianFrames: number[] }).zhianFrames)
  const bytes = await largestPageBytes(browser)
  await context.close()
  return [
    atMost('scrolling through them: time between frames, p95', percentile(frames.slice(1), 0.95), 'ms', 20),
    figure('scrolling through them: longest time between frames', Math.max(...frames.slice(1)), 'ms'),
    atMost('private memory of the page after that', bytes / 1e6, 'MB', 300),
  ]
}
