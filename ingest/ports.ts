// What the pipeline needs from the rest of the hub, and what it tells.
import type { ActRefusal, Transition } from '../contract/alarms.ts'
import type { UpChannel } from '../contract/topics.ts'
import type { CommittedTransition, NewRejection } from '../records/ledger.ts'
import type { StoredInput } from './readings/port.ts'

/** A PUBLISH, as the broker hands it over. */
export interface Message {
  readonly deviceId: string
  readonly channel: UpChannel
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  /** Hub wall time, ms. */
  readonly receivedAt: number
  /** The broker publishes it in the device's name, because its connection broke. */
  readonly will: boolean
  /** Its place in the stream that keeps it until it is decided; absent: the hub numbers what it takes itself. */
  readonly position?: number
}

export interface Clock {
  /** Hub time: monotonic, anchored to wall time at the process's start, ms. */
  now(): number
  /** Wall time, ms. */
  wall(): number
}

/** What the pipeline tells, always after the commit. Calls must return at once and must not throw. */
export interface PipelineListener {
  /** In the order of the ledger. Told at least once: after a failure whose outcome was unknown, again. */
  transitions(committed: readonly CommittedTransition[]): void
  /** Inputs that are now durable. */
  stored(inputs: readonly StoredInput[]): void
  presence(deviceId: string, online: boolean, at: number): void
  /** Samples of what was rejected, redacted. */
  rejected(samples: readonly NewRejection[]): void
  /** A device's first message came. */
  inService(deviceId: string): void
  /** Commits began to fail (the sentence says why), or work again (null). */
  storing(problem: string | null): void
}

export type ActOutcome =
  { readonly ok: true; readonly transition: Transition } | { readonly ok: false; readonly refusal: ActRefusal }

/** Named points of the path from a PUBLISH to its PUBACK, for tests that end the process there. */
export const FAULT_POINTS = [
  'pipeline.accepted',
  'pipeline.decided',
  'pipeline.batch_taken',
  'pipeline.before_writes',
  'pipeline.readings_started',
  'pipeline.journal_started',
  'pipeline.readings_committed',
  'pipeline.journal_committed',
  'pipeline.both_committed',
  'pipeline.before_told',
  'pipeline.told',
  'pipeline.acknowledged',
] as const
export type FaultPoint = (typeof FAULT_POINTS)[number]
