// In which partition of the scaled-out form each device is, so that a partition's owner reads its devices and no others.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { partitionOf, PARTITIONS } from '../../contract/partitions.ts'
import type { Migration } from './migration.ts'

/** Engines limit the parameters of a statement. */
const IDS_PER_UPDATE = 5_000

export const partitions: Migration = {
  number: 12,
  name: 'partitions',
  async up(db) {
    for (const [table, id] of [
      ['device', 'id'],
      ['device_state', 'device_id'],
    ] as const) {
      await db.schema
        .alterTable(table)
        .addColumn('partition', 'integer', (c) => c.notNull().defaultTo(0))
        .execute()
      await dealOut(db, table, id)
      await db.schema.createIndex(`${table}_partition`).on(table).columns(['partition', id]).execute()
    }
  },
}

async function dealOut(db: Kysely<unknown>, table: string, column: string): Promise<void> {
  const { rows } = await sql<{ id: string }>`select ${sql.ref(column)} as id from ${sql.table(table)}`.execute(db)
  const ids = Map.groupBy(
    rows.map((row) => row.id),
    partitionOf,
  )
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const own = ids.get(partition) ?? []
    for (let from = 0; from < own.length; from += IDS_PER_UPDATE)
      await sql`update ${sql.table(table)} set ${sql.ref('partition')} = ${partition}
        where ${sql.ref(column)} in (${sql.join(own.slice(from, from + IDS_PER_UPDATE))})`.execute(db)
  }
}
