// The hub's entry. Keeps compiled code between starts, so that a hub that was killed is back sooner.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'zhian-code'))
const { run } = await import('./process.ts')
await run()
