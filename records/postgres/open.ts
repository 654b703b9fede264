// Opening the ledger's database: reachable, fit, of this program's schema. Every process of a cluster does this at its start,
// several at once; one of them brings the schema up to date while the others wait.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { LedgerUnusable } from '../errors.ts'
import { migrate, refuseNewer, schemaVersion } from '../migrate.ts'
import type { ColumnTypes, Migration } from '../migrations/migration.ts'
import type { Tables } from '../tables.ts'
import { LOCK_SPACE, SCHEMA } from './locks.ts'
import { placeOf, unusable } from './unusable.ts'

export const POSTGRES_TYPES: ColumnTypes = { sequence: 'bigint', real: 'double precision', shared: true }

/** 13 is the oldest that its makers still mended when this was written. */
const OLDEST_SERVER = 130_000

export interface OpenOptions {
  readonly url: string
  readonly migrations: readonly Migration[]
  readonly now: () => number
  readonly log: (line: string) => void
}

/** Throws LedgerUnusable with what to do. */
export async function openSchema(db: Kysely<Tables>, options: OpenOptions): Promise<void> {
  const place = placeOf(options.url)
  try {
    await db.connection().execute(async (connection) => {
      await refuseUnfit(connection, place, options.log)
      await bringUpToDate(connection, options)
    })
  } catch (error) {
    throw unusable(error, place)
  }
}

async function refuseUnfit(db: Kysely<Tables>, place: string, log: (line: string) => void): Promise<void> {
  const { rows } = await sql<{ version: string; encoding: string; synced: string }>`
    select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding,
      current_setting('fsync') as synced`.execute(db)
  const { version = '0', encoding = '', synced = '' } = rows[0] ?? {}
  if (Number(version) < OLDEST_SERVER || encoding !== 'UTF8') {
    throw new LedgerUnusable('unreachable', {
      zh: `数据库 ${place} 不适用：需要 PostgreSQL 13 以上、UTF8 编码，这里是 ${version}、${encoding}。`,
      en: `The database ${place} will not do: it takes PostgreSQL 13 or later and the encoding UTF8, this is ${version} and ${encoding}.`,
    })
  }
  if (synced !== 'on') log('ledger: PostgreSQL runs with fsync off: a power cut loses alarms that were acknowledged')
}

async function bringUpToDate(db: Kysely<Tables>, { migrations, now, log }: OpenOptions): Promise<void> {
  // Whoever is at it may take longer than any other statement does.
  await sql`set statement_timeout = 0`.execute(db)
  await sql`select pg_advisory_lock(${sql.lit(LOCK_SPACE)}, ${sql.lit(SCHEMA)})`.execute(db)
  try {
    const found = await schemaVersion(db, await tableNames(db))
    refuseNewer(found, migrations.length)
    if (found === migrations.length) return
    if (found > 0) log(`ledger: schema ${found} is migrated to ${migrations.length}`)
    await migrate(db, found, migrations, POSTGRES_TYPES, now())
  } finally {
    await sql`select pg_advisory_unlock(${sql.lit(LOCK_SPACE)}, ${sql.lit(SCHEMA)})`.execute(db)
    await sql`reset statement_timeout`.execute(db)
  }
}

/** Those of the schema that ours go into; extensions have their own in it, and no `migration`. */
async function tableNames(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
      and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e')`.execute(db)
  return rows.map((row) => row.name)
}
