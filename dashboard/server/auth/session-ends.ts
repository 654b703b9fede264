// When a sign-in ends, by role. A duty desk is never blank at 3 a.m.: after its 26 hours it still shows and sounds, and only
// acts ask for a new sign-in.
import type { Role } from '../../../contract/http/people.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

export interface SessionRule {
  /** From sign-in until acts need a new one, ms. */
  readonly acting: number
  /** How much longer it may look on after that, ms. */
  readonly viewing: number
  /** Without a request for this long it ends, ms; null: never by idleness. */
  readonly idle: number | null
  /** An open feed counts as activity. */
  readonly feedKeepsAlive: boolean
}

export const SESSION_RULES = {
  duty: { acting: 26 * HOUR, viewing: 7 * DAY, idle: 8 * HOUR, feedKeepsAlive: true },
  manager: { acting: 30 * DAY, viewing: 0, idle: null, feedKeepsAlive: true },
  admin: { acting: 12 * HOUR, viewing: 0, idle: 0.5 * HOUR, feedKeepsAlive: false },
} as const satisfies Record<Role, SessionRule>

export type SessionState = 'acting' | 'viewing' | 'ended'

export interface SessionTimes {
  readonly createdAt: number
  readonly lastSeenAt: number
}

/** When the ledger may forget it: after acting and viewing. */
export const lastEnd = (role: Role, createdAt: number): number =>
  createdAt + SESSION_RULES[role].acting + SESSION_RULES[role].viewing

export const actingEnd = (role: Role, createdAt: number): number => createdAt + SESSION_RULES[role].acting

export function sessionState(role: Role, session: SessionTimes, now: number): SessionState {
  const rule: SessionRule = SESSION_RULES[role]
  if (rule.idle !== null && now >= session.lastSeenAt + rule.idle) return 'ended'
  if (now < actingEnd(role, session.createdAt)) return 'acting'
  return now < lastEnd(role, session.createdAt) ? 'viewing' : 'ended'
}

/** The next instant at which the state changes by itself, if nothing is heard until then. */
export function nextChange(role: Role, session: SessionTimes, now: number): number {
  const rule: SessionRule = SESSION_RULES[role]
  const ends = [actingEnd(role, session.createdAt), lastEnd(role, session.createdAt)]
  if (rule.idle !== null) ends.push(session.lastSeenAt + rule.idle)
  return Math.min(...ends.filter((end) => end > now))
}
