// When a sign-in ends, by role. A duty desk is never blank at 3 a.m.: after its 26 hours it still shows and sounds, and only
// acts ask for a new sign-in.
import { rowOf } from '../../../contract/roles.ts'
import type { Role } from '../../../contract/role-names.ts'

export type SessionState = 'acting' | 'viewing' | 'ended'

export interface SessionTimes {
  readonly createdAt: number
  readonly lastSeenAt: number
}

/** When the ledger may forget it: after acting and viewing. */
export const lastEnd = (role: Role, createdAt: number): number =>
  createdAt + rowOf(role).session.acting + rowOf(role).session.viewing

export const actingEnd = (role: Role, createdAt: number): number => createdAt + rowOf(role).session.acting

export function sessionState(role: Role, session: SessionTimes, now: number): SessionState {
  const rule = rowOf(role).session
  if (rule.idle !== null && now >= session.lastSeenAt + rule.idle) return 'ended'
  if (now < actingEnd(role, session.createdAt)) return 'acting'
  return now < lastEnd(role, session.createdAt) ? 'viewing' : 'ended'
}

/** The next instant at which the state changes by itself, if nothing is heard until then. */
export function nextChange(role: Role, session: SessionTimes, now: number): number {
  const rule = rowOf(role).session
  const ends = [actingEnd(role, session.createdAt), lastEnd(role, session.createdAt)]
  if (rule.idle !== null) ends.push(session.lastSeenAt + rule.idle)
  return Math.min(...ends.filter((end) => end > now))
}
