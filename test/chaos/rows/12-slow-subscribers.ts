import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const slowSubscribers: ChaosRow = {
  number: 12,
  fault: 'frozen subscriber; one that reads 1 KB/s',
  mustHold: 'others’ alarm p99 ≤ 200 ms; kicked ≤ 5 s',
  run: async ({ say }) => ({
    size: 'a frozen and a 1 KB/s subscriber among 20 flooding publishers; a device that does not read',
    figures: await testsAsRow({ files: ['test/broker/subscribers.test.ts'], named: 'row 12', say }),
  }),
}
