// Telephones: where each user is reached, and what came of it.
import type { PushLanguage, PushState } from '../../contract/http/push.ts'
import type { Role } from '../../contract/role-names.ts'
import type { Actor } from '../ledger.ts'
import type { Scope } from '../scope.ts'

export interface NewSubscription {
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
  readonly language: PushLanguage
}

/** A telephone of somebody who is signed in on it. */
export interface Subscription extends NewSubscription {
  readonly id: string
  readonly userId: string
  readonly role: Role
  readonly scope: Scope
  /** Of the session it lives with. */
  readonly session: { readonly createdAt: number; readonly lastSeenAt: number }
}

export interface Push {
  /** Under the session it was made in; an endpoint that is known changes hands. The oldest of too many goes. */
  subscribe(actor: Actor, sessionId: string, subscription: NewSubscription): Promise<void>
  /** One's own; nothing happens when there is none. */
  unsubscribe(actor: Actor, endpoint: string): Promise<void>
  /** The push service says that it is no longer. */
  gone(id: string): Promise<void>
  /** Of users who are neither disabled nor signed out. */
  subscriptions(now: number, userId?: string): Promise<Subscription[]>
  sent(delivery: {
    readonly id: string
    readonly userId: string
    readonly alarmId: string | null
    readonly at: number
  }): Promise<void>
  /** False unless that delivery is the user's own; the first receipt counts. */
  received(userId: string, id: string, at: number): Promise<boolean>
  figures(userId: string, now: number): Promise<Omit<PushState, 'key'>>
}
