// Rental houses: rooms, which device stood in which room when, leases, checklists, floor plans.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { ColumnTypes, Migration } from './migration.ts'

export const rentals: Migration = {
  number: 6,
  name: 'rentals',
  async up(db, types) {
    await createRooms(db, types)
    await createLeases(db)
    await createPlans(db, types)
  },
}

async function createRooms(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('room')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('site_id', 'text', (c) => c.notNull().references('site.id'))
    .addColumn('building', 'text', (c) => c.notNull())
    .addColumn('floor', 'integer', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('area_m2', types.real)
    .addColumn('power_limit_w', types.real)
    .addColumn('max_people', 'integer')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('room_name', ['site_id', 'building', 'floor', 'name'])
    .execute()
  await db.schema
    .createTable('room_stay')
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('room_id', 'text', (c) => c.notNull().references('room.id').onDelete('cascade'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('since', 'bigint', (c) => c.notNull())
    .addColumn('until', 'bigint')
    .execute()
  await db.schema.createIndex('room_stay_room').on('room_stay').columns(['room_id', 'since']).execute()
  await sql`create unique index room_stay_now on room_stay (device_id) where until is null`.execute(db)
  await db.schema
    .createTable('room_checklist')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('room_id', 'text', (c) => c.notNull().references('room.id').onDelete('cascade'))
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('by_id', 'text', (c) => c.notNull())
    .addColumn('by_name', 'text', (c) => c.notNull())
    .addColumn('items', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('room_checklist_room').on('room_checklist').columns(['room_id', 'at', 'id']).execute()
}

async function createLeases(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('lease')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('room_id', 'text', (c) => c.notNull().references('room.id').onDelete('cascade'))
    .addColumn('tenant_name', 'text')
    .addColumn('tenant_phone', 'text')
    .addColumn('people', 'integer', (c) => c.notNull())
    .addColumn('landlord_name', 'text')
    .addColumn('landlord_phone', 'text')
    .addColumn('manager_id', 'text')
    .addColumn('starts', 'text', (c) => c.notNull())
    .addColumn('ends', 'text')
    .addColumn('moved_in_at', 'bigint', (c) => c.notNull())
    .addColumn('moved_out_at', 'bigint')
    .execute()
  await db.schema.createIndex('lease_room').on('lease').columns(['room_id', 'moved_in_at', 'id']).execute()
  await db.schema.createIndex('lease_manager').on('lease').column('manager_id').execute()
  await sql`create unique index lease_now on lease (room_id) where moved_out_at is null`.execute(db)
}

async function createPlans(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('floor_plan')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('site_id', 'text', (c) => c.notNull().references('site.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('file_id', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('floor_plan_name', ['site_id', 'name'])
    .execute()
  await db.schema
    .createTable('plan_pin')
    .addColumn('plan_id', 'text', (c) => c.notNull().references('floor_plan.id').onDelete('cascade'))
    .addColumn('device_id', 'text', (c) => c.notNull().references('device.id').onDelete('cascade'))
    .addColumn('x', types.real, (c) => c.notNull())
    .addColumn('y', types.real, (c) => c.notNull())
    .addPrimaryKeyConstraint('plan_pin_pk', ['plan_id', 'device_id'])
    .execute()
  await db.schema.createIndex('plan_pin_device').on('plan_pin').column('device_id').execute()
}
