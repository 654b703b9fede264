import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LedgerUnusable } from '../../records/errors.ts'
import { MIGRATIONS } from '../../records/migrations/all.ts'
import type { Migration } from '../../records/migrations/migration.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { SQLITE_TYPES } from '../../records/sqlite/open.ts'
import { ledgerFileIn, logOf } from '../../records/sqlite/files.ts'
import { tornTailOf } from '../../records/sqlite/torn-log.ts'
import { verifyLedgerFile } from '../../records/verify.ts'
import { entryOf } from './entries.ts'
import { ADMIN, inertLedger, newDirectory, startedLedger } from './fixture.ts'

const CHILD = fileURLToPath(new URL('./journalling-child.ts', import.meta.url))

describe('one hub a ledger', () => {
  it('a second opening in the same process is refused with a clear sentence', async () => {
    const directory = newDirectory()
    const first = await startedLedger(directory)
    const second = inertLedger(directory)
    await expect(second.start()).rejects.toThrow(/账本正被另一个智安进程使用.*in use by another/)
    await first.audit.record(ADMIN, 'still.here', 'ledger')
    await second.stop()
    await expect(inertLedger(directory).start()).rejects.toMatchObject({ reason: 'in_use' })
  })

  it('another process is refused; a killed one leaves no lock behind', async () => {
    const directory = newDirectory()
    const child = spawn(process.execPath, [CHILD, directory, 'x'], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await expect(inertLedger(directory).start()).rejects.toMatchObject({ reason: 'in_use' })
    child.kill('SIGKILL')
    await once(child, 'close')
    await startedLedger(directory)
  })

  it('start and stop can follow each other; stop may be called twice, and before start', async () => {
    const directory = newDirectory()
    for (let i = 0; i < 2; i++) {
      const ledger = await startedLedger(directory)
      await Promise.all([ledger.stop(), ledger.stop()])
      await expect(ledger.journal.head()).rejects.toThrow('not open')
    }
    await inertLedger(directory).stop()
  })

  it('stop finishes the writes that were taken', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    const writes = Array.from({ length: 50 }, (_, i) =>
      ledger.journal.append({ entries: [entryOf({ alarmId: `a${i}` })], states: [], checkpoint: null }),
    )
    await ledger.stop()
    expect((await Promise.all(writes)).at(-1)?.head).toBe(50)
    expect(existsSync(logOf(ledgerFileIn(directory)))).toBe(false)
  })

  it('keeps secrets from other users of the machine', async () => {
    const directory = join(newDirectory(), 'data')
    const ledger = await startedLedger(directory)
    await ledger.settings.set('k', 'v')
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o077).toBe(0)
  })

  it('refuses a file that is no ledger', async () => {
    const directory = newDirectory()
    writeFileSync(ledgerFileIn(directory), 'this is not a database file at all, whatever its name says'.repeat(50))
    await expect(inertLedger(directory).start()).rejects.toThrow(/npm run restore/)

    const other = newDirectory()
    const database = new DatabaseSync(ledgerFileIn(other))
    database.exec('create table recipes (name text)')
    database.close()
    await expect(inertLedger(other).start()).rejects.toMatchObject({ reason: 'damaged' })
  })
})

describe('versions', () => {
  const next: Migration = {
    number: MIGRATIONS.length + 1,
    name: 'of-tomorrow',
    async up(db) {
      await db.schema.createTable('tomorrow').addColumn('id', 'integer').execute()
    },
  }
  const broken: Migration = {
    ...next,
    async up(db) {
      await next.up(db, SQLITE_TYPES)
      throw new Error('half-way')
    },
  }
  const upgraded = { migrations: [...MIGRATIONS, next] }
  const copiesIn = (directory: string) => readdirSync(directory).filter((name) => name.includes('.before-schema-'))

  it('a newer ledger is refused by older code and stays as it is', async () => {
    const directory = newDirectory()
    await (await startedLedger(directory, upgraded)).stop()
    const before = readFileSync(ledgerFileIn(directory))
    await expect(inertLedger(directory).start()).rejects.toThrow(/更新的版本.*newer version/)
    await expect(inertLedger(directory).start()).rejects.toThrow(LedgerUnusable)
    expect(readFileSync(ledgerFileIn(directory))).toEqual(before)
    await startedLedger(directory, upgraded)
  })

  it('an older ledger is migrated after a copy was laid beside it', async () => {
    const directory = newDirectory()
    const old = await startedLedger(directory)
    await old.journal.append({ entries: [entryOf({ alarmId: 'a' })], states: [], checkpoint: null })
    await old.stop()
    const lines: string[] = []
    const ledger = await startedLedger(directory, { ...upgraded, log: (line) => lines.push(line) })
    expect((await ledger.alarms.open(EVERYTHING)).map(({ id }) => id)).toEqual(['a'])
    const [copy = ''] = copiesIn(directory)
    expect(await verifyLedgerFile(join(directory, copy), MIGRATIONS.length)).toMatchObject({ transitions: 1 })
    expect(lines.join()).toContain(copy)
    await ledger.stop()
    await startedLedger(directory, upgraded)
    expect(copiesIn(directory)).toHaveLength(1)
  })

  it('a migration that fails leaves the ledger at its old version', async () => {
    const directory = newDirectory()
    await (await startedLedger(directory)).stop()
    await expect(inertLedger(directory, { migrations: [...MIGRATIONS, broken] }).start()).rejects.toThrow('half-way')
    await (await startedLedger(directory)).stop()
    await startedLedger(directory, upgraded)
  })

  it('are numbered without gaps', () => {
    expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, i) => i + 1))
  })
})

describe('a torn log', () => {
  /** A ledger as a crash leaves it: its log not yet written into the database. */
  async function crashed() {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    for (let i = 0; i < 20; i++) {
      await ledger.journal.append({ entries: [entryOf({ alarmId: `a${i}` })], states: [], checkpoint: null })
    }
    const image = newDirectory()
    for (const name of ['ledger.db', 'ledger.db-wal']) copyFileSync(join(directory, name), join(image, name))
    await ledger.stop()
    return image
  }
  const sizes = (file: string) => statSync(file).size

  it('that ends whole is not called torn', async () => {
    const image = await crashed()
    expect(tornTailOf(logOf(ledgerFileIn(image)))).toBeNull()
    expect(await (await startedLedger(image)).journal.head()).toBe(20)
  })

  it.each([1, 23, 24, 100, 2048, 4096])('cut by %i bytes loses the last commit only, and says so', async (cut) => {
    const image = await crashed()
    const log = logOf(ledgerFileIn(image))
    truncateSync(log, sizes(log) - cut)
    expect(tornTailOf(log)?.bytes).toBeGreaterThan(0)
    const lines: string[] = []
    const ledger = await startedLedger(image, { log: (line) => lines.push(line) })
    expect(lines.join()).toContain('torn')
    expect(await ledger.journal.head()).toBe(19)
    expect((await ledger.alarms.open(EVERYTHING)).length).toBe(19)
    const { head } = await ledger.journal.append({ entries: [entryOf({ alarmId: 'b' })], states: [], checkpoint: null })
    expect(head).toBe(20)
    await ledger.stop()
    expect(await verifyLedgerFile(ledgerFileIn(image), MIGRATIONS.length)).toMatchObject({ transitions: 20 })
  })

  it.each([1, 500, 4096])('with a flipped bit %i bytes before its end loses the last commit only', async (from) => {
    const image = await crashed()
    const log = logOf(ledgerFileIn(image))
    const bytes = readFileSync(log)
    bytes[bytes.length - from] = (bytes[bytes.length - from] ?? 0) ^ 0x10
    writeFileSync(log, bytes)
    expect(tornTailOf(log)?.bytes).toBeGreaterThan(0)
    expect(await (await startedLedger(image)).journal.head()).toBe(19)
  })

  it('whose header is ruined holds nothing; the ledger before it stands', async () => {
    const image = await crashed()
    const log = logOf(ledgerFileIn(image))
    const bytes = readFileSync(log)
    bytes.fill(0xff, 0, 32)
    writeFileSync(log, bytes)
    expect(tornTailOf(log)).toEqual({ bytes: bytes.length, commits: 0 })
  })
})
