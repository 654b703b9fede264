// Everything that is kept of a user, table by table, as they would be given it.
import type { Kysely } from 'kysely'
import type { Command } from '../contract/http/commands.ts'
import type { PersonPackage } from '../contract/http/privacy.ts'
import type { Tables } from './tables.ts'

/** Rows of one kind in a package: the newest. */
export const MOST_ROWS = 5_000

export type Rows = PersonPackage['sections'][number]['rows']

export async function packageOfUser(db: Kysely<Tables>, id: string): Promise<Record<string, Rows>> {
  const user = await db.selectFrom('app_user').selectAll().where('id', '=', id).executeTakeFirst()
  const account =
    user === undefined ? [] : [{ ...user, password_hash: user.password_hash === '' ? null : '（散列，不提供）' }]
  const sessions = await db
    .selectFrom('session')
    .select(['created_at', 'last_seen_at', 'ends_at'])
    .where('user_id', '=', id)
    .execute()
  const tokens = await db
    .selectFrom('bearer_token')
    .select(['name', 'created_at', 'expires_at', 'last_used_at'])
    .where('user_id', '=', id)
    .execute()
  const subscriptions = await db
    .selectFrom('push_subscription')
    .select(['language', 'created_at'])
    .where('user_id', '=', id)
    .execute()
  const audit = await db
    .selectFrom('audit')
    .select(['seq', 'at', 'actor_id', 'address', 'action', 'subject', 'fields'])
    .where((eb) => eb.or([eb('actor_id', '=', id), eb('subject', '=', `user:${id}`)]))
    .orderBy('seq', 'desc')
    .limit(MOST_ROWS)
    .execute()
  const seen = await db
    .selectFrom('alarm_shown')
    .select(['seq', 'at'])
    .where('user_id', '=', id)
    .orderBy('seq', 'desc')
    .limit(MOST_ROWS)
    .execute()
  const files = await db
    .selectFrom('file')
    .select(['id', 'subject_type', 'subject_id', 'name', 'at'])
    .where('by_id', '=', id)
    .limit(MOST_ROWS)
    .execute()
  const inspections = await db
    .selectFrom('inspection')
    .select(['id', 'site_id', 'at', 'kind', 'result'])
    .where('inspector_id', '=', id)
    .limit(MOST_ROWS)
    .execute()
  const checklists = await db
    .selectFrom('room_checklist')
    .select(['id', 'room_id', 'type', 'at'])
    .where('by_id', '=', id)
    .limit(MOST_ROWS)
    .execute()
  const prompts = await db
    .selectFrom('prompt')
    .select(['id', 'site_id', 'device_id', 'type', 'asked_at', 'answer', 'answered_at'])
    .where('user_id', '=', id)
    .limit(MOST_ROWS)
    .execute()
  const pushes = await db
    .selectFrom('push_delivery')
    .select(['alarm_id', 'sent_at', 'received_at'])
    .where('user_id', '=', id)
    .limit(MOST_ROWS)
    .execute()
  const installations = await db
    .selectFrom('installation')
    .select(['device_id', 'site_id', 'act', 'at'])
    .where('user_id', '=', id)
    .limit(MOST_ROWS)
    .execute()
  const commands = (await commandsBy(db, id)).map(({ device_id, requested_at, body }) => {
    const { name, reason, state } = JSON.parse(body) as Command
    return { device_id, requested_at, name, reason, state }
  })
  return {
    account,
    sessions,
    tokens,
    subscriptions,
    pushes,
    prompts,
    audit,
    alarms_seen: seen,
    files,
    inspections,
    checklists,
    installations,
    commands,
  }
}

/** What they asked of devices, the newest first. */
export const commandsBy = (db: Kysely<Tables>, userId: string) =>
  db
    .selectFrom('command')
    .selectAll()
    // Ids are opaque and long: nothing else looks like one.
    .where('body', 'like', `%"${userId}"%`)
    .orderBy('requested_at', 'desc')
    .limit(MOST_ROWS)
    .execute()
