// Where to reach people who are not at a screen, what was sent there, and what a manager alone is asked.
import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

export const push: Migration = {
  number: 9,
  name: 'push',
  async up(db) {
    await createSubscriptions(db)
    await createDeliveries(db)
    await createPrompts(db)
  },
}

async function createSubscriptions(db: Kysely<unknown>): Promise<void> {
  // It goes with its session, however that ends: sign-out, a changed password, an administrator, the user's own end.
  await db.schema
    .createTable('push_subscription')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('session_hash', 'text', (c) => c.notNull().references('session.id_hash').onDelete('cascade'))
    .addColumn('user_id', 'text', (c) => c.notNull().references('app_user.id').onDelete('cascade'))
    .addColumn('endpoint', 'text', (c) => c.notNull().unique())
    .addColumn('p256dh', 'text', (c) => c.notNull())
    .addColumn('auth', 'text', (c) => c.notNull())
    .addColumn('language', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('push_subscription_session').on('push_subscription').column('session_hash').execute()
  await db.schema.createIndex('push_subscription_user').on('push_subscription').column('user_id').execute()
}

async function createDeliveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('push_delivery')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('app_user.id').onDelete('cascade'))
    .addColumn('alarm_id', 'text')
    .addColumn('sent_at', 'bigint', (c) => c.notNull())
    .addColumn('received_at', 'bigint')
    .execute()
  await db.schema.createIndex('push_delivery_user').on('push_delivery').columns(['user_id', 'sent_at']).execute()
}

async function createPrompts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('prompt')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('app_user.id').onDelete('cascade'))
    .addColumn('site_id', 'text', (c) => c.notNull().references('site.id').onDelete('cascade'))
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('evidence', 'text', (c) => c.notNull())
    .addColumn('asked_at', 'bigint', (c) => c.notNull())
    .addColumn('answer', 'text')
    .addColumn('answered_at', 'bigint')
    .execute()
  await db.schema.createIndex('prompt_user').on('prompt').columns(['user_id', 'answered_at']).execute()
  await db.schema.createIndex('prompt_device').on('prompt').columns(['device_id', 'type', 'asked_at']).execute()
}
