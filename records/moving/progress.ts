// How far a move has come, kept in the target beside what it is about. While the table is there the ledger is half a ledger, and
// nobody opens it (`refuseHalfMoved`).
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { LedgerUnusable } from '../errors.ts'
import type { Tables } from '../tables.ts'
import { MIN_POSITION } from './rows.ts'

export const PROGRESS_TABLE = 'move_progress'

/** Throws LedgerUnusable while rows or readings are still on their way here. */
export function refuseHalfMoved(tables: readonly string[]): void {
  if (!tables.includes(PROGRESS_TABLE)) return
  throw new LedgerUnusable('damaged', {
    zh: '这个数据库里的账本还没有搬完（npm run migrate-store），为免缺失不予打开。请再执行一次同样的命令，它会接着搬完并核对。',
    en: 'The ledger in this database has not been moved in whole yet (npm run migrate-store) and was not opened. Run the same command again: it goes on where it was, and verifies.',
  })
}

export class MoveProgress {
  readonly #db: Kysely<Tables>
  constructor(db: Kysely<Tables>) {
    this.#db = db
  }

  /** Of which source; null: none has begun. */
  static async sourceIn(db: Kysely<Tables>): Promise<string | null> {
    const { rows } = await sql<{ id: string }>`
      select id from ${sql.table(PROGRESS_TABLE)} where what = 'source'`.execute(db)
    return rows[0]?.id ?? null
  }

  /** Before anything else is made. */
  static async begin(db: Kysely<Tables>, source: string): Promise<void> {
    await db.transaction().execute(async (trx) => {
      await sql`create table ${sql.table(PROGRESS_TABLE)}
        (what text not null, id text not null, position bigint not null, primary key (what, id))`.execute(trx)
      await sql`insert into ${sql.table(PROGRESS_TABLE)} values ('source', ${source}, 0)`.execute(trx)
    })
  }

  /** Up to where; MIN_POSITION: nothing yet. */
  async reached(what: string, id: string): Promise<number> {
    const { rows } = await sql<{ position: number }>`
      select position from ${sql.table(PROGRESS_TABLE)} where what = ${what} and id = ${id}`.execute(this.#db)
    return rows[0]?.position ?? MIN_POSITION
  }

  /** `trx`: of the transaction that wrote what is now reached. */
  async reach(what: string, id: string, position: number, trx: Kysely<Tables> = this.#db): Promise<void> {
    await sql`insert into ${sql.table(PROGRESS_TABLE)} values (${what}, ${id}, ${position})
      on conflict (what, id) do update set position = excluded.position`.execute(trx)
  }

  /** The ledger is whole from here on. */
  async finish(): Promise<void> {
    await sql`drop table ${sql.table(PROGRESS_TABLE)}`.execute(this.#db)
  }
}
