import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const kill: ChaosRow = {
  number: 1,
  fault: 'kill -9 at random moments',
  mustHold: '0 lost; ready again p99 ≤ 5 s',
  async run(options) {
    const rounds = sized(options, { quick: 5, usual: 100 })
    const rate = sized(options, { quick: 2_000, usual: 5_000 })
    return {
      size: `${rounds} rounds on the same data at ${rate} msg/s, ~3 % of them alarms, 8 gas alarms a round, 1 screen`,
      figures: await testsAsRow({
        files: ['test/chaos/kill.test.ts'],
        environment: { CHAOS_KILLS: String(rounds), CHAOS_KILL_RATE: String(rate) },
        say: options.say,
      }),
    }
  },
}
