// How long nobody could be heard, as every worker of a cluster learns it: on a real Redis, at the time the test says.
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Redis } from 'ioredis'
import type { NodeReport } from '../../cluster/node-board.ts'
import { connectRedis } from '../../cluster/redis.ts'
import { Hearing } from '../../cluster/worker/hearing.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import type { RedisServer } from '../support/services/redis.ts'

describe.skipIf(REDIS_MISSING)('G4: silence while nobody could be heard', () => {
  let server: RedisServer
  let redis: Redis
  const at = { now: 0, brokers: 1 }

  beforeAll(async () => {
    server = await startRedis()
    redis = connectRedis({ url: server.url, name: 'test', onError: () => undefined })
    await once(redis, 'ready')
  })
  afterAll(async () => {
    redis?.disconnect()
    await server?.dispose()
  })
  beforeEach(async () => {
    await redis.flushall()
    Object.assign(at, { now: 1_000_000, brokers: 1 })
  })

  function worker() {
    const told: number[] = []
    const hearing = new Hearing({
      redis,
      board: {
        all: () => Promise.resolve(Array.from({ length: at.brokers }, () => ({ role: 'broker' }) as NodeReport)),
      },
      clock: { now: () => at.now, wall: () => at.now },
      deaf: (away) => told.push(away),
    })
    return { hearing, told }
  }
  type Worker = ReturnType<typeof worker>

  async function look(afterMs: number, ...workers: readonly Worker[]): Promise<void> {
    at.now += afterMs
    for (const { hearing } of workers) await hearing.look()
  }

  it('when a cluster first begins it is unlimited for every worker, whoever looked first', async () => {
    const [first, second] = [worker(), worker()]
    await look(0, first, second)
    expect([first.told, second.told]).toEqual([[Infinity], [Infinity]])
    const late = worker()
    await look(2_000, first, late, second)
    expect([first.told, late.told]).toEqual([[Infinity], [Infinity]])
    for (const { hearing } of [first, second, late]) expect(hearing.recentlyAway()).toBe(Infinity)
  })

  it('while no broker was there it is told to each worker once, whoever saw the end of it first', async () => {
    const workers = [worker(), worker(), worker()]
    await look(0, ...workers)
    for (let i = 0; i < 70; i++) await look(1_000, ...workers)
    for (const { hearing } of workers) expect(hearing.recentlyAway(), 'long since written down').toBe(0)
    at.brokers = 0
    await look(300_000, ...workers)
    at.brokers = 1
    await look(1_000, ...workers)
    await look(1_000, ...workers)
    for (const { told, hearing } of workers) {
      expect(told, 'look by look').toEqual([Infinity, 300_000, 1_000])
      expect(hearing.recentlyAway()).toBe(301_000)
    }
  })

  it('a long one is not forgotten for a short one right after it: a partition taken then has been through both', async () => {
    const one = worker()
    await look(0, one)
    await look(5_000, one)
    expect(one.told).toEqual([Infinity, 5_000])
    expect(one.hearing.recentlyAway()).toBe(Infinity)
  })

  it('a worker that alone stood still gives nobody time: others listened', async () => {
    const [awake, asleep] = [worker(), worker()]
    await look(0, awake, asleep)
    for (let i = 0; i < 30; i++) await look(1_000, awake)
    await look(0, asleep)
    expect(asleep.told).toEqual([Infinity])
  })

  it('a Redis that is new remembers nobody: unlimited once more', async () => {
    const workers = [worker(), worker()]
    await look(0, ...workers)
    await redis.flushall()
    await look(1_000, ...workers)
    for (const { told } of workers) expect(told).toEqual([Infinity, Infinity])
  })
})
