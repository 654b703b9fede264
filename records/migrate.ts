// Brings a ledger to this code's schema, or refuses.
import type { Kysely } from 'kysely'
import { LedgerUnusable } from './errors.ts'
import type { ColumnTypes, Migration } from './migrations/migration.ts'
import { refuseHalfMoved } from './moving/progress.ts'
import type { Tables } from './tables.ts'

/** 0: an empty database. Throws LedgerUnusable for somebody else's database. `tables`: the names of those there are. */
export async function schemaVersion(db: Kysely<Tables>, tables?: readonly string[]): Promise<number> {
  const names = tables ?? (await db.introspection.getTables()).map((table) => table.name)
  if (names.length === 0) return 0
  refuseHalfMoved(names)
  if (!names.includes('migration')) {
    const text = {
      zh: '数据库不是智安的账本，不予打开。',
      en: "The database is not a ledger of Zhi'an and was not opened.",
    }
    throw new LedgerUnusable('damaged', text)
  }
  const row = await db
    .selectFrom('migration')
    .select((eb) => eb.fn.max('number').as('newest'))
    .executeTakeFirst()
  return row?.newest ?? 0
}

export function refuseNewer(found: number, known: number): void {
  if (found <= known) return
  throw new LedgerUnusable('newer', {
    zh: `账本由更新的版本写成（结构第 ${found} 版，本程序只认识到第 ${known} 版），为免损坏不予打开。请升级智安后再启动，或恢复升级前的备份。`,
    en: `The ledger was written by a newer version (schema ${found}; this program knows ${known}) and was not opened, to keep it whole. Upgrade Zhi'an, or restore the backup from before the upgrade.`,
  })
}

/** Applies what is missing, each migration in a transaction of its own together with its note. */
export async function migrate(
  db: Kysely<Tables>,
  from: number,
  migrations: readonly Migration[],
  types: ColumnTypes,
  now: number,
): Promise<void> {
  if (from === 0) await createMigrationTable(db)
  for (const migration of migrations.slice(from)) {
    await db.transaction().execute(async (trx) => {
      // A migration knows the schema of its own time only, not today's tables.
      await migration.up(trx as unknown as Kysely<unknown>, types)
      await trx
        .insertInto('migration')
        .values({ number: migration.number, name: migration.name, applied_at: now })
        .execute()
    })
  }
}

async function createMigrationTable(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('migration')
    .ifNotExists()
    .addColumn('number', 'integer', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('applied_at', 'bigint', (c) => c.notNull())
    .execute()
}
