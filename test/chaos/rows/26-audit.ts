import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const audit: ChaosRow = {
  number: 26,
  fault: 'one row of the audit edited',
  mustHold: 'found',
  run: async ({ say }) => ({
    size: 'each column of a row, a row removed, one put in between, the end cut off',
    figures: await testsAsRow({ files: ['test/records/audit.test.ts'], say }),
  }),
}
