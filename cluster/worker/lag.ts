// How much of a stream waits.
import type { Redis } from 'ioredis'
import { streamOf } from '../keys.ts'
import { positionOf } from '../streams/opening.ts'

/**
 * How many entries stand behind `after`. Exact within one run of Redis; where the streams were opened anew in between,
 * positions jump, and it is at most what the stream holds.
 */
export async function countBehind(redis: Redis, partition: number, after: number): Promise<number> {
  const [length, first] = await Promise.all([
    redis.xlen(streamOf(partition)),
    redis.xrange(streamOf(partition), '-', '+', 'COUNT', 1),
  ])
  const id = first[0]?.[0]
  if (id === undefined) return 0
  const gone = after - positionOf(id) + 1
  return Math.min(length, Math.max(0, length - Math.max(0, gone)))
}
