import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const acl: ChaosRow = {
  number: 23,
  fault: 'topics, wills, retained, queued: roles × everything',
  mustHold: '≥ 500 cases, 0 leaks',
  run: async ({ say }) => ({
    size: 'every generated topic and filter × every role, as a decision and over the wire',
    figures: await testsAsRow({ files: ['test/broker/acl.test.ts'], say }),
  }),
}
