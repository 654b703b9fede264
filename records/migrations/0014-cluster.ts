// What the processes of the scaled-out form share: who owns which partition, what became of requests, what changed, entries
// set aside, contents of files. Where one process has the ledger to itself there is nothing to share.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { ADMINISTRATION, LOCK_SPACE } from '../postgres/locks.ts'
import type { Migration } from './migration.ts'

export const cluster: Migration = {
  number: 14,
  name: 'cluster',
  async up(db, types) {
    if (!types.shared) return
    await createParts(db)
    await createAnswers(db)
    await createSetAsides(db)
    await createFileContents(db)
    await createChanges(db)
    await createWakes(db)
    // States are written over and over: room beside each keeps the new one on its page, and the indexes as they are.
    await sql`alter table device_state set (fillfactor = 70)`.execute(db)
  },
}

async function createParts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('part')
    .addColumn('partition', 'integer', (c) => c.primaryKey())
    .addColumn('epoch', 'bigint', (c) => c.notNull())
    .addColumn('owner', 'text')
    .addColumn('until', 'bigint', (c) => c.notNull())
    .addColumn('decided', 'bigint', (c) => c.notNull())
    .addColumn('stored', 'bigint', (c) => c.notNull())
    .execute()
}

async function createAnswers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('answer')
    .addColumn('request_id', 'text', (c) => c.primaryKey())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('answer_at').on('answer').column('at').execute()
}

async function createSetAsides(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('set_aside')
    .addColumn('id', 'bigint', (c) => c.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('partition', 'integer', (c) => c.notNull())
    .addColumn('position', 'bigint', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('problem', 'text', (c) => c.notNull())
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('sample', 'text', (c) => c.notNull())
    .addUniqueConstraint('set_aside_entry', ['partition', 'position'])
    .execute()
}

async function createFileContents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('content_piece')
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('piece', 'integer', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('bytes', 'bytea', (c) => c.notNull())
    .addPrimaryKeyConstraint('content_piece_pk', ['sha256', 'piece'])
    .execute()
  // Photographs are compressed already.
  await sql`alter table content_piece alter column bytes set storage external`.execute(db)
}

/** Whoever reads on is woken with the commit; once, however many rows there are. */
const TOLD = [
  { table: 'transition', channel: 'zhian_transition' },
  { table: 'answer', channel: 'zhian_answer' },
  { table: 'ledger_change', channel: 'zhian_change' },
] as const

async function createWakes(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create function tell_listeners() returns trigger language plpgsql as $$
      begin
        perform pg_notify(tg_argv[0], '');
        return null;
      end $$`,
    )
    .execute(db)
  for (const { table, channel } of TOLD)
    await sql
      .raw(
        `create trigger ${table}_told after insert on ${table}
        for each statement execute function tell_listeners('${channel}')`,
      )
      .execute(db)
}

/** What other processes keep in memory, and the column that names the thing. */
const WATCHED = [
  { table: 'device', on: 'insert or update or delete', what: 'device', key: 'id' },
  { table: 'site', on: 'insert or update or delete', what: 'site', key: 'id' },
  { table: 'area', on: 'insert or update or delete', what: 'area', key: 'id' },
  { table: 'rule_version', on: 'insert or delete', what: 'rules', key: 'kind' },
  { table: 'app_user', on: 'insert or update or delete', what: 'user', key: 'id' },
  { table: 'session', on: 'delete', what: 'session', key: 'id_hash' },
  { table: 'bearer_token', on: 'delete', what: 'token', key: 'id' },
  { table: 'setting', on: 'insert or update or delete', what: 'setting', key: 'key' },
  { table: 'command', on: 'insert or update', what: 'command', key: 'id' },
] as const

async function createChanges(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_change')
    .addColumn('seq', 'bigint', (c) => c.primaryKey())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('what', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('ledger_change_at').on('ledger_change').column('at').execute()
  // Numbers in the order of the commits, without a gap: who changes anything holds the lock to the end, a statement typed by
  // hand too. Whoever has the lock already gets it again at once.
  await sql
    .raw(
      `create function note_ledger_change() returns trigger language plpgsql as $$
      declare changed jsonb;
      begin
        if tg_op = 'UPDATE' and new is not distinct from old then return null; end if;
        changed := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
        perform pg_advisory_xact_lock(${LOCK_SPACE}, ${ADMINISTRATION});
        insert into ledger_change (seq, at, what, id)
          select coalesce(max(seq), 0) + 1, floor(extract(epoch from clock_timestamp()) * 1000), tg_argv[0],
            changed ->> tg_argv[1]
          from ledger_change;
        return null;
      end $$`,
    )
    .execute(db)
  for (const { table, on, what, key } of WATCHED)
    await sql
      .raw(
        `create trigger ${table}_changed after ${on} on ${table}
        for each row execute function note_ledger_change('${what}', '${key}')`,
      )
      .execute(db)
}
