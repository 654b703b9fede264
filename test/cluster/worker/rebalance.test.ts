import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PARTITIONS } from '../../../contract/partitions.ts'
import { until } from '../../support/hub-process.ts'
import { POSTGRES_MISSING, startPostgres } from '../../support/services/postgres.ts'
import type { PostgresServer } from '../../support/services/postgres.ts'
import { REDIS_MISSING, startRedis } from '../../support/services/redis.ts'
import type { RedisServer } from '../../support/services/redis.ts'
import { World } from './world.ts'
import type { TestWorker } from './world.ts'

describe.skipIf(REDIS_MISSING || POSTGRES_MISSING)('workers that come and go under load', () => {
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

  const shares = (workers: readonly TestWorker[]): number[] => workers.map(({ worker }) => worker.keeper.held().length)

  it('G1: one, three, one: every message counts once, in the order of its device; nobody waits for a lease to end', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `d${i}`)
    for (const id of ids) await world.device(id)
    // A lease that is not given back would be waited for longer than this test waits.
    const lasting = { leaseMs: 600_000 }
    const first = await world.worker(lasting)
    await world.owned(first)
    let sent = 0
    let sending = true
    const ts = world.clock.wall()
    const load = (async () => {
      for (let round = 0; sending; round++) {
        // The alarm of each device rises and falls by what it says in turn.
        const value = round % 2 === 0 ? 26 : 60
        await Promise.all(ids.map((id) => world.say(id, { ts: ts + round, values: { gas_lel: value } })))
        sent++
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    const others = [await world.worker(lasting), await world.worker(lasting)]
    const all = [first, ...others]
    await until('each has its share', () => Math.max(...shares(all)) <= Math.ceil(PARTITIONS / 3), 60_000)
    await world.owned(...all)
    await first.stop()
    await world.owned(...others)
    await others[0]?.stop()
    await world.owned(others[1] as TestWorker)
    sending = false
    await load
    await until('all is stored', () => world.store.byKey.size === sent * ids.length, 60_000)
    await others[1]?.stop()

    const messages = all.reduce((sum, { worker }) => sum + worker.account.counts([]).messages, 0)
    expect(messages).toBe(sent * ids.length)
    const transitions = await world.transitions()
    const seqs = transitions.map(({ transition }) => transition.seq)
    expect(seqs).toEqual(seqs.map((_, i) => i + 1))
    for (const id of ids) {
      const own = transitions.filter(({ transition }) => transition.alarm.deviceId === id)
      const raised = own.filter(({ transition }) => transition.type === 'raised')
      expect(raised, id).toHaveLength(1)
      const measured = own.map(({ transition }) => transition.sampleTs ?? 0)
      expect(measured, id).toEqual(measured.toSorted((a, b) => a - b))
      expect(new Set(own.map(({ transition }) => `${transition.type} ${transition.sampleTs}`)).size, id).toBe(
        own.length,
      )
    }
  }, 180_000)
})
