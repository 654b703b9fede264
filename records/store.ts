// What the parts of the ledger work on: one connection that writes, one that reads and never keeps the writer waiting.
import { randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { Tables } from './tables.ts'

export type Transacting = Transaction<Tables>

export interface Store {
  readonly read: Kysely<Tables>
  /** One transaction; transactions run one after another in call order. Resolves when the commit is durable. */
  write<T>(work: (trx: Transacting) => Promise<T>): Promise<T>
  /** One transaction of the journal, durable as well. It does not wait for people's writes where the engine can do without. */
  journal<T>(work: (trx: Transacting) => Promise<T>): Promise<T>
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
