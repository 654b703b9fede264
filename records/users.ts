// People: who may sign in and what they may see.
import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { Page } from '../contract/http/common.ts'
import type { User } from '../contract/http/people.ts'
import type { Role } from '../contract/role-names.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor, NewUser, UserChange, UserQuery, UserRecord, Users } from './ledger.ts'
import { leasesManagedBy } from './lease-managers.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { pinyinText } from './pinyin.ts'
import { namesOfGiven } from './places.ts'
import { matchesEveryWord } from './search.ts'
import { secretHash } from './secrets.ts'
import { newId } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables, UserTable } from './tables.ts'

export class UserRecords implements Users {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async list({ q, role, limit, cursor }: UserQuery): Promise<Page<User>> {
    const after = decodeCursor(cursor, 'string')
    let matching = this.#store.read.selectFrom('app_user')
    if (role !== undefined) matching = matching.where('role', '=', role)
    if (q !== undefined)
      matching = matching.where(matchesEveryWord(q, ['app_user.username', 'app_user.name'], ['app_user.pinyin']))
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = withSignIn(matching).orderBy('username')
    if (after !== null) page = page.where('username', '>', after[0])
    const rows = await page.limit(limit + 1).execute()
    return pageOfRows(
      rows,
      limit,
      total,
      (row) => [row.username],
      (row) => userOf(userRecordOf(row)),
    )
  }

  get(id: string): Promise<UserRecord | null> {
    return findUser(this.#store.read, 'id', id)
  }

  byUsername(username: string): Promise<UserRecord | null> {
    return findUser(this.#store.read, 'username', username)
  }

  async count(): Promise<number> {
    const counted = this.#store.read.selectFrom('app_user').select((eb) => eb.fn.countAll<number>().as('users'))
    return (await counted.executeTakeFirstOrThrow()).users
  }

  create(actor: Actor, user: NewUser): Promise<User> {
    return this.#store.write(async (trx) => {
      if ((await findUser(trx, 'username', user.username)) !== null) {
        const text = {
          zh: `用户名 ${user.username} 已被使用。`,
          en: `The user name ${user.username} is already in use.`,
        }
        throw new LedgerError('exists', text, { field: 'username' })
      }
      const row: UserTable = {
        id: newId(),
        username: user.username,
        name: user.name,
        role: user.role,
        password_hash: user.passwordHash ?? NO_PASSWORD,
        must_change: user.mustChange ? 1 : 0,
        disabled: 0,
        sites: JSON.stringify(user.sites ?? []),
        areas: JSON.stringify(user.areas ?? []),
        pinyin: pinyinText([user.name]),
        created_at: this.#store.now(),
      }
      await trx.insertInto('app_user').values(row).execute()
      await this.#audit(trx, actor, 'user.created', row.id, namesOfGiven(user))
      return userOf(userRecordOf({ ...row, second_factor_since: null, invited_until: null }))
    })
  }

  update(actor: Actor, id: string, change: UserChange, keepSession?: string): Promise<User> {
    return this.#store.write(async (trx) => {
      const old = await userOrThrow(trx, id)
      const next = { ...old, ...given(change) }
      if (signsInAsAdmin(old) && !signsInAsAdmin(next)) await refuseLastAdmin(trx, id)
      await trx
        .updateTable('app_user')
        .set({
          name: next.name,
          pinyin: pinyinText([next.name]),
          role: next.role,
          password_hash: next.passwordHash ?? NO_PASSWORD,
          must_change: next.mustChange ? 1 : 0,
          disabled: next.disabled ? 1 : 0,
          sites: JSON.stringify(next.sites),
          areas: JSON.stringify(next.areas),
        })
        .where('id', '=', id)
        .execute()
      if (next.role !== old.role || next.passwordHash !== old.passwordHash || next.disabled) {
        const kept = keepSession === undefined ? '' : secretHash(keepSession)
        await trx.deleteFrom('session').where('user_id', '=', id).where('id_hash', '<>', kept).execute()
      }
      // What acted for them does not act again when they come back.
      if (next.disabled && !old.disabled) await endCredentials(trx, id)
      await this.#audit(trx, actor, 'user.updated', id, namesOfGiven(change))
      return userOf({ ...next, activated: next.passwordHash !== null })
    })
  }

  delete(actor: Actor, id: string): Promise<void> {
    return this.#store.write(async (trx) => {
      if (signsInAsAdmin(await userOrThrow(trx, id))) await refuseLastAdmin(trx, id)
      await refuseOpenWork(trx, id)
      await trx.deleteFrom('app_user').where('id', '=', id).execute()
      await this.#audit(trx, actor, 'user.deleted', id, [])
    })
  }

  #audit(trx: Transacting, actor: Actor, action: string, id: string, fields: readonly string[]): Promise<void> {
    return appendAudit(trx, this.#store.now(), [{ actor, action, subject: `user:${id}`, fields }])
  }
}

/** What a query of a user brings along: whether a second factor is in force, and the end of an open invitation. */
export interface UserRow extends UserTable {
  readonly second_factor_since: number | null
  readonly invited_until: number | null
}

/** `app_user.password_hash` of somebody who has none yet: no hash is empty. */
export const NO_PASSWORD = ''

export function userRecordOf(row: UserRow): UserRecord {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    role: row.role as Role,
    passwordHash: row.password_hash === NO_PASSWORD ? null : row.password_hash,
    mustChange: row.must_change === 1,
    disabled: row.disabled === 1,
    sites: JSON.parse(row.sites) as string[],
    areas: JSON.parse(row.areas) as string[],
    createdAt: row.created_at,
    activated: row.password_hash !== NO_PASSWORD,
    secondFactor: row.second_factor_since !== null,
    invitedUntil: row.invited_until,
  }
}

/** Without what only sign-in needs. */
function userOf({ passwordHash: _hash, mustChange: _must, ...user }: UserRecord): User {
  return user
}

/** The fields that a change gives. */
function given(change: UserChange): Partial<UserRecord> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

/** Every column of a user, and what stands in the tables of sign-in. */
export const withSignIn = (query: SelectQueryBuilder<Tables, 'app_user', object>) =>
  query
    .selectAll('app_user')
    .select((eb) => [
      eb
        .selectFrom('second_factor')
        .select('second_factor.confirmed_at')
        .whereRef('second_factor.user_id', '=', 'app_user.id')
        .as('second_factor_since'),
      eb
        .selectFrom('invitation')
        .select('invitation.ends_at')
        .whereRef('invitation.user_id', '=', 'app_user.id')
        .as('invited_until'),
    ])

export async function findUser(
  db: Kysely<Tables>,
  column: 'id' | 'username',
  value: string,
): Promise<UserRecord | null> {
  const row = await withSignIn(db.selectFrom('app_user')).where(column, '=', value).executeTakeFirst()
  return row === undefined ? null : userRecordOf(row)
}

export async function userOrThrow(trx: Transacting, id: string): Promise<UserRecord> {
  const user = await findUser(trx, 'id', id)
  if (user === null) throw new LedgerError('not_found', { zh: '没有这个用户。', en: 'There is no such user.' })
  return user
}

/** Sessions (a push subscription goes with its session), tokens and an open invitation. */
export async function endCredentials(trx: Transacting, userId: string): Promise<void> {
  for (const table of ['session', 'bearer_token', 'invitation'] as const)
    await trx.deleteFrom(table).where('user_id', '=', userId).execute()
}

export const signsInAsAdmin = (user: Pick<UserRecord, 'role' | 'disabled'>) => user.role === 'admin' && !user.disabled

export async function refuseLastAdmin(trx: Transacting, id: string): Promise<void> {
  const other = await trx
    .selectFrom('app_user')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabled', '=', 0)
    .where('id', '<>', id)
    .executeTakeFirst()
  if (other !== undefined) return
  const text = {
    zh: '这是最后一位可登录的管理员，不能删除、停用或改为其他角色。',
    en: 'This is the last administrator who can sign in; it cannot be deleted, disabled or given another role.',
  }
  throw new LedgerError('refused', text, { reason: 'last_admin' })
}

/** A tenant's alarms go to the manager of the lease: nobody vanishes from under them. */
async function refuseOpenWork(trx: Transacting, id: string): Promise<void> {
  if ((await leasesManagedBy(trx, id)) === 0) return
  const text = {
    zh: '此人名下还有在租的租约，请办理离岗，先选接手的人。',
    en: 'This person looks after leases; off-board them, and choose who takes these.',
  }
  throw new LedgerError('refused', text, { reason: 'needs_successor' })
}
