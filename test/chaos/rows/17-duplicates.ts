import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const duplicates: ChaosRow = {
  number: 17,
  fault: 'duplicate deliveries',
  mustHold: '0 double rows',
  run: async ({ say }) => ({
    size: '100,000 deliveries of 20 messages, readings and events, late ones among them',
    figures: await testsAsRow({ files: ['test/chaos/duplicates.test.ts'], say }),
  }),
}
