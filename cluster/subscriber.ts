// One connection that listens to channels of Redis: what may be lost, and is made good by whoever listens. After a loss of the
// connection it listens again to all that anybody wants to hear.
import type { Redis } from 'ioredis'

type Listener = (message: string) => void

export class Subscriber {
  private readonly redis: Redis
  private readonly channels = new Map<string, Set<Listener>>()

  /** A connection of its own: Redis takes nothing else over it. */
  constructor(redis: Redis) {
    this.redis = redis
    redis.on('message', (channel: string, message: string) => {
      for (const listener of this.channels.get(channel) ?? []) listener(message)
    })
    redis.on('ready', () => this.subscribe([...this.channels.keys()]))
  }

  /** The answer ends it. */
  on(channel: string, listener: Listener): () => void {
    const listeners = this.channels.get(channel) ?? new Set()
    listeners.add(listener)
    if (listeners.size === 1) {
      this.channels.set(channel, listeners)
      this.subscribe([channel])
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return
      this.channels.delete(channel)
      // While the connection is away nothing is subscribed to, and nothing will be.
      this.redis.unsubscribe(channel).catch(() => undefined)
    }
  }

  private subscribe(channels: readonly string[]): void {
    if (channels.length === 0) return
    // What fails now is done at the next `ready`.
    this.redis.subscribe(...channels).catch(() => undefined)
  }
}
