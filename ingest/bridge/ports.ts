// What a bridge needs from the rest of the hub.
import type { KindName } from '../../contract/kinds/kind.ts'
import type { Message } from '../ports.ts'

/** A PUBLISH of an external broker. */
export interface BridgedMessage extends Message {
  /** Who spoke there: the gateway for its child, else the device. */
  readonly publisherId: string
}

/**
 * Takes messages for good, as the hub's own broker hands them over: `done` follows the commit, in the order of the calls of
 * one publisher. The payload may be kept until then.
 */
export interface BridgeIntake {
  accept(message: BridgedMessage, done: (error?: Error) => void): void
}

export interface BridgedDevice {
  readonly kind: KindName | 'hub'
  readonly gatewayId: string | null
  /** Names from large to small: areas, then the site. */
  readonly place: readonly string[]
}

/** The devices that are registered. Answers from memory: it is asked for every message. */
export interface Registered {
  get(deviceId: string): BridgedDevice | undefined
}

export interface BridgeLog {
  info(fields: object, line: string): void
  warn(fields: object, line: string): void
}
