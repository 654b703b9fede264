import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const tornLogs: ChaosRow = {
  number: 6,
  fault: 'the end of a log cut or flipped',
  mustHold: 'starts, drops only the torn tail, says so',
  run: async ({ say }) => ({
    size: '1…4,096 bytes cut and flipped, the ledger’s log and the reading store’s',
    figures: await testsAsRow({
      files: ['test/ingest/readings/torn-log.test.ts', 'test/records/opening.test.ts'],
      named: 'damaged|torn',
      say,
    }),
  }),
}
