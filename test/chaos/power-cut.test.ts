// What the replay of a power cut takes away must be exactly what was not synced: else row 3 proves nothing.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cutPower, durableFiles } from './power-cut.ts'

const KIND = { created: 1, written: 2, truncated: 3, synced: 4 } as const

describe('a power cut, replayed', () => {
  let folder: string
  let directory: string
  let records: Buffer[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zhian-cut-'))
    directory = join(folder, 'data')
    mkdirSync(directory)
    records = []
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const path = (name: string): string => join(directory, name)
  const note = (name: string, kind: keyof typeof KIND, offset = 0, text = ''): void => {
    const header = Buffer.alloc(24)
    header.writeUInt32LE(KIND[kind], 0)
    header.writeUInt32LE(text.length, 4)
    header.writeBigUInt64LE(BigInt(statSync(path(name)).ino), 8)
    header.writeBigUInt64LE(BigInt(offset), 16)
    records.push(header, Buffer.from(text))
  }
  const cut = (before: ReturnType<typeof durableFiles>, survives: boolean) => {
    writeFileSync(join(folder, 'log'), Buffer.concat(records))
    return cutPower(directory, before, join(folder, 'log'), () => survives)
  }
  const content = (name: string): string => readFileSync(path(name), 'latin1')

  it('keeps what was written before the start of a sync, and nothing after it', () => {
    writeFileSync(path('log'), 'abcdef')
    note('log', 'created')
    note('log', 'written', 0, 'abc')
    note('log', 'written', 3, 'def')
    // The sync began before the second write, though it ended after it.
    note('log', 'synced', 2)
    expect(cut(new Map(), false).undone).toBe(3)
    expect(content('log')).toBe('abc')
  })

  it('keeps nothing of a file that was never synced but its name', () => {
    writeFileSync(path('new'), 'abc')
    note('new', 'created')
    note('new', 'written', 0, 'abc')
    cut(new Map(), false)
    expect(content('new')).toBe('')
  })

  it('gives back what was overwritten or cut off without a sync', () => {
    for (const name of ['overwritten', 'shortened']) writeFileSync(path(name), 'before')
    const before = durableFiles(directory)
    writeFileSync(path('overwritten'), 'after!', { flag: 'r+' })
    note('overwritten', 'written', 0, 'after!')
    writeFileSync(path('shortened'), '', { flag: 'w' })
    note('shortened', 'truncated', 0)
    cut(before, false)
    expect([content('overwritten'), content('shortened')]).toEqual(['before', 'before'])
  })

  it('lets pages survive that happened to be written back, whole', () => {
    writeFileSync(path('file'), 'a'.repeat(5_000))
    const before = durableFiles(directory)
    writeFileSync(path('file'), 'b'.repeat(5_000))
    note('file', 'written', 0, 'b'.repeat(5_000))
    cut(before, true)
    expect(content('file')).toBe('b'.repeat(5_000))
  })

  it('drops shared memory, and a record that the kill itself tore', () => {
    writeFileSync(path('ledger.db-shm'), 'x')
    writeFileSync(path('log'), 'abc')
    note('log', 'created')
    note('log', 'written', 0, 'abc')
    note('log', 'synced', 2)
    records.push(Buffer.from([2, 0, 0]))
    cut(new Map(), false)
    expect(content('log')).toBe('abc')
    expect(existsSync(path('ledger.db-shm'))).toBe(false)
  })
})
