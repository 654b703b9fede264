// Who is calling: the user behind a session cookie or a bearer token, with the scope that everything they ask is cut to.
import { EVERYTHING, scopeOf } from '../../../records/scope.ts'
import type { Scope } from '../../../records/scope.ts'
import type { Actor, UserRecord } from '../../../records/ledger.ts'
import { rowOf } from '../../../contract/roles.ts'
import type { Role } from '../../../contract/role-names.ts'
import type { Records } from '../ports.ts'
import { actingEnd, nextChange, sessionState } from './session-ends.ts'

export type Credential =
  { readonly type: 'session'; readonly id: string } | { readonly type: 'token'; readonly token: string }

export interface Principal {
  readonly userId: string
  readonly username: string
  readonly name: string
  readonly role: Role
  readonly scope: Scope
  /** Equal for equal scopes: what one may see, all with the same key may. */
  readonly scopeKey: string
  readonly mustChange: boolean
  /** `viewing`: the time to act is over, looking on is not. */
  readonly state: 'acting' | 'viewing'
  readonly credential: Credential
  /** null for a token. */
  readonly signedInAt: number | null
  /** When acting ends; null for a token without an end. */
  readonly endsAt: number | null
  /** Until then, unless someone changes something, it stays as it is. */
  readonly checkAt: number
}

/** How stale `lastSeenAt` may become before it is written again, ms: a share of the idle time, for a write costs an fsync. */
function touchAfter(role: Role): number {
  const { idle } = rowOf(role).session
  return idle === null ? 3_600_000 : idle / 30
}

const keyOf = (scope: Scope): string =>
  scope.all ? '*' : JSON.stringify([[...scope.siteIds].sort(), [...scope.areaIds].sort()])

function principalOf(
  user: UserRecord,
  credential: Credential,
  state: 'acting' | 'viewing',
  signedInAt: number | null,
  endsAt: number | null,
  checkAt: number,
): Principal {
  const scope = scopeOf(user)
  return {
    userId: user.id,
    username: user.username,
    name: user.name,
    role: user.role,
    scope: scope.all ? EVERYTHING : scope,
    scopeKey: keyOf(scope),
    mustChange: user.mustChange,
    state,
    credential,
    signedInAt,
    endsAt,
    checkAt,
  }
}

export class Principals {
  readonly #records: Pick<Records, 'sessions' | 'tokens'>
  readonly #now: () => number

  constructor(records: Pick<Records, 'sessions' | 'tokens'>, now: () => number) {
    this.#records = records
    this.#now = now
  }

  /**
   * Read from the ledger each time: an ended session is ended everywhere at once. `activity`: a request of the person, or
   * their open feed.
   */
  async resolve(credential: Credential, activity: 'request' | 'feed'): Promise<Principal | null> {
    const now = this.#now()
    if (credential.type === 'token') {
      const found = await this.#records.tokens.find(credential.token, now)
      if (found === null || found.user.disabled) return null
      await this.#records.tokens.used(found.token.id, now)
      const { expiresAt } = found.token
      return principalOf(found.user, credential, 'acting', null, expiresAt, expiresAt ?? Infinity)
    }
    const found = await this.#records.sessions.find(credential.id, now)
    if (found === null || found.user.disabled) return null
    const { session, user } = found
    const state = sessionState(user.role, session, now)
    if (state === 'ended') return null
    const counts = activity === 'request' || rowOf(user.role).session.feedKeepsAlive
    if (counts && now - session.lastSeenAt >= touchAfter(user.role))
      await this.#records.sessions.touch(credential.id, now)
    const endsAt = actingEnd(user.role, session.createdAt)
    return principalOf(user, credential, state, session.createdAt, endsAt, nextChange(user.role, session, now))
  }
}

export const actorOf = (principal: Principal, address: string): Actor => ({
  userId: principal.userId,
  name: principal.name,
  address,
})
