// The demonstration's hub: an ordinary one that can ask the demonstration, and that ends, with all its data, when the
// demonstration is gone without having ended it.
import { rmSync } from 'node:fs'
import { run } from '../process.ts'
import { askOver } from './wire.ts'

const { promise: endsWith, resolve: orphaned } = Promise.withResolvers<string>()
process.once('disconnect', () => {
  const directory = process.env['ZHIAN_DATA_DIR']
  if (directory !== undefined) process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  orphaned('the demonstration is gone')
})
await run({ demo: askOver(process), endsWith })
