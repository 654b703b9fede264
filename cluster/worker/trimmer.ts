// Removes from the streams what is decided and stored. By the owner of a partition alone, and never by length.
import type { Redis } from 'ioredis'
import { trimStream } from '../streams/stream-reader.ts'

export interface Trimmed {
  readonly partition: number
  /** Everything up to here is decided, and everything up to there stored, and the ledger says so. */
  readonly decided: () => number
  readonly stored: () => number
}

export class Trimmer {
  private readonly redis: Redis
  private readonly trimmed = new Map<number, number>()

  constructor(redis: Redis) {
    this.redis = redis
  }

  /** Rejects while Redis is away; the next call makes it good. */
  async trim(partitions: readonly Trimmed[]): Promise<void> {
    const own = new Set(partitions.map(({ partition }) => partition))
    for (const partition of this.trimmed.keys()) if (!own.has(partition)) this.trimmed.delete(partition)
    await Promise.all(
      partitions.map(async ({ partition, decided, stored }) => {
        const upTo = Math.min(decided(), stored())
        if (upTo <= (this.trimmed.get(partition) ?? 0)) return
        await trimStream(this.redis, partition, upTo)
        this.trimmed.set(partition, upTo)
      }),
    )
  }
}
