// What the store's thread and the worker say to each other.
import type { PackedGroup } from './packer.ts'
import type { CounterRun, LatestValue, RetentionPolicy, StoredEvent, StoredInput, StoredReading } from './port.ts'
import type { ReadingKinds } from './schema.ts'

export interface WorkerOptions {
  readonly file: string
  readonly temporary: string
  readonly kinds: ReadingKinds
  readonly memoryLimitMb: number
  /** Rows in an open table that make it worth sealing before its day has ended. */
  readonly sealRows: number
  /** Bytes of write-ahead log that make a checkpoint due. */
  readonly checkpointBytes: number
}

export interface SeriesQuery {
  readonly device: number
  readonly kind: string
  readonly metric: string
  readonly from: number
  readonly to: number
  readonly points: number
}

export type CounterQuery = Omit<SeriesQuery, 'points'>

/** Questions to the worker and their answers. Devices are keys here; ids stay on the store's side except in replays. */
export interface Requests {
  /** Packed: see `series-rows.ts`. */
  series: { ask: SeriesQuery; answer: Float64Array }
  counter: { ask: CounterQuery; answer: CounterRun | null }
  latest: { ask: { device: number; kind: string }; answer: LatestValue[] }
  events: { ask: { device: number; from: number; to: number; limit: number }; answer: StoredEvent[] }
  /** One page of the replay; `next` is the position to ask from again, undefined at the end. */
  after: { ask: { position: number }; answer: { inputs: StoredInput[]; next: number | undefined } }
  export: {
    ask: { device: number; kind: string; from: number; to: number }
    answer: { readings: StoredReading[]; next: number | undefined }
  }
  maintain: { ask: { now: number; retention: RetentionPolicy; decided: number }; answer: undefined }
}

export type RequestName = keyof Requests

export type ToWorker =
  | { readonly say: 'commit'; readonly group: PackedGroup }
  | {
      readonly say: 'request'
      readonly id: number
      readonly name: RequestName
      readonly ask: Requests[RequestName]['ask']
    }
  | { readonly say: 'close' }

export type FromWorker =
  | {
      readonly say: 'opened'
      readonly position: number
      readonly devices: Map<string, number>
      readonly repaired: string | undefined
    }
  | { readonly say: 'open_failed'; readonly message: string }
  | { readonly say: 'committed'; readonly buffers: { kind: string; buffer: ArrayBuffer }[] }
  | { readonly say: 'commit_failed'; readonly message: string }
  | { readonly say: 'answer'; readonly id: number; readonly answer: Requests[RequestName]['answer'] }
  | { readonly say: 'refused'; readonly id: number; readonly message: string }
  | { readonly say: 'closed' }
