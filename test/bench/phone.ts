// The manager's phone, opened cold on a telephone's processor: what it loads and how soon there is something to see.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { launchBrowser } from '../support/browser.ts'
import { ROOT } from '../support/hub-process.ts'
import type { Browser } from 'playwright-core'
import { signedIn } from './desk.ts'
import { withHub } from './hub.ts'
import { median } from './percentile.ts'
import { atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const WEB_ROOT = join(ROOT, 'dashboard', 'web', 'dist')
/** A telephone of some years ago against this machine. */
const SLOWER = 4

interface Opened {
  readonly paintMs: number
  readonly liveMs: number
}

export async function benchPhone({ quick }: BenchOptions): Promise<BenchRow[]> {
  buildPagesIfStale()
  const html = readFileSync(join(WEB_ROOT, 'm.html'), 'utf8')
  const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] as string)
  const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(WEB_ROOT, path))).length, 0)
  return withHub(async (hub) => {
    const browser = await launchBrowser()
    try {
      const rounds: Opened[] = []
      for (let round = 0; round < (quick ? 2 : 7); round++) rounds.push(await opened(browser, hub))
      // The first start of the browser reads its own files from the disk.
      const settled = rounds.slice(1)
      return [
        atMost(`script before the first paint, gzip (${scripts.length} files)`, bytes / 1024, 'KiB', 100),
        atMost(
          `first paint, processor ${SLOWER} times slower, median`,
          median(settled.map(({ paintMs }) => paintMs)),
          'ms',
          1_500,
        ),
        figure('live list, the same', median(settled.map(({ liveMs }) => liveMs)), 'ms'),
      ]
    } finally {
      await browser.close()
    }
  })
}

async function opened(browser: Browser, hub: Parameters<typeof signedIn>[1]): Promise<Opened> {
  const context = await signedIn(browser, hub)
  const page = await context.newPage()
  await page.setViewportSize({ width: 390, height: 844 })
  const cdp = await context.newCDPSession(page)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  await page.goto(`${hub.base}/m/`)
  await page.waitForSelector('[data-testid=phone][data-phase=live]')
  const figures = await page.evaluate(() => ({
    paintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
    liveMs: performance.now(),
  }))
  await context.close()
  return figures
}
