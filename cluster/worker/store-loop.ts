// From the streams to the store of readings, beside the decisions and never in their way: what stands behind a partition's mark
// is decoded again, written in big batches across partitions, and then the mark moves. A store that is away holds up the marks
// alone; what is written twice is stored once.
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { KindName } from '../../contract/kinds/kind.ts'
import { decodeNative } from '../../ingest/codecs/native.ts'
import type { ReadingStore, StoredInput } from '../../ingest/readings/port.ts'
import type { Held, Partitions } from '../../records/ledger/cluster.ts'
import type { MessageEntry } from '../entry.ts'
import { readAfter } from '../streams/stream-reader.ts'

/** A partition that this worker owns, as far as its readings are concerned. */
export interface StoredPartition extends Held {
  /** Everything up to here was read by whoever decides; what stands behind it is not looked for. */
  readonly read: () => number
}

export interface StoreLoopOptions {
  readonly redis: Redis
  readonly store: Pick<ReadingStore, 'append'>
  readonly partitions: Pick<Partitions, 'markStored'>
  /** undefined: there is no such device. */
  readonly kindOf: (deviceId: string) => string | undefined
  readonly wall: () => number
  /** Readings do not reach the store (why), or do again (null). */
  readonly problem: (problem: string | null) => void
  readonly wrote?: (inputs: number, ms: number) => void
}

const READ_ENTRIES = 1_000
/** Stores cut it to their size. A write costs them a good deal by itself: with 5,000, two cores stored 23 k messages/s, not 33 k. */
const BATCH_INPUTS = 20_000
/** Between rounds while little comes, ms: what comes meanwhile is written together. */
const PAUSE_MS = 250
const RETRY_PAUSES_MS = [100, 250, 500, 1_000, 2_000, 5_000] as const

interface Mark {
  readonly partition: StoredPartition
  /** Everything up to here is in the store. */
  stored: number
  /** And everything up to here is marked so in the ledger. */
  marked: number
}

export class StoreLoop {
  private readonly options: StoreLoopOptions
  private readonly marks = new Map<number, Mark>()
  private readonly stopping = new AbortController()
  private running: Promise<void> | null = null
  private failing: string | null = null

  constructor(options: StoreLoopOptions) {
    this.options = options
  }

  start(): void {
    this.running ??= this.run()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
  }

  add(partition: StoredPartition, stored: number): void {
    this.marks.set(partition.partition, { partition, stored, marked: stored })
  }

  remove({ partition, epoch }: Held): void {
    if (this.marks.get(partition)?.partition.epoch === epoch) this.marks.delete(partition)
  }

  /** Everything up to here is in the store, and the ledger says so; 0: it is not one's own. */
  storedOf(partition: number): number {
    return this.marks.get(partition)?.marked ?? 0
  }

  /** Why readings do not reach the store; null: they do. */
  get problem(): string | null {
    return this.failing
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      try {
        const full = await this.round()
        if (!full) await pause(PAUSE_MS, signal)
      } catch {
        // Redis or the ledger is away; others say so.
        await pause(RETRY_PAUSES_MS[3], signal)
      }
    }
  }

  /** Answers whether more may wait than one round takes. */
  private async round(): Promise<boolean> {
    const inputs: StoredInput[] = []
    const reached = new Map<Mark, number>()
    let full = false
    for (const mark of inRandomOrder([...this.marks.values()])) {
      const { partition, stored } = mark
      if (partition.read() <= stored) continue
      const { redis, wall } = this.options
      const batch = await readAfter(redis, partition.partition, stored, { count: READ_ENTRIES, wall: wall() })
      for (const { entry } of batch.entries) if (entry.type === 'message') inputs.push(...this.inputsOf(entry))
      reached.set(mark, batch.upTo)
      full ||= batch.entries.length >= READ_ENTRIES
      if (inputs.length >= BATCH_INPUTS) {
        full = true
        break
      }
    }
    if (inputs.length > 0 && !(await this.write(inputs))) return false
    for (const [mark, upTo] of reached) await this.mark(mark, upTo)
    return full
  }

  private inputsOf({ deviceId, channel, payload, receivedAt, will }: MessageEntry): StoredInput[] {
    const kind = this.options.kindOf(deviceId)
    if (kind === undefined || kind === 'hub' || channel === 'replies') return []
    const { readings, events } = decodeNative({
      ...{ deviceId, channel, payload, receivedAt, will },
      kind: kind as KindName,
      position: 0,
      // The same entry gives the same times, whoever decodes it.
      lastReceiptTs: 0,
    })
    return [...readings.filter(({ values }) => Object.keys(values).length > 0), ...events]
  }

  /** Until the store has it. Answers false when the loop is to end first. */
  private async write(inputs: readonly StoredInput[]): Promise<boolean> {
    const { store, wrote } = this.options
    const { signal } = this.stopping
    for (let attempt = 0; !signal.aborted; attempt++) {
      const began = performance.now()
      try {
        await store.append(inputs)
        wrote?.(inputs.length, performance.now() - began)
        this.say(null)
        return true
      } catch (error) {
        this.say((error as Error).message)
        const wait = RETRY_PAUSES_MS[Math.min(attempt, RETRY_PAUSES_MS.length - 1)] as number
        await pause(wait * (0.5 + Math.random()), signal)
      }
    }
    return false
  }

  private async mark(mark: Mark, upTo: number): Promise<void> {
    mark.stored = upTo
    const { partition, epoch } = mark.partition
    if (this.marks.get(partition) !== mark) return
    // Fenced: whoever owns it now has its own mark and stores from there.
    if (await this.options.partitions.markStored({ partition, epoch }, upTo)) mark.marked = upTo
  }

  private say(problem: string | null): void {
    if (problem === this.failing) return
    this.failing = problem
    this.options.problem(problem)
  }
}

/** So that none waits behind the same others every time. */
function inRandomOrder<T>(items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[items[i], items[j]] = [items[j] as T, items[i] as T]
  }
  return items
}

/** Ends early when there is nothing to wait for any more. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, { signal }).catch(() => undefined)
