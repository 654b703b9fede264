// The hub's entry. Keeps compiled code between starts, so that a hub that was killed is back sooner.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'zhian-code'))
const { run } = await import('./process.ts')
// By itself V8 lets a small heap grow to four times what lives in it before it looks for garbage. What a login leaves behind
// survives young collections: when a whole county comes back at once, that would be as much again as its connections.
// (The smaller young generation that Node documents changes none of that; --optimize-for-size does, and slows all code.)
// Not sooner: code compiled under other flags is compiled again.
setFlagsFromString('--heap-growing-percent=50')
await run()
