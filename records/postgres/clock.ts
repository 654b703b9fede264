// The database's clock: the one that every process of a cluster has in common.
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'

/** Wall time, ms. It goes on within a transaction. */
export const databaseNow = (): RawBuilder<number> =>
  sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`
