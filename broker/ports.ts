// What the broker needs from the rest of the hub. It knows devices, topics and bytes; never what a payload means.
import type { RefusalReason } from './refusals.ts'

/** One PUBLISH that passed authentication, ACL and limits. */
export interface InboundMessage {
  /** Who is logged in on the connection (a gateway, when it speaks for a child). */
  readonly publisherId: string
  /** Whose data it is, by the topic. */
  readonly deviceId: string
  readonly channel: 'readings' | 'events' | 'status' | 'replies'
  /** A view of the receive buffer: copy what is to be kept after `done`. */
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  /** Hub wall time of receipt, ms. */
  readonly receivedAt: number
  /** True for the will of a connection that broke. */
  readonly will: boolean
}

/**
 * Takes messages for good. `done` is called once for every message, in the order of `accept` calls of one publisher:
 * without an error when the message and everything it caused is durable (the PUBACK follows), with an error when it is
 * not (the connection closes without a PUBACK and the device sends again). A QoS 0 message may be dropped under
 * overload; its `done` is then called without an error and the drop is counted by the intake.
 */
export interface Intake {
  accept(message: InboundMessage, done: (error?: Error) => void): void
}

/** Why a login was refused. */
export type LoginRefusal = 'unknown_device' | 'wrong_token' | 'retired'

/** Who may log in, and for whom a gateway may speak. Answers from memory: the broker asks on every connection. */
export interface Credentials {
  login(deviceId: string, token: Uint8Array): Promise<{ ok: true } | { ok: false; reason: LoginRefusal }>
  isChildOf(gatewayId: string, deviceId: string): boolean
}

/** What the broker tells. Calls must not throw and must return at once. */
export interface BrokerObserver {
  /**
   * The first connection of a device opened (`true`) or its last one closed (`false`). `politely`: its line did not drop. The
   * device said DISCONNECT, as those do that only wake up to report; or the hub ended the connection because its token was
   * replaced, the device was retired, or a message could not be stored.
   */
  presence(deviceId: string, connected: boolean, at: number, politely: boolean): void
  /**
   * A login, subscription, will, publish or connection that was refused or slowed. `deviceId` is the claimed one until the
   * login was right; `address` the peer's IP address. Slowing is told once an episode, not once a message.
   */
  refused(reason: RefusalReason, deviceId: string | null, address: string | null): void
}
