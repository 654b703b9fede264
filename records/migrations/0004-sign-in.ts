// How people sign in, and what guards it: a second factor, invitations, the browsers that have been let in before; from where
// each session was begun; and what the audit is searched by.
import type { Kysely } from 'kysely'
import type { Migration } from './migration.ts'

export const signIn: Migration = {
  number: 4,
  name: 'sign-in',
  async up(db) {
    await createSecondFactors(db)
    await createInvitations(db)
    await createKnownBrowsers(db)
    // Sessions of before were begun nobody remembers where.
    await db.schema
      .alterTable('session')
      .addColumn('address', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await db.schema
      .alterTable('session')
      .addColumn('browser', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await db.schema.createIndex('audit_actor').on('audit').columns(['actor_id', 'seq']).execute()
    await db.schema.createIndex('audit_action').on('audit').columns(['action', 'seq']).execute()
    await db.schema.createIndex('audit_at').on('audit').column('at').execute()
  },
}

async function createSecondFactors(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('second_factor')
    .addColumn('user_id', 'text', (c) => c.primaryKey().references('app_user.id').onDelete('cascade'))
    .addColumn('secret_sealed', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('confirmed_at', 'bigint')
    .addColumn('last_step', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('recovery_code')
    .addColumn('user_id', 'text', (c) => c.notNull().references('second_factor.user_id').onDelete('cascade'))
    .addColumn('hash', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('recovery_code_pk', ['user_id', 'hash'])
    .execute()
}

async function createInvitations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('invitation')
    .addColumn('user_id', 'text', (c) => c.primaryKey().references('app_user.id').onDelete('cascade'))
    .addColumn('hash', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('ends_at', 'bigint', (c) => c.notNull())
    .execute()
}

async function createKnownBrowsers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('known_browser')
    .addColumn('hash', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.notNull().references('app_user.id').onDelete('cascade'))
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('known_browser_pk', ['hash', 'user_id'])
    .execute()
  await db.schema.createIndex('known_browser_user').on('known_browser').columns(['user_id', 'seen_at']).execute()
}
