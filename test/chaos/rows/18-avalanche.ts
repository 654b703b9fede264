import type { Page } from 'playwright-core'
import { buildPagesIfStale } from '../../../hub/pages.ts'
import { openDesk, signedIn } from '../../bench/desk.ts'
import { register, withHub } from '../../bench/hub.ts'
import { paintsOf, requireOneClock, watchPaints } from '../../bench/painted.ts'
import { atMost, exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import { TS_SLOT } from '../../load/packets.ts'
import { startLoad } from '../../load/publisher.ts'
import { Screen } from '../../support/api.ts'
import { browserPath, launchBrowser } from '../../support/browser.ts'
import { until } from '../../support/hub-process.ts'
import { NotPossible, sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'

const GAS_ALARM = `{"ts":${TS_SLOT},"values":{"gas_lel":60}}`
const PATIENCE_MS = 120_000

export const avalanche: ChaosRow = {
  number: 18,
  fault: '10,000 alarms in a second',
  mustHold: '0 lost; first painted ≤ 1 s, all ≤ 10 s',
  async run(options) {
    if (browserPath() === undefined) throw new NotPossible('no Chromium: apt-get install chromium')
    buildPagesIfStale()
    const count = sized(options, { quick: 1_000, usual: 10_000 })
    return withHub(async (hub, api) => {
      const detectors = await register(api, 'gas', 'gas', count)
      const browser = await launchBrowser()
      const screen = new Screen(hub.base, api.token)
      try {
        await until('the screen is live', () => screen.live)
        const context = await signedIn(browser, hub)
        await watchPaints(context)
        const page = await openDesk(context, hub)
        await requireOneClock(page)
        const load = await startLoad({
          port: hub.mqttPort,
          credentials: detectors,
          messagesPerConnection: 1,
          payload: GAS_ALARM,
          drainMs: PATIENCE_MS,
        })
        options.say('now')
        const startedAt = Date.now()
        const started = performance.now()
        load.start()
        const [heardMs, shownMs, result] = await Promise.all([
          until('a screen was told of all', () => heard(screen) >= count && performance.now() - started, PATIENCE_MS),
          until(
            'the page counts all',
            async () => (await counted(page)) >= count && performance.now() - started,
            PATIENCE_MS,
          ),
          load.ended,
        ])
        const firstPaint = Math.min(...Object.values(await paintsOf(page))) - startedAt
        const { total } = await api.ok<{ total: number }>('GET', '/alarms?open=true&limit=1')
        const figures: BenchRow[] = [
          figure('alarms acknowledged', result.acknowledged, ''),
          figure('the last of them after', result.seconds * 1_000, 'ms'),
          exactly('open in the ledger', total, '', count),
          exactly('lost on the way to a screen', count - heard(screen), '', 0),
          atMost('first painted in a browser', firstPaint, 'ms', 1_000),
          atMost('a screen told of all', heardMs, 'ms', 10_000),
          atMost('all on the page of a browser', shownMs, 'ms', 10_000),
        ]
        return { size: `${count} detectors, each one P1 at the same moment; a browser and a screen`, figures }
      } finally {
        screen.close()
        await browser.close()
      }
    })
  },
}

const heard = (screen: Screen): number => new Set(screen.seen.map(({ alarm }) => alarm.id)).size

/** Open P1 as the head of the page says. */
const counted = (page: Page): Promise<number> =>
  page.evaluate(() => Number(document.querySelector('ul.counts li b')?.textContent?.replace(/\D/g, '') ?? '0'))
