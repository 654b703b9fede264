// What the door asks before it lets anything through. Two answers exist: the hub's own (device-policy.ts) and the open one
// that public conformance suites need (open-policy.ts). Guard, limits, order and acknowledgements are the same for both.
import type { QoS } from './packets.ts'
import type { RefusalReason } from './refusals.ts'

/** Who is on a connection, once it is known. */
export interface Identity {
  /** The session's id inside the broker; in its owner's namespace, so nobody can take another's. */
  readonly clientId: string
  /** Null under the open policy. */
  readonly deviceId: string | null
}

/** What a CONNECT claims. */
export interface Claim {
  readonly clientId: string
  readonly username: string | null
  readonly password: Buffer | null
}

export type Admission =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly reason: RefusalReason; readonly deviceId: string | null }

/** Where a publication goes. */
export interface Route {
  /** Whose rate it counts against; null = nobody's. */
  readonly meter: string | null
  /** Whether a will may ask to be retained here. */
  readonly mayRetain: boolean
  /** False when the answer may change during the connection and must be asked again for every message. */
  readonly lasting: boolean
  /** Calls `done` once: without an error when the message is safe and may be acknowledged. */
  accept(publication: Publication, done: (error?: Error) => void): void
}

export interface Publication {
  readonly topic: string
  /** A view of the receive buffer: copy what is to be kept beyond `done`. */
  readonly payload: Buffer
  readonly qos: QoS
  readonly retain: boolean
  /** Hub wall time of receipt, ms. */
  readonly receivedAt: number
  readonly will: boolean
}

export interface Policy {
  admit(claim: Claim): Promise<Admission>
  /** For a PUBLISH, for a will at CONNECT, and for the same will when it fires. `topic` is a well-formed topic name. */
  route(identity: Identity, topic: string): Route | RefusalReason
  /** Null when the filter may be subscribed to. */
  refuseSubscription(identity: Identity, filter: string): RefusalReason | null
  /** Asked for every single message on its way out: rights may have changed since the SUBSCRIBE. */
  mayReceive(identity: Identity, topic: string): boolean
}

/** What a policy may use of the broker behind it. */
export interface Backbone {
  /** Delivers to subscribers and retains if asked to. */
  publish(publication: Publication, done: (error?: Error) => void): void
  /** Keeps the newest payload of a topic, or forgets it when the payload is empty. */
  retain(publication: Publication): void
}
