// Events and statuses of devices, for time-series stores that hold numbers only.
import type { Migration } from './migration.ts'

export const deviceEvents: Migration = {
  number: 13,
  name: 'device-events',
  async up(db) {
    await db.schema
      .createTable('device_event')
      .addColumn('device_id', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('type', 'text', (c) => c.notNull())
      .addColumn('ts', 'bigint', (c) => c.notNull())
      .addColumn('received_at', 'bigint', (c) => c.notNull())
      .addColumn('quality', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('device_event_pk', ['device_id', 'ts', 'type', 'name'])
      .execute()
    // Retention goes by time alone.
    await db.schema.createIndex('device_event_ts').on('device_event').column('ts').execute()
  },
}
