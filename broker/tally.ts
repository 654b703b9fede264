// What the broker counted since it started: numbers only, one object, read by metrics and tests.
import { REFUSAL_REASONS, type RefusalReason } from './refusals.ts'

export interface BrokerCounters {
  /** Refused or slowed, by reason. */
  readonly refused: Readonly<Record<RefusalReason, number>>
  /** Messages handed to the intake, then made safe, then failed; wills included. */
  readonly taken: number
  readonly stored: number
  readonly failed: number
  /** Logins that led to a CONNACK 0. */
  readonly opened: number
  readonly commandsSent: number
  /** Now: connections, sockets still logging in, messages and bytes not yet safe. */
  readonly connections: number
  readonly unauthenticated: number
  readonly inFlight: number
  readonly inFlightBytes: number
  /** Now: sessions kept, messages queued for them, retained messages; and what did not fit. */
  readonly sessions: number
  readonly queued: number
  readonly queueDropped: number
  readonly retained: number
  readonly retainDropped: number
}

export class Tally {
  readonly refused = Object.fromEntries(REFUSAL_REASONS.map((reason) => [reason, 0])) as Record<RefusalReason, number>
  taken = 0
  stored = 0
  failed = 0
  opened = 0
  commandsSent = 0
  inFlightBytes = 0

  get inFlight(): number {
    return this.taken - this.stored - this.failed
  }
}
