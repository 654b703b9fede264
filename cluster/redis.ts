// Connections to Redis. A command that cannot be sent now fails now: nothing waits in memory for a server that is away, or
// a PUBACK, an act or a command would follow when nobody expects it any more.
import { Redis } from 'ioredis'

export interface RedisOptions {
  readonly url: string
  /** Shown by CLIENT LIST. */
  readonly name: string
  /** A reader that blocks needs a connection of its own, and no limit on its answers. */
  readonly blocking?: boolean
  /** Its owner gathers commands into pipelines itself: no timer and no gathering for each of them. */
  readonly batched?: boolean
  readonly onError: (error: Error) => void
}

/** A server that does not answer within this is as good as away, ms. */
const ANSWER_WITHIN_MS = 5_000
/** Longer than anybody lets a reader block: a connection that says nothing for so long is dead, ms. */
const BLOCKED_AT_MOST_MS = 15_000
const RECONNECT_AT_MOST_MS = 1_000

/** Connecting in the background; `ready` events tell. Close with `disconnect()`. */
export function connectRedis({ url, name, blocking = false, batched = false, onError }: RedisOptions): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: true,
    enableAutoPipelining: !blocking && !batched,
    maxRetriesPerRequest: 0,
    ...(blocking || batched ? {} : { commandTimeout: ANSWER_WITHIN_MS }),
    // What waits for a server that stands still is given up with its connection: nothing heaps up.
    socketTimeout: blocking ? BLOCKED_AT_MOST_MS : ANSWER_WITHIN_MS,
    disconnectTimeout: 500,
    connectTimeout: ANSWER_WITHIN_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 8), RECONNECT_AT_MOST_MS),
  })
  redis.on('error', onError)
  return redis
}
