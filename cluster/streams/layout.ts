// What the streams were laid out for, once, and whether that is what this program and its ledger are.
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { PARTITIONS } from '../../contract/partitions.ts'
import type { Settings } from '../../records/ledger.ts'
import { LAYOUT_KEY } from '../keys.ts'
import { RedisUnusable } from './redis-unusable.ts'

export interface Layout {
  readonly partitions: number
  /** Of the ledger that the positions of these streams are kept in. */
  readonly clusterId: string
  /** Wall time, ms. */
  readonly madeAt: number
}

const CLUSTER_ID = 'cluster_id'

/** Made by the first process that starts with this ledger. */
export const clusterIdOf = (settings: Pick<Settings, 'ensure'>): Promise<string> =>
  settings.ensure(CLUSTER_ID, () => randomBytes(8).toString('hex'))

/**
 * Makes it at the first start of a cluster. Throws RedisUnusable when it was made for another number of partitions, or is
 * another cluster's: two ledgers over the same streams would each miss what the other has taken.
 */
export async function checkLayout(redis: Redis, clusterId: string, wall: number): Promise<Layout> {
  // Asked first: a Redis that is full refuses to be written to.
  const layout = JSON.parse((await redis.get(LAYOUT_KEY)) ?? (await make(redis, clusterId, wall))) as Partial<Layout>
  if (layout.partitions !== PARTITIONS)
    throw new RedisUnusable([
      `Redis 中的消息流按 ${String(layout.partitions)} 个分区建立，本程序为 ${PARTITIONS} 个：请使用建立它的版本，或换一个空的 Redis。` +
        `The streams in Redis were made for ${String(layout.partitions)} partitions and this program has ${PARTITIONS}: use the version that made them, or an empty Redis.`,
    ])
  if (layout.clusterId !== clusterId)
    throw new RedisUnusable([
      'ZHIAN_REDIS_URL 指向的 Redis 属于另一套系统（另一个台账）：请检查 ZHIAN_REDIS_URL 与 ZHIAN_DATABASE_URL，或换一个空的 Redis。' +
        'The Redis at ZHIAN_REDIS_URL belongs to another cluster (another ledger): check ZHIAN_REDIS_URL and ZHIAN_DATABASE_URL, or use an empty Redis.',
    ])
  return layout as Layout
}

async function make(redis: Redis, clusterId: string, wall: number): Promise<string> {
  const made: Layout = { partitions: PARTITIONS, clusterId, madeAt: wall }
  await redis.setnx(LAYOUT_KEY, JSON.stringify(made))
  // Somebody else may have been first.
  return (await redis.get(LAYOUT_KEY)) ?? JSON.stringify(made)
}
