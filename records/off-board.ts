// Somebody goes: what they looked after is given to another of their role, and all that let them in ends, in one transaction.
import type { Kysely } from 'kysely'
import type { Handover } from '../contract/http/sign-in.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import { handOverLeases, leasesManagedBy } from './lease-managers.ts'
import type { Actor, UserRecord } from './ledger.ts'
import type { OffBoard, OffBoarding } from './ledger/sign-in.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables } from './tables.ts'
import { endCredentials, findUser, refuseLastAdmin, signsInAsAdmin, userOrThrow } from './users.ts'

/** As many as one may be given: contract/http/people.ts. */
const MAX_LISTED = 5_000

export class OffBoardRecords implements OffBoard {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async preview(userId: string): Promise<Handover> {
    const user = await findUser(this.#store.read, 'id', userId)
    if (user === null) throw new LedgerError('not_found', NO_USER)
    return handoverOf(this.#store.read, user)
  }

  carryOut(actor: Actor, userId: string, { successorId, end }: OffBoarding): Promise<Handover> {
    return this.#store.write(async (trx) => {
      const user = await userOrThrow(trx, userId)
      if (signsInAsAdmin(user)) await refuseLastAdmin(trx, userId)
      const left = await handoverOf(trx, user)
      if (successorId === null) {
        if (left.leases > 0) throw new LedgerError('refused', NEEDS_SUCCESSOR, { reason: 'needs_successor' })
      } else await handOver(trx, actor, this.#store.now(), user, successorId)
      await endCredentials(trx, userId)
      if (end === 'delete') await trx.deleteFrom('app_user').where('id', '=', userId).execute()
      else {
        const places = successorId === null ? {} : { sites: '[]', areas: '[]' }
        await trx
          .updateTable('app_user')
          .set({ disabled: 1, ...places })
          .where('id', '=', userId)
          .execute()
      }
      const entry = {
        actor,
        action: 'user.off_boarded',
        subject: `user:${userId}`,
        fields: [end, ...(successorId === null ? [] : [`successor=${successorId}`])],
      }
      await appendAudit(trx, this.#store.now(), [entry])
      return left
    })
  }
}

const NO_USER = { zh: '没有这个用户。', en: 'There is no such user.' }
const NEEDS_SUCCESSOR = {
  zh: '此人名下还有在租的租约，请先选接手的人。',
  en: 'This person looks after leases; choose who takes them.',
}
const NOT_A_SUCCESSOR = {
  zh: '接手的人必须是同一角色、能登录的另一位用户。',
  en: 'A successor must be another user of the same role who can sign in.',
}
const TOO_MUCH = {
  zh: `接手后超过 ${MAX_LISTED} 个场所或区域，请分给几个人。`,
  en: `The successor would have more than ${MAX_LISTED} sites or areas; share them among several.`,
}

async function handoverOf(db: Kysely<Tables>, user: UserRecord): Promise<Handover> {
  const countOf = async (table: 'session' | 'bearer_token') =>
    (
      await db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .where('user_id', '=', user.id)
        .executeTakeFirstOrThrow()
    ).n
  const successors = await db
    .selectFrom('app_user')
    .select(['id', 'username', 'name'])
    .where('role', '=', user.role)
    .where('disabled', '=', 0)
    .where('id', '<>', user.id)
    .orderBy('username')
    .execute()
  return {
    sites: user.sites.length,
    areas: user.areas.length,
    leases: await leasesManagedBy(db, user.id),
    sessions: await countOf('session'),
    tokens: await countOf('bearer_token'),
    successors,
  }
}

async function handOver(
  trx: Transacting,
  actor: Actor,
  at: number,
  from: UserRecord,
  successorId: string,
): Promise<void> {
  const to = await findUser(trx, 'id', successorId)
  if (to === null || to.id === from.id || to.role !== from.role || to.disabled)
    throw new LedgerError('refused', NOT_A_SUCCESSOR, { reason: 'not_a_successor' })
  const sites = [...new Set([...to.sites, ...from.sites])]
  const areas = [...new Set([...to.areas, ...from.areas])]
  if (sites.length > MAX_LISTED || areas.length > MAX_LISTED)
    throw new LedgerError('refused', TOO_MUCH, { reason: 'too_many_places' })
  await trx
    .updateTable('app_user')
    .set({ sites: JSON.stringify(sites), areas: JSON.stringify(areas) })
    .where('id', '=', successorId)
    .execute()
  await handOverLeases(trx, from.id, successorId)
  const entry = { actor, action: 'user.took_over', subject: `user:${successorId}`, fields: [`from=${from.id}`] }
  await appendAudit(trx, at, [entry])
}
