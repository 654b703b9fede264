// `npm test`: every test, on the pinned Node. Arguments go to Vitest (`npm test -- broker`).
import { startVitest } from 'vitest/node'
import { buildPagesIfStale } from '../hub/pages.ts'

// The browser tests look at the hub's own pages.
buildPagesIfStale()
const vitest = await startVitest('test', process.argv.slice(2), { watch: false })
await vitest.close()
