// When a row of the duty desk was painted, as the browser's own compositor tells it: measured from outside the page's code.
import type { BrowserContext, Page } from 'playwright-core'

interface PaintWindow {
  /** alarm id → Unix time of its first paint, ms. */
  zhianPainted: Record<string, number>
}

/** Element Timing as the browsers have it; TypeScript's library does not know it yet. */
interface ElementTiming extends PerformanceEntry {
  readonly renderTime: number
  readonly identifier: string
}

/** Call before the page is opened. */
export async function watchPaints(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const painted: Record<string, number> = {}
    ;(globalThis as unknown as PaintWindow).zhianPainted = painted
    // The attribute is set before the frame that shows the row: mutations are told at the end of the task that made them.
    new MutationObserver((mutations) => {
      for (const { addedNodes } of mutations)
        for (const node of addedNodes) {
          if (!(node instanceof HTMLElement)) continue
          const row = node.matches('[data-alarm]') ? node : node.querySelector<HTMLElement>('[data-alarm]')
          const text = row?.querySelector('.title')
          if (row && text) text.setAttribute('elementtiming', row.dataset['alarm'] ?? '')
        }
    }).observe(document, { childList: true, subtree: true })
    new PerformanceObserver((list) => {
      // The page's monotonic clock against the wall clock that the publisher read, at this moment.
      const wall = Date.now() - performance.now()
      for (const entry of list.getEntries() as ElementTiming[])
        painted[entry.identifier] ??= wall + (entry.renderTime === 0 ? entry.startTime : entry.renderTime)
    }).observe({ type: 'element', buffered: true })
  })
}

/** alarm id → Unix time of its first paint, ms. */
export const paintsOf = (page: Page): Promise<Record<string, number>> =>
  page.evaluate(() => (globalThis as unknown as PaintWindow).zhianPainted)

/** Throws unless the browser reads the same clock as this process: without that, differences between the two mean nothing. */
export async function requireOneClock(page: Page): Promise<void> {
  const before = Date.now()
  const there = await page.evaluate(() => Date.now())
  const after = Date.now()
  if (there < before - 1 || there > after + 1)
    throw new Error(`the browser's clock is not this process's: ${before} ≤ ${there} ≤ ${after} does not hold`)
}
