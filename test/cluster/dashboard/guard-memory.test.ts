// What guards remember: one contract, kept by a process's own memory and by the one that dashboards share.
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis } from '../../../cluster/redis.ts'
import { sharedGuardMemory } from '../../../cluster/dashboard/guard-memory.ts'
import { ownGuardMemory } from '../../../dashboard/server/auth/guard-memory.ts'
import type { GuardMemory } from '../../../dashboard/server/auth/guard-memory.ts'
import { until } from '../../support/hub-process.ts'
import { REDIS_MISSING, startRedis } from '../../support/services/redis.ts'
import type { RedisServer } from '../../support/services/redis.ts'

const NOW = 1_795_000_000_000
const MINUTE = 60_000

/** `two`: what two dashboards have; of a single process it is twice the same. */
function keepsTheContract(two: () => readonly [GuardMemory, GuardMemory]): void {
  it('takes so many tries in a window that slides, and says when the next is taken', async () => {
    const [here, there] = two().map((memory) => memory.throttle('slides', 3, 10 * MINUTE))
    for (const [at, throttle] of [
      [0, here],
      [MINUTE, there],
      [2 * MINUTE, here],
    ] as const)
      expect(await throttle?.take('duty', NOW + at)).toEqual({ ok: true, retryAfter: 0 })
    expect(await there?.take('duty', NOW + 3 * MINUTE)).toEqual({ ok: false, retryAfter: 7 * MINUTE })
    expect(await here?.take('leader', NOW + 3 * MINUTE)).toEqual({ ok: true, retryAfter: 0 })
    expect(await here?.take('duty', NOW + 10 * MINUTE)).toEqual({ ok: true, retryAfter: 0 })
    expect(await there?.take('duty', NOW + 10 * MINUTE)).toEqual({ ok: false, retryAfter: MINUTE })
  })

  it('gives a try back, and forgets them all', async () => {
    const [here, there] = two().map((memory) => memory.throttle('gives back', 2, MINUTE))
    await here?.take('k', NOW)
    await there?.take('k', NOW + 1)
    await here?.giveBack('k')
    expect((await there?.take('k', NOW + 2))?.ok).toBe(true)
    expect((await here?.take('k', NOW + 3))?.ok).toBe(false)
    await there?.clear('k')
    expect((await here?.take('k', NOW + 4))?.ok).toBe(true)
  })

  it('does not let parallel tries pass together', async () => {
    const both = two().map((memory) => memory.throttle('parallel', 5, MINUTE))
    const verdicts = await Promise.all(Array.from({ length: 40 }, (_, i) => both[i % 2]?.take('k', NOW)))
    expect(verdicts.filter((verdict) => verdict?.ok).length).toBe(5)
  })

  it('knows when something was last done, by name and key', async () => {
    const [here, there] = two()
    const [given, asked] = [here.moments('given', MINUTE), there.moments('given', MINUTE)]
    expect(await asked.at('k')).toBeNull()
    await given.note('k', NOW)
    expect(await asked.at('k')).toBe(NOW)
    await asked.note('k', NOW + 5)
    expect(await there.moments('given', MINUTE).at('other')).toBeNull()
    expect(await there.moments('something else', MINUTE).at('k')).toBeNull()
    await asked.forget('k')
    await given.forget('k')
    expect(await asked.at('k')).toBeNull()
  })
}

describe('guards of one process remember', () => {
  const memory = ownGuardMemory()
  const throttles = new Map<string, ReturnType<GuardMemory['throttle']>>()
  const moments = new Map<string, ReturnType<GuardMemory['moments']>>()
  const kept = <T>(map: Map<string, T>, name: string, make: () => T): T => {
    const known = map.get(name) ?? make()
    map.set(name, known)
    return known
  }
  const own: GuardMemory = {
    throttle: (name, limit, window) => kept(throttles, name, () => memory.throttle(name, limit, window)),
    moments: (name, keptMs) => kept(moments, name, () => memory.moments(name, keptMs)),
    calls: null,
  }
  keepsTheContract(() => [own, own])
})

describe.skipIf(REDIS_MISSING)('guards of a cluster remember together', () => {
  let server: RedisServer
  const connections: Redis[] = []
  let memories: [GuardMemory, GuardMemory]

  beforeAll(async () => {
    server = await startRedis()
    for (let i = 0; i < 2; i++)
      connections.push(connectRedis({ url: server.url, name: 'test', onError: () => undefined }))
    await until('connected', () => connections.every(({ status }) => status === 'ready'))
    memories = [sharedGuardMemory(connections[0] as Redis), sharedGuardMemory(connections[1] as Redis)]
  })
  afterAll(async () => {
    for (const connection of connections) connection.disconnect()
    await server.dispose()
  })

  keepsTheContract(() => memories)

  it('counts calls together', async () => {
    const [here, there] = memories
    const counts = []
    for (let i = 0; i < 3; i++) counts.push(await (i === 1 ? there : here).calls?.('someone', MINUTE))
    expect(counts.map((count) => count?.calls)).toEqual([1, 2, 3])
    for (const count of counts) expect(count?.left).toBeLessThanOrEqual(MINUTE)
  })

  it('keeps no name that anybody typed', async () => {
    await memories[0].throttle('names', 5, MINUTE).take('a password typed as a name', NOW)
    await memories[0].moments('names', MINUTE).note('a secret', NOW)
    const keys = await (connections[0] as Redis).keys('*')
    expect(keys.length).toBeGreaterThan(0)
    expect(keys.filter((key) => key.includes('password') || key.includes('secret'))).toEqual([])
  })

  it('each counts by itself while Redis is away, and together again afterwards', async () => {
    const throttles = memories.map((memory) => memory.throttle('away', 2, MINUTE))
    await server.kill()
    try {
      for (const throttle of throttles) {
        expect((await throttle.take('k', NOW)).ok).toBe(true)
        expect((await throttle.take('k', NOW)).ok).toBe(true)
        expect((await throttle.take('k', NOW)).ok).toBe(false)
      }
      expect((await memories[0].calls?.('k', MINUTE))?.calls).toBe(1)
      const given = memories[0].moments('away', MINUTE)
      await given.note('k', NOW)
      expect(await given.at('k')).toBe(NOW)
    } finally {
      await server.restart()
    }
    await until('Redis counts for both', async () => {
      const key = `again ${Math.random()}`
      const tries = memories.map((memory) => memory.throttle('back', 1, MINUTE))
      return (await tries[0]?.take(key, NOW))?.ok === true && (await tries[1]?.take(key, NOW))?.ok === false
    })
  })
})
