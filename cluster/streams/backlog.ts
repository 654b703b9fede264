// How much waits in the streams, so that devices are slowed before Redis is full. Looked at every quarter of a second; what
// this process adds in between is counted on top.
import type { Redis } from 'ioredis'
import { PARTITIONS } from '../../contract/partitions.ts'
import { streamOf } from '../keys.ts'

export interface BacklogBounds {
  /** Entries of one partition from which its devices are slowed, and from which they are refused. */
  readonly slowLength: number
  readonly fullLength: number
  /** The same for what Redis holds in all, as a share of its maxmemory. */
  readonly slowMemory: number
  readonly fullMemory: number
}

/**
 * A quarter of a million entries of 150 bytes are about 50 MB; a partition of the largest county that one cluster is meant for
 * takes an hour to get there. Memory is the bound that counts when all of them grow, as when the store of readings is away.
 */
export const DEFAULT_BOUNDS: BacklogBounds = {
  slowLength: 250_000,
  fullLength: 500_000,
  slowMemory: 0.65,
  fullMemory: 0.8,
}

export type Room = 'free' | 'slow' | 'full'

const LOOK_EVERY_MS = 250
/** What an entry costs beside its payload, bytes. */
const ENTRY_BYTES = 100

export interface BacklogFigures {
  readonly entries: number
  /** Of the longest partition. */
  readonly longest: number
  readonly usedMemory: number
  readonly maxMemory: number
}

export class Backlog {
  private readonly redis: Redis
  private readonly bounds: BacklogBounds
  private readonly looked: () => void
  private readonly lengths = new Array<number>(PARTITIONS).fill(0)
  private usedMemory = 0
  private maxMemory = 0
  private timer: NodeJS.Timeout | null = null
  private looking = false

  /** `looked` is called after every look that succeeded. */
  constructor(redis: Redis, bounds: BacklogBounds, looked: () => void) {
    this.redis = redis
    this.bounds = bounds
    this.looked = looked
  }

  start(): void {
    this.timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS)
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }

  added(partition: number, bytes: number): void {
    this.lengths[partition] = (this.lengths[partition] as number) + 1
    this.usedMemory += bytes + ENTRY_BYTES
  }

  room(partition: number): Room {
    const { slowLength, fullLength, slowMemory, fullMemory } = this.bounds
    const length = this.lengths[partition] as number
    const memory = this.maxMemory === 0 ? 0 : this.usedMemory / this.maxMemory
    if (length >= fullLength || memory >= fullMemory) return 'full'
    return length >= slowLength || memory >= slowMemory ? 'slow' : 'free'
  }

  figures(): BacklogFigures {
    return {
      entries: this.lengths.reduce((sum, length) => sum + length, 0),
      longest: Math.max(...this.lengths),
      usedMemory: this.usedMemory,
      maxMemory: this.maxMemory,
    }
  }

  /** What this process has on its way when it looks is counted at the next look. A failure leaves the figures as they are. */
  async look(): Promise<void> {
    if (this.looking || this.redis.status !== 'ready') return
    this.looking = true
    try {
      const pipeline = this.redis.pipeline().info('memory')
      for (let partition = 0; partition < PARTITIONS; partition++) pipeline.xlen(streamOf(partition))
      const [memory, ...lengths] = (await pipeline.exec()) ?? []
      if (memory?.[0] !== null) return
      const info = String(memory[1])
      this.maxMemory = figureOf(info, 'maxmemory')
      // Buffers of replicas and of the append-only file are not held against maxmemory.
      this.usedMemory = figureOf(info, 'used_memory') - figureOf(info, 'mem_not_counted_for_evict')
      for (const [partition, [error, length]] of lengths.entries())
        if (error === null) this.lengths[partition] = Number(length)
      this.looked()
    } catch {
      // The next look tells; whether entries can be added at all is the writer's to say.
    } finally {
      this.looking = false
    }
  }
}

const figureOf = (info: string, name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
