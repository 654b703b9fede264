// The ledger on SQLite: one thread that writes, one that reads.
import { existsSync } from 'node:fs'
import { Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../migrations/migration.ts'
import type { Tables } from '../tables.ts'
import { LedgerUnusable } from '../errors.ts'
import { SqliteError, SqliteThread } from './connection.ts'
import { SqliteThreadDialect } from './dialect.ts'
import { createPrivately, syncDirectoryOf } from './files.ts'

export const SQLITE_TYPES: ColumnTypes = { sequence: 'integer', real: 'real', shared: false }

/** Primary result codes SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE: ReadonlySet<number> = new Set([11, 26])

export interface Connection {
  readonly db: Kysely<Tables>
  /** Resolves with the reason if its thread dies. */
  readonly died: Promise<Error>
  close(): Promise<void>
}

export function openWriter(file: string): Promise<Connection> {
  const isNew = !existsSync(file)
  createPrivately(file)
  if (isNew) syncDirectoryOf(file)
  return connect(file, false)
}

export function openReader(file: string): Promise<Connection> {
  return connect(file, true)
}

async function connect(file: string, readOnly: boolean): Promise<Connection> {
  const thread = new SqliteThread({ file, readOnly })
  const db = new Kysely<Tables>({ dialect: new SqliteThreadDialect(thread) })
  // The first query tells whether the file could be opened, and is a database at all.
  await sql`select count(*) from sqlite_master`.execute(db).catch(async (error: unknown) => {
    await thread.close()
    throw isDamage(error) ? damaged(error) : error
  })
  return { db, died: thread.died, close: () => db.destroy() }
}

function isDamage(error: unknown): boolean {
  return error instanceof SqliteError && error.code !== null && DAMAGE.has(error.code & 0xff)
}

function damaged(cause: unknown): LedgerUnusable {
  const text = {
    zh: '账本文件已损坏，或不是数据库。请用 npm run restore -- 备份文件 恢复最近的备份。',
    en: 'The ledger file is damaged, or no database. Restore the newest backup: npm run restore -- FILE.',
  }
  return new LedgerUnusable('damaged', text, { cause })
}

/** What SQLite itself finds wrong with the file; empty if nothing. */
export async function integrityFaults(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db)
  return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok')
}
