import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const faultPoints: ChaosRow = {
  number: 2,
  fault: 'killed at each named point of the pipeline',
  mustHold: 'alarm exactly once, told at least once',
  async run(options) {
    const rounds = sized(options, { quick: 4, usual: 50 })
    return {
      size: `every named point × ${rounds} without sockets, and × 2 in the whole hub`,
      figures: await testsAsRow({
        files: ['test/chaos/fault-points.test.ts', 'test/chaos/fault-hub.test.ts'],
        environment: { FAULT_ROUNDS: String(rounds) },
        say: options.say,
      }),
    }
  },
}
