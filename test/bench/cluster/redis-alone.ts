// What Redis takes by itself of the very entries that a broker adds: what the cluster's throughput is held against.
import { Redis } from 'ioredis'
import { encodeEntry } from '../../../cluster/entry.ts'
import { READING_TEMPLATE } from '../../load/packets.ts'
import type { RedisServer } from '../../support/services/redis.ts'
import { cpuSecondsOfTree } from './usage.ts'

const STREAM = 'bench:alone'
const IN_FLIGHT = 2_000

export interface RedisAlone {
  readonly perSecond: number
  /** CPU seconds for a million. */
  readonly cpu: number
  /** Memory of an entry, bytes. */
  readonly bytesPerEntry: number
}

/** Adds for `seconds` over one connection, and removes what it added. */
export async function redisAlone(server: RedisServer, seconds: number): Promise<RedisAlone> {
  const redis = new Redis(server.url, { enableAutoPipelining: true })
  const entry = encodeEntry({
    type: 'message',
    deviceId: 'bench-100',
    channel: 'readings',
    qos: 1,
    receivedAt: Date.now(),
    will: false,
    payload: Buffer.from(READING_TEMPLATE.replaceAll('@', '1').replaceAll('#', '5')),
  })
  try {
    await redis.ping()
    const before = cpuSecondsOfTree(server.pid)
    const started = performance.now()
    let added = 0
    while (performance.now() - started < seconds * 1_000) {
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => redis.xadd(STREAM, '0-*', ...entry)))
      added += IN_FLIGHT
    }
    const took = (performance.now() - started) / 1_000
    const cpuSeconds = cpuSecondsOfTree(server.pid) - before
    const bytes = Number(await redis.call('MEMORY', 'USAGE', STREAM, 'SAMPLES', '0'))
    await redis.del(STREAM)
    return { perSecond: added / took, cpu: (cpuSeconds / added) * 1e6, bytesPerEntry: bytes / added }
  } finally {
    redis.disconnect()
  }
}
