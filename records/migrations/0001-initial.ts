// The first schema. Instants are ms, flags 0/1, lists and snapshots JSON text.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { ColumnTypes, Migration } from './migration.ts'

export const initial: Migration = {
  number: 1,
  name: 'initial',
  async up(db, types) {
    await createJournal(db, types)
    await createPlacesAndDevices(db)
    await createPeople(db)
    await createRecords(db, types)
  },
}

async function createJournal(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('head')
    .addColumn('id', 'integer', (c) => c.primaryKey().check(sql`id = 1`))
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addColumn('checkpoint', 'bigint')
    .addColumn('audit_seq', 'bigint', (c) => c.notNull())
    .addColumn('audit_hash', 'text', (c) => c.notNull())
    .execute()
  // The audit chain starts from 64 zeros.
  await sql`insert into head (id, seq, checkpoint, audit_seq, audit_hash) values (1, 0, null, 0, ${'0'.repeat(64)})`.execute(
    db,
  )
  await db.schema
    .createTable('transition')
    .addColumn('seq', types.sequence, (c) => c.primaryKey())
    .addColumn('alarm_id', 'text', (c) => c.notNull())
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('site_id', 'text')
    .addColumn('area_id', 'text')
    .addColumn('area_ids', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('received_at', 'bigint')
    .addColumn('body', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('alarm')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('seq', 'bigint', (c) => c.notNull())
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('site_id', 'text')
    .addColumn('area_id', 'text')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('category', 'text', (c) => c.notNull())
    .addColumn('priority', 'integer', (c) => c.notNull())
    .addColumn('raised_at', 'bigint', (c) => c.notNull())
    .addColumn('cleared_at', 'bigint')
    .addColumn('acked_at', 'bigint')
    .addColumn('closed_at', 'bigint')
    .addColumn('search', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('device_state')
    .addColumn('device_id', 'text', (c) => c.primaryKey())
    .addColumn('position', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .execute()
  // The head of a scope is the newest entry of each of its places in these two; a replay reads ranges of them.
  await db.schema.createIndex('transition_site').on('transition').columns(['site_id', 'seq']).execute()
  await db.schema.createIndex('transition_area').on('transition').columns(['area_id', 'seq']).execute()
  await db.schema.createIndex('transition_alarm').on('transition').columns(['alarm_id', 'seq']).execute()
  await db.schema.createIndex('alarm_raised').on('alarm').columns(['raised_at', 'id']).execute()
  await db.schema.createIndex('alarm_device').on('alarm').columns(['device_id', 'raised_at']).execute()
  await db.schema.createIndex('alarm_site').on('alarm').columns(['site_id', 'raised_at', 'id']).execute()
  await db.schema.createIndex('alarm_area').on('alarm').columns(['area_id', 'raised_at', 'id']).execute()
  // Read backwards: 1 first, the newest of each first.
  await db.schema.createIndex('alarm_priority').on('alarm').columns(['priority desc', 'raised_at', 'id']).execute()
  await db.schema.createIndex('alarm_category').on('alarm').columns(['category', 'raised_at', 'id']).execute()
  await db.schema.createIndex('alarm_kind').on('alarm').columns(['kind', 'raised_at', 'id']).execute()
  // Of all alarms there ever were, few are open.
  for (const [name, columns] of [
    ['alarm_open', ['raised_at', 'id']],
    ['alarm_open_device', ['device_id', 'priority']],
  ] as const) {
    await db.schema
      .createIndex(name)
      .on('alarm')
      .columns([...columns])
      .where(sql.ref('closed_at'), 'is', null)
      .execute()
  }
}

async function createPlacesAndDevices(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('area')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('parent_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('area_name', ['parent_id', 'name'])
    .execute()
  await db.schema
    .createTable('area_closure')
    .addColumn('ancestor_id', 'text', (c) => c.notNull().references('area.id'))
    .addColumn('area_id', 'text', (c) => c.notNull().references('area.id'))
    .addColumn('depth', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('area_closure_pk', ['ancestor_id', 'area_id'])
    .execute()
  await db.schema.createIndex('area_closure_up').on('area_closure').columns(['area_id', 'depth']).execute()
  await db.schema
    .createTable('site')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('area_id', 'text', (c) => c.notNull().references('area.id'))
    .addColumn('contacts', 'text', (c) => c.notNull())
    .addColumn('search', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('site_name', ['area_id', 'name'])
    .execute()
  await db.schema
    .createTable('device')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('uid', 'text', (c) => c.notNull().unique())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('site_id', 'text', (c) => c.references('site.id'))
    .addColumn('gateway_id', 'text')
    .addColumn('attributes', 'text', (c) => c.notNull())
    .addColumn('lifecycle', 'text', (c) => c.notNull())
    .addColumn('token_hash', 'text', (c) => c.notNull())
    .addColumn('search', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('device_site').on('device').column('site_id').execute()
  await db.schema.createIndex('device_gateway').on('device').column('gateway_id').execute()
}

async function createPeople(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('app_user')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('username', 'text', (c) => c.notNull().unique())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('password_hash', 'text', (c) => c.notNull())
    .addColumn('must_change', 'integer', (c) => c.notNull())
    .addColumn('disabled', 'integer', (c) => c.notNull())
    .addColumn('sites', 'text', (c) => c.notNull())
    .addColumn('areas', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('session')
    .addColumn('id_hash', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('app_user.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('last_seen_at', 'bigint', (c) => c.notNull())
    .addColumn('ends_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('session_user').on('session').column('user_id').execute()
  await db.schema
    .createTable('bearer_token')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('app_user.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .execute()
  await db.schema.createIndex('bearer_token_user').on('bearer_token').column('user_id').execute()
}

async function createRecords(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('rule_version')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('rule_id', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('rule_version_pk', ['kind', 'rule_id', 'version'])
    .execute()
  await db.schema
    .createTable('rejection')
    .addColumn('device_id', 'text', (c) => c.notNull().references('device.id').onDelete('cascade'))
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('topic', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('sample', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('rejection_pk', ['device_id', 'number'])
    .execute()
  await db.schema.createIndex('rejection_at').on('rejection').column('at').execute()
  await db.schema
    .createTable('setting')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('audit')
    .addColumn('seq', types.sequence, (c) => c.primaryKey())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('actor_id', 'text', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('fields', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('audit_subject').on('audit').columns(['subject', 'seq']).execute()
}
