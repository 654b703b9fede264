import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

export const browserAttacks: ChaosRow = {
  number: 25,
  fault: 'CSRF, cross-site WebSocket, XSS, clickjacking, scope escape',
  mustHold: '0, over every route and event',
  run: async ({ say }) => ({
    size: 'every route × role × place, every feed event × role × place, every header of the door',
    figures: await testsAsRow({
      files: [
        'test/dashboard/server/access.test.ts',
        'test/dashboard/server/http-door.test.ts',
        'test/dashboard/server/origin.test.ts',
        'test/dashboard/server/feed.test.ts',
      ],
      say,
    }),
  }),
}
