// A store over three pools of one process: what people write, the journal, reading.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { auditedAtEnd } from '../audit.ts'
import type { Store, Transacting } from '../store.ts'
import type { Tables } from '../tables.ts'
import { ADMINISTRATION, LOCK_SPACE } from './locks.ts'
import { openPool, withinTime } from './pool.ts'
import type { Pool } from './pool.ts'
import { Turn } from './turn.ts'

/**
 * How long a process that stands still may keep the head, ms: alarms of all partitions wait for it. Long enough for a process
 * that only stumbles.
 */
const AT_THE_HEAD_MS = 2_500

/** How long the end of a process waits for what was taken, ms. */
const FINISH_MS = 4_000

export interface PostgresStoreOptions {
  readonly url: string
  readonly name: string
  readonly now: () => number
  readonly log: (line: string) => void
}

export class PostgresStore implements Store {
  readonly now: () => number
  /**
   * One transaction of this kind at a time in all processes, as where one process has the ledger to itself: what such a
   * transaction reads, nobody changes before its end.
   */
  readonly #administration: Pool
  readonly #journal: Pool
  readonly #reader: Pool
  /** Own turn first: who waits for the lock of the database holds a connection. And the order of the calls is kept. */
  readonly #writes = new Turn()
  readonly #journals = new Turn()
  readonly #writing = new Set<Promise<unknown>>()
  #closed = false

  constructor({ url, name, now, log }: PostgresStoreOptions) {
    this.now = now
    this.#administration = openPool({
      ...{ url, log, name: `${name} writer`, connections: 1, readOnly: false },
      ...{ statementMs: 30_000, idleInTransactionMs: 10_000 },
    })
    this.#journal = openPool({
      ...{ url, log, name: `${name} journal`, connections: 5, readOnly: false },
      ...{ statementMs: 10_000, idleInTransactionMs: AT_THE_HEAD_MS },
    })
    this.#reader = openPool({
      ...{ url, log, name: `${name} reader`, connections: 5, readOnly: true },
      ...{ statementMs: 30_000, idleInTransactionMs: 30_000 },
    })
  }

  get read(): Kysely<Tables> {
    this.#refuseWhenClosed()
    return this.#reader.db
  }

  /** For what is neither the journal nor anybody's act: owners of partitions, answers. */
  get direct(): Kysely<Tables> {
    this.#refuseWhenClosed()
    return this.#journal.db
  }

  /** Of the one connection that brings the schema up to date, before anything else is done. */
  get schema(): Kysely<Tables> {
    return this.#administration.db
  }

  async write<T>(work: (trx: Transacting) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed()
    const transaction = this.#administration.db.transaction()
    const mine = this.#writes.take(() =>
      transaction.execute(async (trx) => {
        await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_SPACE)}, ${sql.lit(ADMINISTRATION)})`.execute(trx)
        return auditedAtEnd(trx, work, () => keepShort(trx))
      }),
    )
    return this.#finishing(mine)
  }

  /**
   * In call order, one of this process at a time. The head is one for all anyway; and a process that stands still has no line
   * of connections that get the head one after another, each to be given up on.
   */
  async journal<T>(work: (trx: Transacting) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed()
    return this.#finishing(this.#journals.take(() => this.#journal.db.transaction().execute(work)))
  }

  /** Of what takes no number of the sequence. */
  async transaction<T>(work: (trx: Transacting) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed()
    return this.#finishing(this.#journal.db.transaction().execute(work))
  }

  /** Finishes the writes that were taken. */
  async close(): Promise<void> {
    this.#closed = true
    await withinTime(Promise.allSettled(this.#writing), FINISH_MS)
    await Promise.all([this.#administration.close(), this.#journal.close(), this.#reader.close()])
  }

  async #finishing<T>(writing: Promise<T>): Promise<T> {
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new Error('The ledger is not open.')
  }
}

async function keepShort(trx: Transacting): Promise<void> {
  await sql`select set_config('idle_in_transaction_session_timeout', ${String(AT_THE_HEAD_MS)}, true)`.execute(trx)
}
