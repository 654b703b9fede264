// The hub's entry asks V8 for something by a flag that V8 lists and Node does not promise.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('every V8 flag that the entry sets is one that this runtime knows', () => {
  const entry = readFileSync(join(import.meta.dirname, '..', '..', 'hub', 'main.ts'), 'utf8')
  const flags = [...entry.matchAll(/setFlagsFromString\('(--[a-z-]+)/g)].map(([, flag]) => flag)
  expect(flags).toHaveLength(1)
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 16_777_216 })
  for (const flag of flags) expect(known).toContain(`${flag} (`)
})
