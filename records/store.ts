// What the parts of the ledger work on: one connection that writes, one that reads and never keeps the writer waiting.
import { randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { Connection } from './sqlite/open.ts'
import type { Tables } from './tables.ts'

export type Transacting = Transaction<Tables>

export interface Store {
  readonly read: Kysely<Tables>
  /** One transaction; transactions run one after another in call order. Resolves when the commit is durable. */
  write<T>(work: (trx: Transacting) => Promise<T>): Promise<T>
  /** Wall time, ms. */
  now(): number
}

/** Opaque: 96 random bits. */
export function newId(): string {
  return randomBytes(12).toString('hex')
}

/** Ids in one `in (…)`: engines limit the parameters of a statement (SQLite 32,766). */
export const MAX_IDS = 5_000
/** Transitions in one answer of the reading thread, about 1 KB each: other readers get their turn in between. */
export const TRANSITIONS_PER_READ = 1_000
/** Rows in one INSERT: few enough that compiling it does not hold the event loop. */
export const ROWS_PER_INSERT = 100

export function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

/** A store over connections that come with the start. */
export class LedgerStore implements Store {
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

  /** Finishes the writes that were taken; the reader goes first, so that the writer's close is the last and tidies the log. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#writing)
    await this.#reader?.close()
    await this.#writer?.close()
  }
}
