// Who is connected and when each was last heard, as the owners of the partitions know it: loaded from their hashes, kept by
// their news, and read again partition by partition, so that a lost message is made good within a quarter of a minute.
import type { Redis } from 'ioredis'
import { PARTITIONS } from '../../contract/partitions.ts'
import { PRESENCE_CHANNEL, presenceOf } from '../keys.ts'
import { decodePresence, decodePresenceNews } from '../live-words.ts'
import type { KnownPresence } from '../live-words.ts'
import type { Subscriber } from '../subscriber.ts'

export interface PresencesOptions {
  readonly redis: Redis
  readonly subscriber: Subscriber
  /** Told of devices that came or went. */
  readonly changed: (deviceId: string, online: boolean, at: number) => void
  /** Wall time, ms. */
  readonly now: () => number
  readonly healEveryMs?: number
}

/** One partition at a time: all of them in a quarter of a minute. */
const HEAL_EVERY_MS = 200
/** The hashes are written once a second: a younger message knows better, ms. */
const NEWS_OUTRANK_MS = 5_000
const NEVER: KnownPresence = { online: false, lastHeardAt: null }

export class Presences {
  private readonly options: PresencesOptions
  private readonly known = new Map<string, KnownPresence>()
  /** When a message about a device came, by the process's own clock; only the newest few seconds. */
  private readonly news = new Map<string, number>()
  private readonly ends: (() => void)[] = []
  private next = 0
  private loading: Promise<void> | null = null

  constructor(options: PresencesOptions) {
    this.options = options
  }

  /** Resolves when all that Redis has is known; while Redis is away nothing is, until it is back. */
  async start(): Promise<void> {
    const { redis, subscriber, healEveryMs = HEAL_EVERY_MS } = this.options
    this.ends.push(subscriber.on(PRESENCE_CHANNEL, (text) => this.heard(text)))
    const back = (): void => void this.load()
    redis.on('ready', back)
    const timer = setInterval(() => void this.heal(), healEveryMs)
    this.ends.push(
      () => redis.off('ready', back),
      () => clearInterval(timer),
    )
    await this.load()
  }

  stop(): void {
    for (const end of this.ends.splice(0)) end()
  }

  of(deviceId: string): KnownPresence {
    return this.known.get(deviceId) ?? NEVER
  }

  /** Ids of those connected, deleted ones perhaps among them. */
  *online(): Iterable<string> {
    for (const [id, { online }] of this.known) if (online) yield id
  }

  private load(): Promise<void> {
    this.loading ??= (async () => {
      for (let partition = 0; partition < PARTITIONS; partition++) await this.read(partition)
    })().finally(() => (this.loading = null))
    return this.loading
  }

  private async heal(): Promise<void> {
    const due = performance.now() - NEWS_OUTRANK_MS
    for (const [id, at] of this.news) if (at < due) this.news.delete(id)
    this.next = (this.next + 1) % PARTITIONS
    await this.read(this.next)
  }

  private async read(partition: number): Promise<void> {
    let fields: Record<string, string>
    try {
      fields = await this.options.redis.hgetall(presenceOf(partition))
    } catch {
      // Redis is away: what was known stays, and the pages say that it may be old.
      return
    }
    for (const [deviceId, text] of Object.entries(fields)) {
      const presence = decodePresence(text)
      if (presence !== null && !this.news.has(deviceId)) this.learn(deviceId, presence, presence.lastHeardAt)
    }
  }

  private heard(text: string): void {
    const now = performance.now()
    for (const { deviceId, online, at } of decodePresenceNews(text)) {
      this.news.set(deviceId, now)
      const { lastHeardAt } = this.of(deviceId)
      this.learn(deviceId, { online, lastHeardAt: online ? Math.max(at, lastHeardAt ?? 0) : lastHeardAt }, at)
    }
  }

  private learn(deviceId: string, presence: KnownPresence, at: number | null): void {
    const before = this.of(deviceId).online
    this.known.set(deviceId, presence)
    if (before !== presence.online) this.options.changed(deviceId, presence.online, at ?? this.options.now())
  }
}
