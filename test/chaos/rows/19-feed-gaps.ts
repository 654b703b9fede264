import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const feedGaps: ChaosRow = {
  number: 19,
  fault: 'gaps in the link of a screen, the hub killed in some of them',
  mustHold: '0 missed, 0 doubled',
  async run(options) {
    const gaps = sized(options, { quick: 30, usual: 1_000 })
    return {
      size: `${gaps} gaps, counted in transitions (0 to 750) instead of minutes, before the first event too`,
      figures: await testsAsRow({
        files: ['test/chaos/feed-gaps.test.ts', 'test/dashboard/server/feed-gaps.test.ts'],
        environment: { CHAOS_GAPS: String(gaps) },
        say: options.say,
      }),
    }
  },
}
