// What the streams were laid out for, once, and whether that is what this program is.
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { PARTITIONS } from '../../contract/partitions.ts'
import { LAYOUT_KEY } from '../keys.ts'
import { RedisUnusable } from './redis-unusable.ts'

export interface Layout {
  readonly partitions: number
  readonly clusterId: string
  /** Wall time, ms. */
  readonly madeAt: number
}

/** Makes it at the first start of a cluster. Throws RedisUnusable when it was made with another number of partitions. */
export async function checkLayout(redis: Redis, wall: number): Promise<Layout> {
  // Asked first: a Redis that is full refuses to be written to.
  const layout = JSON.parse((await redis.get(LAYOUT_KEY)) ?? (await make(redis, wall))) as Partial<Layout>
  if (layout.partitions !== PARTITIONS)
    throw new RedisUnusable([
      `Redis 中的消息流按 ${String(layout.partitions)} 个分区建立，本程序为 ${PARTITIONS} 个：请使用建立它的版本，或换一个空的 Redis。` +
        `The streams in Redis were made for ${String(layout.partitions)} partitions and this program has ${PARTITIONS}: use the version that made them, or an empty Redis.`,
    ])
  return layout as Layout
}

async function make(redis: Redis, wall: number): Promise<string> {
  const made: Layout = { partitions: PARTITIONS, clusterId: randomBytes(8).toString('hex'), madeAt: wall }
  await redis.setnx(LAYOUT_KEY, JSON.stringify(made))
  // Somebody else may have been first.
  return (await redis.get(LAYOUT_KEY)) ?? JSON.stringify(made)
}
