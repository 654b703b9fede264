// Contents of files in the database itself, where every dashboard finds them and every backup takes them along. In pieces, so
// that none is held in memory as a whole to be sent.
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import type { Contents } from '../files.ts'
import { databaseNow } from './clock.ts'
import type { PostgresStore } from './store.ts'

/** Bytes. */
const PIECE = 256 * 1024
/**
 * How long after it was given a content may wait for the row that names it, ms: another dashboard may be about to write that
 * row. Longer than any statement takes.
 */
const IN_THE_MAKING = 300_000

export class PostgresContents implements Contents {
  readonly #store: PostgresStore
  constructor(store: PostgresStore) {
    this.#store = store
  }

  async write(sha256: string, content: Uint8Array): Promise<void> {
    const pieces = Math.max(1, Math.ceil(content.length / PIECE))
    await this.#store.transaction(async (trx) => {
      for (let piece = 0; piece < pieces; piece++) {
        const bytes = content.subarray(piece * PIECE, (piece + 1) * PIECE)
        await trx
          .insertInto('content_piece')
          .values({ sha256, piece, bytes, at: databaseNow() })
          .onConflict((conflict) => conflict.columns(['sha256', 'piece']).doUpdateSet({ at: databaseNow() }))
          .execute()
      }
    })
  }

  async read(sha256: string): Promise<Readable | null> {
    const first = await this.#piece(sha256, 0)
    return first === null ? null : Readable.from(this.#from(sha256, first), { objectMode: false })
  }

  async *#from(sha256: string, first: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let piece = 0, bytes: Uint8Array | null = first; bytes !== null; bytes = await this.#piece(sha256, ++piece)) {
      yield bytes
      if (bytes.length < PIECE) return
    }
  }

  async #piece(sha256: string, piece: number): Promise<Uint8Array | null> {
    const row = await this.#store.read
      .selectFrom('content_piece')
      .select('bytes')
      .where('sha256', '=', sha256)
      .where('piece', '=', piece)
      .executeTakeFirst()
    return row?.bytes ?? null
  }

  /** One that was given a moment ago goes with the next sweep. */
  async remove(sha256: string): Promise<void> {
    await this.#removeUnnamed(sha256)
  }

  /** What is named is asked of the table at this moment: `kept` was read before other dashboards' newest rows. */
  async sweep(): Promise<number> {
    return this.#removeUnnamed(null)
  }

  async #removeUnnamed(only: string | null): Promise<number> {
    return this.#store.write(async (trx) => {
      let unnamed = trx
        .deleteFrom('content_piece')
        .where('at', '<', sql<number>`${databaseNow()} - ${IN_THE_MAKING}`)
        .where((eb) =>
          eb.not(
            eb.exists(eb.selectFrom('file').select('file.id').whereRef('file.sha256', '=', 'content_piece.sha256')),
          ),
        )
      if (only !== null) unnamed = unnamed.where('sha256', '=', only)
      const gone = await unnamed.returning('sha256').execute()
      return new Set(gone.map((row) => row.sha256)).size
    })
  }
}
