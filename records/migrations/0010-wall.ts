// The map that the command wall is drawn on: one row, replaced as a whole.
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const wall: Migration = {
  number: 10,
  name: 'wall',
  async up(db) {
    await db.schema
      .createTable('wall_map')
      .addColumn('id', 'integer', (c) => c.primaryKey().check(sql`id = 1`))
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('datum', 'text', (c) => c.notNull())
      .addColumn('features', 'text', (c) => c.notNull())
      .addColumn('changed_at', 'bigint', (c) => c.notNull())
      .execute()
  },
}
