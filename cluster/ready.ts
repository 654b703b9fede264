// Waiting for Redis at the start: a process that begins together with it does not give up at once.
import type { Redis } from 'ioredis'
import { RedisUnusable } from './streams/redis-unusable.ts'

const READY_WITHIN_MS = 15_000

/** Rejects with RedisUnusable when it does not answer in time. */
export function redisReady(redis: Redis, withinMs = READY_WITHIN_MS): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve()
  return new Promise((resolve, reject) => {
    let last = ''
    const onError = ({ message }: Error): void => void (last = message)
    const end = (): void => {
      clearTimeout(timer)
      redis.off('ready', onReady)
      redis.off('error', onError)
    }
    const onReady = (): void => (end(), resolve())
    const timer = setTimeout(() => {
      end()
      const { host, port } = redis.options
      reject(
        new RedisUnusable([
          `Redis（${host}:${port}）${withinMs / 1_000} 秒内没有应答，请检查 ZHIAN_REDIS_URL：${last}。` +
            `Redis at ${host}:${port} did not answer within ${withinMs / 1_000} s, check ZHIAN_REDIS_URL: ${last}.`,
        ]),
      )
    }, withinMs)
    redis.on('ready', onReady)
    redis.on('error', onError)
  })
}
