// Newest values of the devices that somebody watches: nothing is published that nobody listens to.
import type { Redis } from 'ioredis'
import type { StoredInput, StoredReading } from '../../ingest/readings/port.ts'
import { readingChannel } from '../keys.ts'
import { encodeReadingNews } from '../live-words.ts'

const LOOK_EVERY_MS = 500
const PREFIX = readingChannel('')

export class LiveReadings {
  private readonly redis: Redis
  private watched: ReadonlySet<string> = new Set()
  /** Newest of each device, since the last look and before it: who began to watch between two looks hears of them too. */
  private recent = new Map<string, StoredReading>()
  private before: ReadonlyMap<string, StoredReading> = new Map()
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
    for (const input of inputs) {
      if (input.type !== 'reading') continue
      if (this.watched.has(input.deviceId)) this.publish(input)
      else this.recent.set(input.deviceId, input)
    }
  }

  private publish(reading: StoredReading): void {
    this.redis.publish(readingChannel(reading.deviceId), encodeReadingNews(reading)).catch(() => undefined)
  }

  private async look(): Promise<void> {
    if (this.looking) return
    this.looking = true
    try {
      const channels = (await this.redis.pubsub('CHANNELS', `${PREFIX}*`)) as string[]
      const known = this.watched
      this.watched = new Set(channels.map((channel) => channel.slice(PREFIX.length)))
      for (const deviceId of this.watched) {
        const missed = known.has(deviceId) ? undefined : (this.recent.get(deviceId) ?? this.before.get(deviceId))
        if (missed !== undefined) this.publish(missed)
      }
    } catch {
      // Whoever watches sees the next values after Redis is back.
    } finally {
      this.before = this.recent
      this.recent = new Map()
      this.looking = false
    }
  }
}
