// Which user's screen painted which transition when: the evidence that an alarm was seen.
import type { Migration } from './migration.ts'

export const shown: Migration = {
  number: 2,
  name: 'shown',
  async up(db) {
    await db.schema
      .createTable('alarm_shown')
      .addColumn('seq', 'bigint', (c) => c.notNull().references('transition.seq').onDelete('cascade'))
      .addColumn('user_id', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('alarm_shown_pk', ['seq', 'user_id'])
      .execute()
  },
}
