// `npm test`: every test, on the pinned Node. Arguments go to Vitest (`npm test -- broker`, `npm test -- -t G3`).
import { join } from 'node:path'
import { parseCLI, startVitest } from 'vitest/node'
import { buildPagesIfStale } from '../hub/pages.ts'

// The browser tests look at the hub's own pages, built once for all of them.
buildPagesIfStale()
process.env['ZHIAN_TEST_PAGES'] = join(import.meta.dirname, '..', 'dashboard', 'web', 'dist')
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)])
const vitest = await startVitest('test', filter, { ...options, watch: false })
await vitest.close()
