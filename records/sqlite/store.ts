// A store over connections that come with the start: one that writes, one that reads.
import type { Kysely } from 'kysely'
import type { Store, Transacting } from '../store.ts'
import type { Tables } from '../tables.ts'
import type { Connection } from './open.ts'

export class SqliteStore implements Store {
  readonly now: () => number
  #writer: Connection | null = null
  #reader: Connection | null = null
  readonly #writing = new Set<Promise<unknown>>()
  #closed = false

  constructor(now: () => number) {
    this.now = now
  }

  useWriter(connection: Connection): void {
    this.#writer = connection
  }
  useReader(connection: Connection): void {
    this.#reader = connection
  }

  get read(): Kysely<Tables> {
    if (this.#reader === null || this.#closed) throw new Error('The ledger is not open.')
    return this.#reader.db
  }

  async write<T>(work: (trx: Transacting) => Promise<T>): Promise<T> {
    if (this.#writer === null || this.#closed) throw new Error('The ledger is not open.')
    const writing = this.#writer.db.transaction().execute(work)
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  /** Here every write waits for the one before it. */
  journal<T>(work: (trx: Transacting) => Promise<T>): Promise<T> {
    return this.write(work)
  }

  /** Finishes the writes that were taken; the reader goes first, so that the writer's close is the last and tidies the log. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#writing)
    await this.#reader?.close()
    await this.#writer?.close()
  }
}
