// Signed-in people and machines.
import type { Page } from '../contract/http/common.ts'
import { appendAudit } from './audit.ts'
import type { Actor, ListedSession, PageQuery, Session, Sessions, TokenRecord, Tokens, UserRecord } from './ledger.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { newSecret, secretHash } from './secrets.ts'
import { newId } from './store.ts'
import type { Store } from './store.ts'
import type { SessionTable, TokenTable } from './tables.ts'
import { findUser } from './users.ts'

/** "Last seen" and "last used" are this coarse, ms: a request does not cost an fsync. */
const SEEN_EVERY_MS = 60_000

export class SessionRecords implements Sessions {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  begin(actor: Actor, endsAt: number, browser = ''): Promise<string> {
    const secret = newSecret()
    return this.#store.write(async (trx) => {
      const now = this.#store.now()
      const row = { id_hash: secretHash(secret), user_id: actor.userId, created_at: now, last_seen_at: now }
      await trx
        .insertInto('session')
        .values({ ...row, ends_at: endsAt, address: actor.address, browser })
        .execute()
      await appendAudit(trx, now, [{ actor, action: 'session.begun', subject: `user:${actor.userId}` }])
      return secret
    })
  }

  async find(sessionId: string, now: number): Promise<{ session: Session; user: UserRecord } | null> {
    const db = this.#store.read
    const row = await db
      .selectFrom('session')
      .selectAll()
      .where('id_hash', '=', secretHash(sessionId))
      .where('ends_at', '>', now)
      .executeTakeFirst()
    if (row === undefined) return null
    const user = await enabledUser(this.#store, row.user_id)
    return user === null ? null : { session: sessionOf(row), user }
  }

  async touch(sessionId: string, now: number): Promise<void> {
    const hash = secretHash(sessionId)
    const stale = await this.#store.read
      .selectFrom('session')
      .select('user_id')
      .where('id_hash', '=', hash)
      .where('last_seen_at', '<=', now - SEEN_EVERY_MS)
      .executeTakeFirst()
    if (stale === undefined) return
    await this.#store.write((trx) =>
      trx.updateTable('session').set({ last_seen_at: now }).where('id_hash', '=', hash).execute(),
    )
  }

  end(actor: Actor, sessionId: string): Promise<void> {
    return this.#store.write(async (trx) => {
      const ended = await trx
        .deleteFrom('session')
        .where('id_hash', '=', secretHash(sessionId))
        .returning('user_id')
        .executeTakeFirst()
      if (ended === undefined) return
      const entry = { actor, action: 'session.ended', subject: `user:${ended.user_id}` }
      await appendAudit(trx, this.#store.now(), [entry])
    })
  }

  async list(userId: string, now: number): Promise<ListedSession[]> {
    const rows = await this.#store.read
      .selectFrom('session')
      .selectAll()
      .where('user_id', '=', userId)
      .where('ends_at', '>', now)
      .orderBy('created_at', 'desc')
      .orderBy('id_hash')
      .execute()
    return rows.map((row) => ({ ...sessionOf(row), id: row.id_hash, address: row.address, browser: row.browser }))
  }

  revoke(actor: Actor, userId: string, id: string): Promise<boolean> {
    return this.#store.write(async (trx) => {
      const ended = await trx
        .deleteFrom('session')
        .where('id_hash', '=', id)
        .where('user_id', '=', userId)
        .returning('user_id')
        .executeTakeFirst()
      if (ended === undefined) return false
      const entry = { actor, action: 'session.revoked', subject: `user:${userId}` }
      await appendAudit(trx, this.#store.now(), [entry])
      return true
    })
  }

  endAllOf(actor: Actor, userId: string, but?: string): Promise<void> {
    return this.#store.write(async (trx) => {
      const kept = but === undefined ? '' : secretHash(but)
      await trx.deleteFrom('session').where('user_id', '=', userId).where('id_hash', '<>', kept).execute()
      const entry = { actor, action: 'session.all_ended', subject: `user:${userId}` }
      await appendAudit(trx, this.#store.now(), [entry])
    })
  }
}

/** A session's name in lists: the hash of its secret, from which nobody gets the secret. */
export const sessionIdOf = secretHash

export class TokenRecords implements Tokens {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  create(
    actor: Actor,
    { name, expiresAt }: { readonly name: string; readonly expiresAt: number | null },
  ): Promise<TokenRecord & { token: string }> {
    const token = newSecret()
    return this.#store.write(async (trx) => {
      const now = this.#store.now()
      const row: TokenTable = {
        id: newId(),
        user_id: actor.userId,
        name,
        hash: secretHash(token),
        created_at: now,
        expires_at: expiresAt,
        last_used_at: null,
      }
      await trx.insertInto('bearer_token').values(row).execute()
      await appendAudit(trx, now, [{ actor, action: 'token.created', subject: `token:${row.id}` }])
      return { ...tokenOf(row), token }
    })
  }

  async find(token: string, now: number): Promise<{ token: TokenRecord; user: UserRecord } | null> {
    const row = await this.#store.read
      .selectFrom('bearer_token')
      .selectAll()
      .where('hash', '=', secretHash(token))
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .executeTakeFirst()
    if (row === undefined) return null
    const user = await enabledUser(this.#store, row.user_id)
    return user === null ? null : { token: tokenOf(row), user }
  }

  async used(id: string, now: number): Promise<void> {
    const stale = await this.#store.read
      .selectFrom('bearer_token')
      .select('id')
      .where('id', '=', id)
      .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', now - SEEN_EVERY_MS)]))
      .executeTakeFirst()
    if (stale === undefined) return
    await this.#store.write((trx) =>
      trx.updateTable('bearer_token').set({ last_used_at: now }).where('id', '=', id).execute(),
    )
  }

  async list(userId: string, query: PageQuery): Promise<Page<TokenRecord>> {
    const before = decodeCursor(query.cursor, 'number', 'string')
    const matching = this.#store.read.selectFrom('bearer_token').where('user_id', '=', userId)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
    if (before !== null) page = page.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(...before)))
    const rows = await page.limit(query.limit + 1).execute()
    return pageOfRows(rows, query.limit, total, (row) => [row.created_at, row.id], tokenOf)
  }

  revoke(actor: Actor, userId: string, id: string): Promise<boolean> {
    return this.#store.write(async (trx) => {
      const revoked = await trx
        .deleteFrom('bearer_token')
        .where('id', '=', id)
        .where('user_id', '=', userId)
        .returning('id')
        .executeTakeFirst()
      if (revoked === undefined) return false
      await appendAudit(trx, this.#store.now(), [{ actor, action: 'token.revoked', subject: `token:${id}` }])
      return true
    })
  }
}

async function enabledUser(store: Store, userId: string): Promise<UserRecord | null> {
  const user = await findUser(store.read, 'id', userId)
  return user === null || user.disabled ? null : user
}

function sessionOf(row: SessionTable): Session {
  return { userId: row.user_id, createdAt: row.created_at, lastSeenAt: row.last_seen_at, endsAt: row.ends_at }
}

function tokenOf(row: TokenTable): TokenRecord {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }
}
