// Reading the partitions that a worker owns, with one blocking connection for all of them: whoever wants the next entries of a
// partition asks, and is answered as soon as there are some. Who does not ask is not read: nothing heaps up here.
import type { Redis } from 'ioredis'
import { streamOf } from '../keys.ts'
import { batchOf } from './stream-batch.ts'
import type { RawEntry, StreamBatch } from './stream-batch.ts'
import { idOf } from './opening.ts'

export interface StreamReaderOptions {
  /** `blocking`, of its own. */
  readonly blocking: Redis
  /** Any other: it calls the blocking one back when another partition is asked for. */
  readonly redis: Redis
  readonly wall: () => number
  /** Reading fails (why), or works again (null). */
  readonly reading?: (problem: string | null) => void
}

interface Asked {
  readonly partition: number
  readonly after: number
  readonly resolve: (batch: StreamBatch | null) => void
}

const BLOCK_MS = 2_000
/** Entries of one answer in all, and of one partition at least: payloads may be large. */
const ENTRIES = 2_048
const ENTRIES_EACH = 32
const ENTRIES_MOST = 512
/** How soon it is tried again to call back a reader that was not blocked yet, ms. */
const AGAIN_MS = 5
const RETRY_MS = 100

type Answer = readonly (readonly [Buffer, readonly RawEntry[]])[]

export class StreamReader {
  private readonly options: StreamReaderOptions
  private readonly asked = new Map<number, Asked>()
  private begun: (() => void) | null = null
  /** Those that the answer under way is for; null: none is under way. */
  private underWay: ReadonlySet<Asked> | null = null
  private clientId: number | null = null
  private callingBack = false
  private problem: string | null = null
  private running: Promise<void> | null = null
  private stopped = false

  constructor(options: StreamReaderOptions) {
    this.options = options
  }

  start(): void {
    this.options.blocking.on('close', this.disconnected)
    this.running ??= this.run()
  }

  /**
   * The next entries behind `after`, when there are some; null when it is called off. While Redis is away it waits. One at a
   * time a partition.
   */
  next(partition: number, after: number): Promise<StreamBatch | null> {
    if (this.stopped) return Promise.resolve(null)
    this.cancel(partition)
    return new Promise((resolve) => {
      this.asked.set(partition, { partition, after, resolve })
      this.begun?.()
      if (this.underWay !== null) void this.callBack()
    })
  }

  /** The partition is not one's own any more: what was asked for it is answered with null. */
  cancel(partition: number): void {
    const asked = this.asked.get(partition)
    this.asked.delete(partition)
    asked?.resolve(null)
  }

  async stop(): Promise<void> {
    this.stopped = true
    for (const partition of this.asked.keys()) this.cancel(partition)
    this.begun?.()
    this.options.blocking.off('close', this.disconnected)
    // Ends a read that blocks.
    this.options.blocking.disconnect()
    await this.running
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      if (this.asked.size === 0) {
        await new Promise<void>((resolve) => (this.begun = resolve))
        this.begun = null
        continue
      }
      try {
        await this.readOnce()
        this.say(null)
      } catch (error) {
        if (this.stopped) return
        this.say((error as Error).message)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  private async readOnce(): Promise<void> {
    const { blocking } = this.options
    this.clientId ??= Number(await blocking.client('ID'))
    const asked = [...this.asked.values()]
    if (asked.length === 0) return
    const each = Math.max(ENTRIES_EACH, Math.min(ENTRIES_MOST, Math.floor(ENTRIES / asked.length)))
    const keys = asked.map(({ partition }) => streamOf(partition))
    const ids = asked.map(({ after }) => idOf(after))
    this.underWay = new Set(asked)
    try {
      const answer = (await blocking.xreadBuffer(
        ...(['COUNT', each, 'BLOCK', BLOCK_MS, 'STREAMS', ...keys, ...ids] as const),
      )) as Answer | null
      for (const [key, raw] of answer ?? []) this.give(asked[keys.indexOf(key.toString())] as Asked, raw)
    } finally {
      this.underWay = null
    }
  }

  private give(asked: Asked, raw: readonly RawEntry[]): void {
    // Called off, or asked anew from elsewhere, while Redis was reading.
    if (this.asked.get(asked.partition) !== asked) return
    this.asked.delete(asked.partition)
    asked.resolve(batchOf(asked.partition, asked.after, raw, this.options.wall()))
  }

  /** The read that blocks does not know of what was asked since: it is ended, so that the next one does. */
  private async callBack(): Promise<void> {
    if (this.callingBack) return
    this.callingBack = true
    try {
      while (!this.stopped && this.isUnknown() && this.clientId !== null) {
        await this.options.redis.client('UNBLOCK', this.clientId)
        // Redis may not have seen the read yet when it was told to end it.
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      }
    } catch {
      // It blocks two seconds at most.
    } finally {
      this.callingBack = false
    }
  }

  private isUnknown(): boolean {
    const { underWay } = this
    return underWay !== null && [...this.asked.values()].some((asked) => !underWay.has(asked))
  }

  private readonly disconnected = (): void => {
    this.clientId = null
  }

  private say(problem: string | null): void {
    if (problem === this.problem) return
    this.problem = problem
    this.options.reading?.(problem)
  }
}

/** What stands behind `after`, without waiting; for whoever reads at his own pace. Rejects while Redis is away. */
export async function readAfter(
  redis: Redis,
  partition: number,
  after: number,
  { count, wall }: { readonly count: number; readonly wall: number },
): Promise<StreamBatch> {
  const raw = await redis.xrangeBuffer(streamOf(partition), `(${idOf(after)}`, '+', 'COUNT', count)
  return batchOf(partition, after, raw, wall)
}

/** Removes what is decided and stored; by the owner alone. */
export const trimStream = async (redis: Redis, partition: number, upTo: number): Promise<void> => {
  await redis.xtrim(streamOf(partition), 'MINID', idOf(upTo + 1))
}
