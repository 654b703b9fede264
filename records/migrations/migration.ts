// What a migration is. Once released, its file never changes; a mistake is mended by the next one.
import type { Kysely } from 'kysely'

/** Column types that engines call differently. */
export interface ColumnTypes {
  /** A 64-bit key in order of insertion; in SQLite this exact word makes it the table's own key. */
  readonly sequence: 'integer' | 'bigint'
  /** 64 bits of floating point. */
  readonly real: 'real' | 'double precision'
  /** Whether several processes share the ledger: only then are there tables for what they have to say to each other. */
  readonly shared: boolean
}

export interface Migration {
  /** 1, 2, 3 … without gaps: the schema version after it. */
  readonly number: number
  readonly name: string
  /** Runs inside the transaction that also notes it as applied. */
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>
}
