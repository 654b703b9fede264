import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const overtaking: ChaosRow = {
  number: 13,
  fault: 'QoS 1 among a QoS 0 flood, store delay 0, 1, 5, 20 ms',
  mustHold: '10,000 of 10,000',
  run: async ({ say }) => ({
    size: '10,000 of QoS 1 each, out to subscribers and into the intake',
    figures: await testsAsRow({ files: ['test/broker/subscribers.test.ts'], named: 'row 13', say }),
  }),
}
