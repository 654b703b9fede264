// `npm test`: every test, on the pinned Node. Arguments go to Vitest (`npm test -- broker`).
import { join } from 'node:path'
import { startVitest } from 'vitest/node'
import { buildPagesIfStale } from '../hub/pages.ts'

// The browser tests look at the hub's own pages, built once for all of them.
buildPagesIfStale()
process.env['ZHIAN_TEST_PAGES'] = join(import.meta.dirname, '..', 'dashboard', 'web', 'dist')
const vitest = await startVitest('test', process.argv.slice(2), { watch: false })
await vitest.close()
