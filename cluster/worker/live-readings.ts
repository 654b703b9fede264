// Newest values of the devices that somebody watches: nothing is published that nobody listens to.
import type { Redis } from 'ioredis'
import type { StoredInput } from '../../ingest/readings/port.ts'
import { readingChannel } from '../keys.ts'
import { encodeReadingNews } from '../live-words.ts'

const LOOK_EVERY_MS = 500
const PREFIX = readingChannel('')

export class LiveReadings {
  private readonly redis: Redis
  private watched: ReadonlySet<string> = new Set()
  private timer: NodeJS.Timeout | null = null
  private looking = false

  constructor(redis: Redis) {
    this.redis = redis
  }

  start(): void {
    this.timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS)
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
  }

  decided(inputs: readonly StoredInput[]): void {
    if (this.watched.size === 0) return
    for (const input of inputs)
      if (input.type === 'reading' && this.watched.has(input.deviceId))
        this.redis.publish(readingChannel(input.deviceId), encodeReadingNews(input)).catch(() => undefined)
  }

  private async look(): Promise<void> {
    if (this.looking) return
    this.looking = true
    try {
      const channels = (await this.redis.pubsub('CHANNELS', `${PREFIX}*`)) as string[]
      this.watched = new Set(channels.map((channel) => channel.slice(PREFIX.length)))
    } catch {
      // Whoever watches sees the next values after Redis is back.
    } finally {
      this.looking = false
    }
  }
}
