// The time-series port: what the pipeline and the dashboard need from a store of readings.

/** Where a sample's time comes from: its own `ts`, or receipt because `ts` was missing or not believable. */
export type TimeQuality = 'device' | 'received' | 'suspect'

/** One sample of one device: values by metric name. (deviceId, ts) is one reading; the same ts with other metrics merges. */
export interface StoredReading {
  readonly type: 'reading'
  readonly position: number
  readonly deviceId: string
  readonly kind: string
  /** Sample time, ms. */
  readonly ts: number
  /** Hub wall time of receipt, ms. */
  readonly receivedAt: number
  readonly quality: TimeQuality
  readonly values: Readonly<Record<string, number>>
}

/** An event or a status, kept in arrival order beside the readings. */
export interface StoredEvent {
  readonly type: 'event' | 'status'
  readonly position: number
  readonly deviceId: string
  readonly kind: string
  readonly ts: number
  readonly receivedAt: number
  readonly quality: TimeQuality
  /** The event's name; for a status its state. */
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

export type StoredInput = StoredReading | StoredEvent

/**
 * One bucket of a series; `t` is the bucket's start, ms. Buckets without samples are left out. `late` of its samples came
 * long after they were measured, `suspect` of them carried a time that cannot be believed; absent: none.
 */
export interface SeriesPoint {
  readonly t: number
  readonly min: number
  readonly mean: number
  readonly max: number
  readonly last: number
  readonly count: number
  readonly late?: number
  readonly suspect?: number
}

/**
 * What a cumulative counter (kWh) ran up: the sum of its rises. A fall is a restart, or another device under the same id, and
 * begins anew. Of days whose readings retention has dropped, times are those of whole hours, and of an hour with more
 * than one fall, `consumed` is a lower bound.
 */
export interface CounterRun {
  readonly first: { readonly ts: number; readonly value: number }
  readonly last: { readonly ts: number; readonly value: number }
  readonly consumed: number
  readonly falls: number
  /** Days in China with at least one reading, counted from 1970. */
  readonly days: readonly number[]
}

export interface LatestValue {
  readonly metric: string
  readonly value: number
  readonly ts: number
}

export interface RetentionPolicy {
  readonly rawDays: number
  readonly minuteDays: number
  readonly hourDays: number
}

/** What is asked of readings, wherever they are kept. Devices and metrics that nobody stored have no readings. */
export interface ReadingQueries {
  /** At most `points` buckets of one metric over [from, to), duplicates of (device, ts) counted once. */
  series(query: {
    deviceId: string
    kind: string
    metric: string
    from: number
    to: number
    points: number
  }): Promise<SeriesPoint[]>
  /** A counter over [from, to); null: it said nothing. */
  counter(query: {
    deviceId: string
    kind: string
    metric: string
    from: number
    to: number
  }): Promise<CounterRun | null>
  /** Each metric's newest value of a device. */
  latest(deviceId: string, kind: string): Promise<LatestValue[]>
  /** Events of a device, newest first. */
  events(query: { deviceId: string; from: number; to: number; limit: number }): Promise<StoredEvent[]>
  /** Raw readings of a device in order of time, for export. */
  export(query: { deviceId: string; kind: string; from: number; to: number }): AsyncIterable<StoredReading>
}

export interface ReadingStore extends ReadingQueries {
  /**
   * Opens (and creates or widens) the store. `position` is the highest position stored, 0 when empty. After a rejected
   * append the store takes nothing until it is started again; what of the rejected batches is stored, is then told.
   * Of one that runs and has not failed it asks only where it stands.
   * `repaired` says, for the operator, what was found damaged and how it was mended.
   */
  start(): Promise<{ position: number; repaired?: string }>
  /** Resolves when every input is durable; rejects when none of them may be taken as durable. Batches commit in call order. */
  append(inputs: readonly StoredInput[]): Promise<void>
  /** Stored inputs with a greater position, in order of position. For re-deciding after a crash. */
  after(position: number): AsyncIterable<StoredInput>
  /**
   * Drops what the policy no longer keeps, seals finished days, rolls up. `now` is wall time, ms. Sealing merges duplicates,
   * so inputs after `decided`, the position up to which every decision is in the ledger, are left as they arrived.
   */
  maintain(now: number, retention: RetentionPolicy, decided?: number): Promise<void>
  /** Finishes what was appended, closes. Idempotent. */
  stop(): Promise<void>
}

/**
 * A store on another machine. It keeps what was measured, not the order of arrival: readings come back with position 0, and
 * whoever must read again what it has not decided keeps that order himself (the streams of a cluster, the spool of a hub).
 */
export interface RemoteStore extends ReadingQueries {
  /**
   * Looks whether the store can be used. Throws StoreUnusableError when it must not be used as it is set up, and
   * StoreUnavailableError when it cannot be reached; then whatever is asked next looks again.
   */
  start(): Promise<void>
  /**
   * Resolves when every input outlives the death of the store's process; rejects when it is not known that they do. The same
   * inputs may be appended any number of times, in any order: each is stored once.
   */
  append(inputs: readonly StoredInput[]): Promise<void>
  /** What the store does not do by itself. `now` is wall time, ms. */
  maintain(now: number, retention: RetentionPolicy): Promise<void>
  /** Finishes what was appended as far as the store takes it now, closes. Idempotent. */
  stop(): Promise<void>
}
