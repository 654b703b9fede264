// What a site is (category, risk, regime, insurance), areas that went into others, inspections, quotas of installations.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

export const places: Migration = {
  number: 5,
  name: 'places',
  async up(db) {
    await widenPlaces(db)
    await createInspections(db)
    await createQuotas(db)
  },
}

async function widenPlaces(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('area')
    .addColumn('merged', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
  await db.schema.alterTable('site').addColumn('category', 'text').execute()
  await db.schema.alterTable('site').addColumn('risk', 'integer').execute()
  await db.schema
    .alterTable('site')
    .addColumn('regime', 'text', (c) => c.notNull().defaultTo('normal'))
    .execute()
  await db.schema
    .alterTable('site')
    .addColumn('profile', 'text', (c) => c.notNull().defaultTo('{}'))
    .execute()
  await db.schema.createIndex('site_category').on('site').columns(['category', 'name', 'id']).execute()
  await sql`create index site_regime on site (regime, name, id) where regime <> 'normal'`.execute(db)
}

async function createInspections(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('inspection')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('site_id', 'text', (c) => c.notNull().references('site.id'))
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('inspector_id', 'text', (c) => c.notNull())
    .addColumn('inspector_name', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('result', 'text', (c) => c.notNull())
    .addColumn('findings', 'text', (c) => c.notNull())
    .addColumn('deadline', 'text')
    .addColumn('rechecks', 'text', (c) => c.references('inspection.id'))
    .addColumn('reported_at', 'bigint')
    .addColumn('reported_by', 'text')
    .execute()
  await db.schema.createIndex('inspection_site').on('inspection').columns(['site_id', 'at', 'id']).execute()
  await db.schema.createIndex('inspection_at').on('inspection').columns(['at', 'id']).execute()
  await db.schema.createIndex('inspection_rechecks').on('inspection').column('rechecks').execute()
}

async function createQuotas(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('quota')
    .addColumn('area_id', 'text', (c) => c.notNull().references('area.id'))
    .addColumn('year', 'integer', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('target', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('quota_pk', ['area_id', 'year', 'kind'])
    .execute()
}
