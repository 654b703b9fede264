// Telephones in the ledger. A subscription hangs on its session by a foreign key: whatever ends the one ends the other.
import type { PushLanguage, PushState } from '../contract/http/push.ts'
import type { Role } from '../contract/role-names.ts'
import { appendAudit } from './audit.ts'
import type { NewSubscription, Push, Subscription } from './ledger/push.ts'
import type { Actor } from './ledger.ts'
import { scopeOf } from './scope.ts'
import { secretHash } from './secrets.ts'
import { newId } from './store.ts'
import type { Store } from './store.ts'

/** Telephones of one user. */
const MOST = 10
/** Deliveries are counted this far back, ms; older ones are dropped. */
export const DELIVERIES_KEPT_MS = 7 * 86_400_000

export class PushRecords implements Push {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  subscribe(actor: Actor, sessionId: string, { endpoint, p256dh, auth, language }: NewSubscription): Promise<void> {
    return this.#store.write(async (trx) => {
      const now = this.#store.now()
      const session_hash = secretHash(sessionId)
      const known = await trx
        .selectFrom('push_subscription')
        .selectAll()
        .where('endpoint', '=', endpoint)
        .executeTakeFirst()
      const same = known?.user_id === actor.userId
      const values = { session_hash, user_id: actor.userId, p256dh, auth, language }
      await trx
        .insertInto('push_subscription')
        .values({ id: newId(), endpoint, created_at: now, ...values })
        .onConflict((conflict) => conflict.column('endpoint').doUpdateSet(values))
        .execute()
      const newest = trx
        .selectFrom('push_subscription')
        .select('id')
        .where('user_id', '=', actor.userId)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(MOST)
      await trx
        .deleteFrom('push_subscription')
        .where('user_id', '=', actor.userId)
        .where('id', 'not in', newest)
        .execute()
      // A page says it again at every start: that is no new act.
      if (!same) await appendAudit(trx, now, [{ actor, action: 'push.subscribed', subject: `user:${actor.userId}` }])
    })
  }

  unsubscribe(actor: Actor, endpoint: string): Promise<void> {
    return this.#store.write(async (trx) => {
      const gone = await trx
        .deleteFrom('push_subscription')
        .where('endpoint', '=', endpoint)
        .where('user_id', '=', actor.userId)
        .returning('id')
        .executeTakeFirst()
      if (gone === undefined) return
      const entry = { actor, action: 'push.unsubscribed', subject: `user:${actor.userId}` }
      await appendAudit(trx, this.#store.now(), [entry])
    })
  }

  async gone(id: string): Promise<void> {
    await this.#store.write((trx) => trx.deleteFrom('push_subscription').where('id', '=', id).execute())
  }

  async subscriptions(now: number, userId?: string): Promise<Subscription[]> {
    let query = this.#store.read
      .selectFrom('push_subscription as sub')
      .innerJoin('session', 'session.id_hash', 'sub.session_hash')
      .innerJoin('app_user', 'app_user.id', 'sub.user_id')
      .select(['sub.id', 'sub.user_id', 'sub.endpoint', 'sub.p256dh', 'sub.auth', 'sub.language'])
      .select(['app_user.role', 'app_user.sites', 'app_user.areas'])
      .select(['session.created_at', 'session.last_seen_at'])
      .where('session.ends_at', '>', now)
      .where('app_user.disabled', '=', 0)
    if (userId !== undefined) query = query.where('sub.user_id', '=', userId)
    const rows = await query.execute()
    return rows.map((row) => {
      const role = row.role as Role
      return {
        id: row.id,
        userId: row.user_id,
        endpoint: row.endpoint,
        p256dh: row.p256dh,
        auth: row.auth,
        language: row.language as PushLanguage,
        role,
        scope: scopeOf({
          role,
          sites: JSON.parse(row.sites) as string[],
          areas: JSON.parse(row.areas) as string[],
        }),
        session: { createdAt: row.created_at, lastSeenAt: row.last_seen_at },
      }
    })
  }

  async sent({ id, userId, alarmId, at }: Parameters<Push['sent']>[0]): Promise<void> {
    const row = { id, user_id: userId, alarm_id: alarmId, sent_at: at, received_at: null }
    await this.#store.write((trx) => trx.insertInto('push_delivery').values(row).execute())
  }

  received(userId: string, id: string, at: number): Promise<boolean> {
    return this.#store.write(async (trx) => {
      const own = await trx
        .selectFrom('push_delivery')
        .select('received_at')
        .where('id', '=', id)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      if (own === undefined) return false
      if (own.received_at === null)
        await trx.updateTable('push_delivery').set({ received_at: at }).where('id', '=', id).execute()
      return true
    })
  }

  async figures(userId: string, now: number): Promise<Omit<PushState, 'key'>> {
    const [subscriptions, counted] = await Promise.all([
      this.subscriptions(now, userId),
      this.#store.read
        .selectFrom('push_delivery')
        .select((eb) => [
          eb.fn.countAll<number>().as('sent'),
          eb.fn.count<number>('received_at').as('received'),
          eb.fn.max<number | null>('sent_at').as('lastSentAt'),
          eb.fn.max<number | null>('received_at').as('lastReceivedAt'),
        ])
        .where('user_id', '=', userId)
        .where('sent_at', '>', now - DELIVERIES_KEPT_MS)
        .executeTakeFirstOrThrow(),
    ])
    return { subscriptions: subscriptions.length, ...counted }
  }
}
