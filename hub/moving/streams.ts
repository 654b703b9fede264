// The streams of the cluster that a hub moves into.
import { once } from 'node:events'
import { LAYOUT_KEY, OPENED_KEY } from '../../cluster/keys.ts'
import { connectRedis } from '../../cluster/redis.ts'
import { MoveRefused } from './refused.ts'

const ANSWERS_WITHIN_MS = 5_000

/**
 * The devices' positions begin anew, so must the streams: what an older cluster left in them would be decided as if it had come
 * after the move.
 */
export async function refuseUsedRedis(url: string): Promise<void> {
  let problem = 'no answer'
  const redis = connectRedis({ url, name: 'zhian move', onError: (error) => (problem = error.message) })
  try {
    if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) })
    if ((await redis.exists(LAYOUT_KEY, OPENED_KEY)) === 0) return
  } catch {
    const place = new URL(url).host
    throw new MoveRefused(`连不上 Redis（${place}）：${problem}。Redis at ${place} cannot be reached: ${problem}.`)
  } finally {
    redis.disconnect()
  }
  throw new MoveRefused(
    'Redis 里已有另一个群集的消息流。请用一个空的 Redis（或确认无用后 FLUSHDB）。' +
      'The Redis holds the streams of another cluster. Use an empty one (or FLUSHDB, when you are sure).',
  )
}
