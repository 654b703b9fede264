// Work of which a cluster has one at a time, who does it, and how far it has come.
import type { Migration } from './migration.ts'

export const duties: Migration = {
  number: 15,
  name: 'duties',
  async up(db, types) {
    if (!types.shared) return
    await db.schema
      .createTable('duty')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('holder', 'text', (c) => c.notNull())
      .addColumn('until', 'bigint', (c) => c.notNull())
      .addColumn('mark', 'bigint')
      .execute()
  },
}
