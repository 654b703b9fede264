// Commands to devices, and installations.
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const commands: Migration = {
  number: 8,
  name: 'commands',
  async up(db) {
    await db.schema
      .createTable('command')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('device_id', 'text', (c) => c.notNull())
      .addColumn('requested_at', 'bigint', (c) => c.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('body', 'text', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('command_device').on('command').columns(['device_id', 'requested_at', 'id']).execute()
    // Of all commands there ever were, hardly any is under way.
    await db.schema
      .createIndex('command_open')
      .on('command')
      .column('requested_at')
      .where(sql.ref('ended_at'), 'is', null)
      .execute()
    await db.schema
      .createTable('installation')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('device_id', 'text', (c) => c.notNull())
      .addColumn('site_id', 'text')
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('act', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('user_id', 'text', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('installation_device').on('installation').columns(['device_id', 'at']).execute()
    await db.schema.createIndex('installation_site').on('installation').columns(['site_id', 'at']).execute()
  },
}
