// A county in trouble: ten thousand alarms in one second, seen from the duty desk.
import type { Page } from 'playwright-core'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { TS_SLOT } from '../load/packets.ts'
import { startLoad } from '../load/publisher.ts'
import { launchBrowser } from '../support/browser.ts'
import { openDesk, signedIn } from './desk.ts'
import { register, withHub } from './hub.ts'
import { requireOneClock } from './painted.ts'
import { atMost, exactly, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const ALARMS = 10_000
const GAS_ALARM = `{"ts":${TS_SLOT},"values":{"gas_lel":60}}`
const FIRST_MS = 1_000
const ALL_MS = 10_000
/** A desk that does not answer for this long feels dead. */
const FREEZE_MS = 200
const SCROLL_STEPS = 20
/** In the middle of the list, where an officer's pointer rests. */
const POINTER = { x: 400, y: 450 }

/** What the page saw, by its own frames; instants are Unix time, ms. */
interface Seen {
  /** The first frame with a row. */
  first: number | null
  /** The first frame whose bar counts all of them. */
  all: number | null
  /** Between one frame and the next. */
  longest: number
  /** Frames without a row after the first. */
  blank: number
  /** Frames with the pointer on the list, and how often another row had come under it. */
  pointed: number
  moved: number
}

export async function benchStorm({ quick }: BenchOptions): Promise<BenchRow[]> {
  buildPagesIfStale()
  const alarms = quick ? 500 : ALARMS
  return withHub(async (hub, api) => {
    const detectors = await register(api, 'gas', 'gas', alarms)
    const load = await startLoad({
      port: hub.mqttPort,
      credentials: detectors,
      rate: alarms,
      messagesPerConnection: 1,
      payload: GAS_ALARM,
      drainMs: 60_000,
    })
    const browser = await launchBrowser()
    try {
      const page = await openDesk(await signedIn(browser, hub), hub)
      await requireOneClock(page)
      await watch(page, alarms)
      const started = Date.now()
      load.start()
      await page.waitForFunction(() => (globalThis as unknown as SeenWindow).zhianSeen.first !== null)
      await page.mouse.move(POINTER.x, POINTER.y)
      await page.waitForFunction(() => (globalThis as unknown as SeenWindow).zhianSeen.all !== null, null, {
        timeout: 120_000,
      })
      const arrived = await seen(page)
      const published = await load.ended
      const released = await letIn(page)
      const { first, all } = arrived
      return [
        exactly(
          `alarms acknowledged, of ${alarms.toLocaleString('en-US')} in a second`,
          published.acknowledged,
          '',
          alarms,
        ),
        figure('first publish → the last PUBACK', published.seconds * 1_000, 'ms'),
        atMost('first publish → first row painted', (first ?? NaN) - started, 'ms', FIRST_MS),
        atMost('first publish → all counted on the desk', (all ?? NaN) - started, 'ms', ALL_MS),
        atMost('longest time between frames while they come', arrived.longest, 'ms', FREEZE_MS),
        exactly('frames without a row after the first', arrived.blank, '', 0),
        exactly(`rows that moved under the pointer, in ${arrived.pointed} frames`, arrived.moved, '', 0),
        ...released,
      ]
    } finally {
      await browser.close()
      await load.stop()
    }
  })
}

interface SeenWindow {
  zhianSeen: Seen
}

const seen = (page: Page): Promise<Seen> =>
  page.evaluate(() => ({ ...(globalThis as unknown as SeenWindow).zhianSeen }))

/** Looks at every frame of the page from now on. */
const watch = (page: Page, alarms: number): Promise<void> =>
  page.evaluate(
    ({ alarms, x, y }) => {
      const seen: Seen = { first: null, all: null, longest: 0, blank: 0, pointed: 0, moved: 0 }
      ;(globalThis as unknown as SeenWindow).zhianSeen = seen
      let [last, under] = [performance.now(), null as string | null]
      const look = (): void => {
        const now = performance.now()
        seen.longest = Math.max(seen.longest, now - last)
        last = now
        const list = document.querySelector('[role=listbox]')
        const rows = list?.querySelector('[data-alarm]') !== null && list !== null
        // The frame that is being made: it is on the screen a few milliseconds later.
        if (rows) seen.first ??= Date.now()
        else if (seen.first !== null) seen.blank += 1
        const counted = document.querySelector('header .counts li b')?.textContent ?? ''
        if (Number(counted.replaceAll(/\D/g, '')) >= alarms) seen.all ??= Date.now()
        if (list?.matches(':hover') === true) {
          const row = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-alarm]')?.dataset['alarm'] ?? null
          if (under !== null && row !== under) seen.moved += 1
          under = row
          seen.pointed += 1
        }
        requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    },
    { alarms, ...POINTER },
  )

/** The officer scrolls through what is there, then lets in what waits. */
async function letIn(page: Page): Promise<BenchRow[]> {
  const longest = async (work: () => Promise<unknown>): Promise<number> => {
    await page.evaluate(() => ((globalThis as unknown as SeenWindow).zhianSeen.longest = 0))
    await work()
    return (await seen(page)).longest
  }
  const scrolling = await longest(async () => {
    for (let step = 0; step < SCROLL_STEPS; step++) await page.mouse.wheel(0, 250)
  })
  const waiting = await page.locator('button.queued').count()
  const lettingIn = await longest(async () => {
    await page.evaluate(() => document.querySelector<HTMLElement>('button.queued')?.click())
    await page.locator('button.queued').waitFor({ state: 'detached' })
    // The frame after the one that shows them: its distance is what the click cost.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  })
  return [
    atMost('longest time between frames while scrolling', scrolling, 'ms', FREEZE_MS),
    exactly('“▲ new alarms” waited beside the held list', waiting, '', 1),
    atMost('longest time between frames while they are let in', lettingIn, 'ms', FREEZE_MS),
  ]
}
