// What guards remember, shared by all dashboards in Redis: five wrong passwords are five, whichever dashboards took them. Keys
// are hashed, for people type their passwords where names belong. While Redis is away each dashboard counts by itself: a duty
// officer must be able to sign in then, and a guesser gains no more than the number of dashboards.
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ownGuardMemory } from '../../dashboard/server/auth/guard-memory.ts'
import type { CallCount, GuardMemory, Moments, Throttle, Verdict } from '../../dashboard/server/auth/guard-memory.ts'
import { callsKey, momentKey, triesKey } from '../keys.ts'

/** KEYS[1]: a list of instants, oldest first. ARGV: now, window, limit. Answers {1, 0} or {0, the oldest that counts}. */
const TAKE = `
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first = redis.call('LINDEX', KEYS[1], 0)
while first and tonumber(first) <= now - window do
  redis.call('LPOP', KEYS[1])
  first = redis.call('LINDEX', KEYS[1], 0)
end
local taken = redis.call('LLEN', KEYS[1]) < limit
if taken then redis.call('RPUSH', KEYS[1], ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], window)
return taken and {1, '0'} or {0, first}
`

/** KEYS[1]: a count. ARGV: window. Answers {count, ms until it ends}. */
const COUNT = `
local calls = redis.call('INCR', KEYS[1])
if calls == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {calls, redis.call('PTTL', KEYS[1])}
`

/** Nobody waits longer for a count than for what it guards, ms; and a Redis that did not answer is not asked for a while. */
const PATIENCE_MS = 500
const LEAVE_ALONE_MS = 2_000

/** Callers counted while Redis is away; beyond it the count begins anew. */
const MOST_COUNTED = 20_000

const hashed = (key: string): string => createHash('sha256').update(key).digest('base64url')

/** Takes the shared memory's answer, or this process's own while there is none. */
export function sharedGuardMemory(redis: Redis): GuardMemory {
  const own = ownGuardMemory()
  let awayUntil = 0

  async function ask<T>(shared: () => Promise<T>, alone: () => Promise<T>): Promise<T> {
    if (performance.now() < awayUntil) return alone()
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('Redis does not answer')), PATIENCE_MS)
    })
    try {
      return await Promise.race([shared(), patience])
    } catch {
      awayUntil = performance.now() + LEAVE_ALONE_MS
      return await alone()
    } finally {
      clearTimeout(timer)
    }
  }

  const ownCalls = new Map<string, { calls: number; until: number }>()
  function countAlone(key: string, windowMs: number): Promise<CallCount> {
    const now = performance.now()
    let counted = ownCalls.get(key)
    if (counted === undefined || counted.until <= now) counted = { calls: 0, until: now + windowMs }
    counted.calls += 1
    if (ownCalls.size >= MOST_COUNTED) ownCalls.clear()
    ownCalls.set(key, counted)
    return Promise.resolve({ calls: counted.calls, left: Math.ceil(counted.until - now) })
  }

  return {
    throttle(name, limit, windowMs): Throttle {
      const alone = own.throttle(name, limit, windowMs)
      const at = (key: string): string => triesKey(name, hashed(key))
      return {
        take: (key, now) =>
          ask(
            async (): Promise<Verdict> => {
              const answer = await redis.eval(TAKE, 1, at(key), now, windowMs, limit)
              const [ok, first] = answer as [number, string]
              return { ok: ok === 1, retryAfter: ok === 1 ? 0 : Number(first) + windowMs - now }
            },
            () => alone.take(key, now),
          ),
        giveBack: async (key) => {
          await alone.giveBack(key)
          await ask(
            () => redis.rpop(at(key)),
            async () => null,
          )
        },
        clear: async (key) => {
          await alone.clear(key)
          await ask(
            () => redis.del(at(key)),
            async () => 0,
          )
        },
      }
    },

    moments(name, keptMs): Moments {
      const alone = own.moments(name, keptMs)
      const of = (key: string): string => momentKey(name, hashed(key))
      return {
        at: (key) =>
          ask(
            async () => {
              const noted = await redis.get(of(key))
              return noted === null ? alone.at(key) : Number(noted)
            },
            () => alone.at(key),
          ),
        note: async (key, at) => {
          await alone.note(key, at)
          await ask(
            () => redis.set(of(key), String(at), 'PX', keptMs),
            async () => null,
          )
        },
        forget: async (key) => {
          await alone.forget(key)
          await ask(
            () => redis.del(of(key)),
            async () => 0,
          )
        },
      }
    },

    calls: (key, windowMs) =>
      ask(
        async () => {
          const [calls, left] = (await redis.eval(COUNT, 1, callsKey(hashed(key)), windowMs)) as [number, number]
          return { calls, left: Math.max(0, left) }
        },
        () => countAlone(key, windowMs),
      ),
  }
}
