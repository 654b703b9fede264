import { Kysely, sql } from 'kysely'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AlarmJournal } from '../../records/journal.ts'
import { migrate } from '../../records/migrate.ts'
import { MIGRATIONS } from '../../records/migrations/all.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { ledgerFileIn } from '../../records/sqlite/files.ts'
import { openReader, openWriter, SQLITE_TYPES } from '../../records/sqlite/open.ts'
import { SqliteStore } from '../../records/sqlite/store.ts'
import { entryOf, T0 } from './entries.ts'
import { newDirectory, startedLedger } from './fixture.ts'

async function opened() {
  const file = join(newDirectory(), 'ledger.db')
  const writer = await openWriter(file)
  await migrate(writer.db, 0, MIGRATIONS, SQLITE_TYPES, T0)
  const reader = await openReader(file)
  const store = new SqliteStore(() => T0)
  store.useWriter(writer)
  store.useReader(reader)
  onTestFinished(() => store.close())
  return { file, writer, reader, store, journal: new AlarmJournal(store) }
}
const one = (alarmId: string) => ({ entries: [entryOf({ alarmId })], states: [], checkpoint: null })

describe('the ledger on SQLite', () => {
  it('G1: syncs the log at every commit', async () => {
    const { writer } = await opened()
    const pragma = async (name: string) =>
      (await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(writer.db)).rows
    expect(await pragma('synchronous')).toEqual([{ synchronous: 2 }])
    expect(await pragma('journal_mode')).toEqual([{ journal_mode: 'wal' }])
    expect(await pragma('foreign_keys')).toEqual([{ foreign_keys: 1 }])
  })

  it.each([
    ['a Date', new Date(T0)],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['a boolean', true],
    ['an object', { at: T0 }],
    ['a list', [T0]],
  ])('refuses to bind %s, which SQLite would take for something else', async (_, value) => {
    const { writer } = await opened()
    const insert = sql`insert into setting (key, value) values ('k', ${value})`.execute(writer.db)
    await expect(insert).rejects.toThrow(/Parameter 1 cannot be bound/)
    await expect(sql`select ${value} as value`.execute(writer.db)).rejects.toThrow(TypeError)
  })

  it('gives back numbers as they were, and refuses those that a number cannot hold', async () => {
    const { writer } = await opened()
    const back = async (value: unknown) => {
      const { rows } = await sql<{ value: unknown }>`select ${value} as value`.execute(writer.db)
      return rows[0]?.value
    }
    for (const value of [0, -1, 1.5, T0, Number.MAX_SAFE_INTEGER, '', '智安', null])
      expect(await back(value)).toBe(value)
    expect(await back(Buffer.from([1, 2, 0]))).toEqual(new Uint8Array([1, 2, 0]))
    await expect(back(2n ** 62n)).rejects.toThrow(/too large/)
  })

  it('G1: a full disk fails the batch, keeps the sequence, and is over when there is space', async () => {
    const { writer, journal } = await opened()
    await journal.append(one('before'))
    await sql`pragma max_page_count = 1`.execute(writer.db)
    const last = { head: 1, error: null as unknown }
    while (last.error === null) {
      await journal.append(one(`a${last.head}`)).then(
        ({ head }) => (last.head = head),
        (error: unknown) => (last.error = error),
      )
    }
    const { head, error } = last
    expect(error).toMatchObject({ name: 'SqliteError', code: 13 })
    await expect(journal.append(one('refused'))).rejects.toMatchObject({ code: 13 })
    expect(await journal.head()).toBe(head)
    expect(await journal.after(EVERYTHING, 0, 5_000)).toHaveLength(head)

    await sql`pragma max_page_count = 1000000`.execute(writer.db)
    expect((await journal.append(one('after'))).head).toBe(head + 1)
    expect((await journal.snapshot(EVERYTHING)).alarms.map(({ id }) => id)).not.toContain('refused')
  })

  it('waits, in order, while another process holds the ledger', async () => {
    const directory = newDirectory()
    const { journal } = await startedLedger(directory)
    const other = new DatabaseSync(ledgerFileIn(directory))
    other.exec('begin immediate')
    const order: string[] = []
    const appends = ['a', 'b', 'c'].map((id) => journal.append(one(id)).then(() => order.push(id)))
    expect(await journal.head()).toBe(0)
    expect(order).toEqual([])
    other.exec('commit')
    other.close()
    await Promise.all(appends)
    expect(order).toEqual(['a', 'b', 'c'])
  })

  it('a question that takes long does not delay the journal', async () => {
    const { store, journal } = await opened()
    const begun = Promise.withResolvers<undefined>()
    const question = Promise.withResolvers<undefined>()
    // It has begun, sees the ledger as it was then, and keeps the reading connection to itself.
    const asking = store.read.transaction().execute(async (trx) => {
      const before = await trx.selectFrom('head').select('seq').executeTakeFirstOrThrow()
      begun.resolve(undefined)
      await question.promise
      const after = await trx.selectFrom('head').select('seq').executeTakeFirstOrThrow()
      return [before.seq, after.seq]
    })
    await begun.promise
    for (let i = 0; i < 5; i++) await journal.append(one(`a${i}`))
    question.resolve(undefined)
    expect(await asking).toEqual([0, 0])
    expect(await journal.head()).toBe(5)
  })

  it('one transaction keeps others out until it ends, and a failed one leaves nothing', async () => {
    const { store } = await opened()
    const steps: string[] = []
    const failing = store.write(async (trx) => {
      steps.push('first')
      await trx.insertInto('setting').values({ key: 'k', value: 'first' }).execute()
      await new Promise((resolve) => setImmediate(resolve))
      steps.push('first fails')
      throw new Error('changed my mind')
    })
    const second = store.write(async (trx) => {
      steps.push('second')
      await trx.insertInto('setting').values({ key: 'k', value: 'second' }).execute()
    })
    await expect(failing).rejects.toThrow('changed my mind')
    await second
    expect(steps).toEqual(['first', 'first fails', 'second'])
    const rows = await store.read.selectFrom('setting').selectAll().execute()
    expect(rows).toEqual([{ key: 'k', value: 'second' }])
  })

  it('the reader cannot write', async () => {
    const { reader } = await opened()
    const db: Kysely<never> = reader.db as unknown as Kysely<never>
    await expect(sql`delete from head`.execute(db)).rejects.toThrow(/readonly/)
  })
})
