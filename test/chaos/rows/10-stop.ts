import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const stop: ChaosRow = {
  number: 10,
  fault: 'SIGTERM under load',
  mustHold: 'exit ≤ 10 s, 0 lost, 0 false offline',
  async run(options) {
    const rounds = sized(options, { quick: 4, usual: 50 })
    const rate = sized(options, { quick: 1_000, usual: 3_000 })
    return {
      size: `${rounds} rounds on the same data at ${rate} msg/s of 100 devices, 20 more with a will`,
      figures: await testsAsRow({
        files: ['test/chaos/stop.test.ts'],
        environment: { CHAOS_STOPS: String(rounds), CHAOS_STOP_RATE: String(rate) },
        say: options.say,
      }),
    }
  },
}
