// A clock for a page that moves when a test says so. Playwright's own notes every step that it is told, for ever: a page that
// is weighed after thousands of them is weighed with the notes.
import type { Page } from 'playwright-core'

/** Call before the page is opened. `start`: what its clock says first, ms. */
export async function installClock(page: Page, start: number): Promise<void> {
  await page.addInitScript((began) => {
    interface Timer {
      at: number
      readonly every: number | null
      readonly run: () => void
    }
    const timers = new Map<number, Timer>()
    const RealDate = Date
    let now = began
    let nextId = 1

    class MovedDate extends RealDate {
      constructor(...given: [] | [number]) {
        super(given[0] ?? now)
      }
      static override now(): number {
        return now
      }
    }
    const add = (run: unknown, ms: number, every: boolean, args: unknown[]): number => {
      const id = nextId++
      const call = () => (run as (...given: unknown[]) => void)(...args)
      timers.set(id, { at: now + ms, every: every ? ms : null, run: call })
      return id
    }
    const drop = (id: number) => timers.delete(id)
    Object.assign(window, {
      Date: MovedDate,
      setTimeout: (run: unknown, ms = 0, ...args: unknown[]) => add(run, ms, false, args),
      setInterval: (run: unknown, ms = 0, ...args: unknown[]) => add(run, ms, true, args),
      clearTimeout: drop,
      clearInterval: drop,
      /** What became due runs once, in its order, however often it would have been due. */
      passTime: (ms: number) => {
        now += ms
        const due = [...timers.entries()].filter(([, { at }]) => at <= now).toSorted(([, a], [, b]) => a.at - b.at)
        for (const [id, timer] of due) {
          if (!timers.has(id)) continue
          if (timer.every === null) timers.delete(id)
          else timer.at = now + timer.every
          timer.run()
        }
      },
    })
  }, start)
}

/** Moves the page's clock on. */
export async function passTime(page: Page, ms: number): Promise<void> {
  await page.evaluate((by) => (window as unknown as { passTime(ms: number): void }).passTime(by), ms)
}
