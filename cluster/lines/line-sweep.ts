// Connections of a broker that died: nobody else can tell that they broke. The owner of a partition says it in the broker's
// name, with the very entry that the broker would have written.
import type { Redis } from 'ioredis'
import { linesOf } from '../keys.ts'
import { BELIEVED_MS } from '../node-board.ts'
import type { NodeBoard } from '../node-board.ts'
import type { StreamWriter } from '../streams/stream-writer.ts'
import { writePresence } from './line-scripts.ts'

export interface LineSweepOptions {
  readonly redis: Redis
  readonly writer: StreamWriter
  readonly board: Pick<NodeBoard, 'all'>
  /** The partitions that are one's own. */
  readonly owned: () => Iterable<number>
  /** Monotonic and wall time, ms. */
  readonly now: () => number
  readonly wall: () => number
  readonly failed: (error: unknown) => void
  readonly everyMs?: number
  /** How long a broker may be off the board. */
  readonly graceMs?: number
}

const EVERY_MS = 3_000

export class LineSweep {
  private readonly options: LineSweepOptions
  /** Since when a broker has been missing without a break. */
  private missing = new Map<string, number>()
  private timer: NodeJS.Timeout | null = null
  private sweeping: Promise<void> | null = null

  constructor(options: LineSweepOptions) {
    this.options = options
  }

  start(): void {
    this.timer ??= setInterval(() => void this.sweep(), this.options.everyMs ?? EVERY_MS)
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer)
    await this.sweeping
  }

  sweep(): Promise<void> {
    return (this.sweeping ??= this.sweepOnce().finally(() => (this.sweeping = null)))
  }

  private async sweepOnce(): Promise<void> {
    const { redis, board, owned, now, failed, graceMs = 2 * BELIEVED_MS } = this.options
    try {
      const live = new Set((await board.all()).map(({ id }) => id))
      const partitions = [...owned()]
      const pipeline = redis.pipeline()
      for (const partition of partitions) pipeline.hgetall(linesOf(partition))
      const answers = (await pipeline.exec()) ?? []
      const lines = answers.flatMap(([error, hash]) => {
        if (error !== null) throw error
        return Object.entries(hash as Record<string, string>)
      })
      const at = now()
      const gone = new Set(lines.map(([, broker]) => broker).filter((broker) => !live.has(broker)))
      this.missing = new Map([...gone].map((broker) => [broker, this.missing.get(broker) ?? at]))
      for (const [deviceId, broker] of lines)
        if (at - (this.missing.get(broker) ?? at) >= graceMs) this.tellBroken(deviceId, broker)
    } catch (error) {
      // Who cannot read the board knows of nobody that he is missing.
      this.missing = new Map()
      failed(error)
    }
  }

  private tellBroken(deviceId: string, node: string): void {
    const { writer, wall } = this.options
    const entry = { type: 'presence', deviceId, connected: false, politely: false, at: wall(), node } as const
    // What could not be written is found again in the next round.
    writePresence(writer, entry, () => undefined)
  }
}
