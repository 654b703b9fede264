// What every dialect's codec gives: samples, events and status in the hub's own shapes, and what it had to reject.
import type { KindName } from '../../contract/kinds/kind.ts'
import type { RejectionReason, ReplyPayload } from '../../contract/payloads.ts'
import type { UpChannel } from '../../contract/topics.ts'
import type { StoredEvent, StoredReading } from '../readings/port.ts'

/** A part of a payload that was not taken. `detail` names the metric, the event or the place in the array. */
export interface Rejected {
  readonly reason: RejectionReason
  readonly detail: string
}

export interface DecodedReading extends StoredReading {
  /** Metrics that came with this sample but were not taken: they never clear an alarm, they freeze it (G4). */
  readonly badMetrics?: readonly string[]
}

export interface Decoded {
  readonly readings: readonly DecodedReading[]
  readonly events: readonly StoredEvent[]
  readonly replies: readonly ReplyPayload[]
  readonly rejected: readonly Rejected[]
  /** How far the device's clock runs ahead of the hub's, ms, if more than is believed; 0 otherwise. */
  readonly clockAheadMs: number
  /** Data points in the payload: what was taken plus what was rejected (G10). */
  readonly points: number
}

/** What a codec needs to know about a message. Positions are given to samples in payload order, from `position` on. */
export interface Encoded {
  readonly deviceId: string
  readonly kind: KindName
  readonly channel: UpChannel
  readonly payload: Uint8Array
  readonly receivedAt: number
  readonly will: boolean
  readonly position: number
  /** Receipt times already given to this device's samples without a `ts` are not given again: the newest of them, ms. */
  readonly lastReceiptTs: number
}
