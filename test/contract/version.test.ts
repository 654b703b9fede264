import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { CONTRACT_HASH, CONTRACT_HISTORY, CONTRACT_VERSION } from '../../contract/version.ts'

const CONTRACT = join(import.meta.dirname, '..', '..', 'contract')

/** Objects with their keys in order, so that the hash does not depend on how a file is laid out. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (value instanceof Map) return canonical([...value])
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, canonical(inner)]),
  )
}

/** What a module says on the wire: its schemas as JSON Schema, its constants as they are; functions say nothing. */
function wordOf(value: unknown): unknown {
  if (value instanceof z.ZodType) return z.toJSONSchema(value, { io: 'input', unrepresentable: 'any' })
  if (typeof value === 'function') return undefined
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, wordOf(inner)]))
  return value
}

async function contractHash(): Promise<string> {
  const files = readdirSync(CONTRACT, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'version.ts')
    .toSorted()
  const words: Record<string, unknown> = {}
  for (const file of files) {
    const module = (await import(join(CONTRACT, file))) as Record<string, unknown>
    words[relative('.', file)] = Object.fromEntries(
      Object.entries(module).map(([name, value]) => [name, wordOf(value)]),
    )
  }
  return createHash('sha256')
    .update(JSON.stringify(canonical(words)))
    .digest('hex')
}

describe('contract', () => {
  it('does not change by accident: its hash belongs to its version', async () => {
    expect(await contractHash(), 'raise CONTRACT_VERSION, add its line, and write this hash').toBe(CONTRACT_HASH)
  })

  it('has one line of history for every version', () => {
    expect(Object.keys(CONTRACT_HISTORY).map(Number)).toEqual(
      Array.from({ length: CONTRACT_VERSION }, (_, index) => index + 1),
    )
  })
})
