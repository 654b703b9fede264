// What an alarm turned out to be, to find alarms by.
import type { Migration } from './migration.ts'

export const verdict: Migration = {
  number: 3,
  name: 'verdict',
  async up(db) {
    // Until now nobody could say.
    await db.schema.alterTable('alarm').addColumn('verdict', 'text').execute()
  },
}
