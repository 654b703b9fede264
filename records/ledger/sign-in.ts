// What guards sign-in, as the ledger's callers see it. No secret leaves but at its making; the second factor's is asked for to
// compare.
import type { Handover } from '../../contract/http/sign-in.ts'
import type { Actor, UserRecord } from '../ledger.ts'

export interface SecondFactor {
  /** Base32. */
  readonly secret: string
  readonly createdAt: number
  /** null: begun, not in force. */
  readonly confirmedAt: number | null
  readonly recoveryCodesLeft: number
}

export interface SecondFactors {
  of(userId: string): Promise<SecondFactor | null>
  /** Keeps a secret that is not in force yet, in the place of one that was begun before. Refused while one is in force. */
  begin(actor: Actor, secret: string): Promise<void>
  /** In force from now on, with these recovery codes. `step`: of the code that proved it, which is thereby spent. */
  confirm(actor: Actor, step: number, recoveryCodes: readonly string[]): Promise<void>
  /** Takes the code of a step, once: false for that step and those before it from then on. */
  spend(userId: string, step: number): Promise<boolean>
  /** Takes a recovery code, once. */
  recover(actor: Actor, code: string): Promise<boolean>
  /** By themself or by an administrator. Answers false if there is none. */
  remove(actor: Actor, userId: string): Promise<boolean>
}

export interface Invitations {
  /** A code for the one link that sets this person's password; the one before is worthless. */
  create(actor: Actor, userId: string, endsAt: number): Promise<string>
  /** Whom it invites; null: unknown, used, withdrawn, past its end, or of a disabled user. */
  find(code: string, now: number): Promise<{ user: UserRecord; endsAt: number } | null>
  /** Sets the password, once; ends the user's sessions. False as `find` answers null. */
  accept(address: string, code: string, passwordHash: string, now: number): Promise<boolean>
  /** Answers false if there is none. */
  withdraw(actor: Actor, userId: string): Promise<boolean>
}

/** Browsers in which somebody has signed in before: their tries are counted apart from everybody else's. */
export interface KnownBrowsers {
  knows(secret: string, userId: string): Promise<boolean>
  /** Answers the secret to keep: the given one if this browser is known for anyone, else a new one. */
  remember(secret: string | null, userId: string): Promise<string>
}

export interface OffBoarding {
  readonly successorId: string | null
  readonly end: 'disable' | 'delete'
}
export interface OffBoard {
  /** What would go to a successor, and who may be one. */
  preview(userId: string): Promise<Handover>
  /** In one transaction: their places and leases to the successor, their sessions and tokens gone, they disabled or deleted. */
  carryOut(actor: Actor, userId: string, how: OffBoarding): Promise<Handover>
}
