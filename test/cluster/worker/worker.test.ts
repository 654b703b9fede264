import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../support/hub-process.ts'
import { POSTGRES_MISSING, startPostgres } from '../../support/services/postgres.ts'
import type { PostgresServer } from '../../support/services/postgres.ts'
import { REDIS_MISSING, startRedis } from '../../support/services/redis.ts'
import type { RedisServer } from '../../support/services/redis.ts'
import { World } from './world.ts'

describe.skipIf(REDIS_MISSING || POSTGRES_MISSING)('an ingest worker', () => {
  let redis: RedisServer
  let postgres: PostgresServer
  let world: World
  beforeAll(async () => {
    ;[redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  }, 60_000)
  afterAll(async () => {
    await Promise.all([redis.dispose(), postgres.dispose()])
  })
  beforeEach(async () => {
    world = await World.open(redis, postgres)
  })
  afterEach(() => world.close())

  it('G1: what stands in a stream is decided, journalled and stored, once', async () => {
    await world.device('d1')
    const one = await world.worker()
    await world.owned(one)
    await world.gas('d1', 26)
    expect(await world.tells('d1', 1)).toEqual(['raised threshold gas.gas_lel'])
    await world.settled()
    expect(world.store.of('d1')).toHaveLength(1)
    const counts = one.worker.account.counts(
      one.worker.keeper.held().map(({ pipeline }) => pipeline.counters.snapshot()),
    )
    expect(counts).toMatchObject({ messages: 1, received: 1, stored: 1, rejected: 0 })
    await until('the stream is trimmed', async () => (await world.redis.xlen('zhian:in:0')) <= 1)
  })
})
