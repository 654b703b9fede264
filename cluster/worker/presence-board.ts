// Who is there, for the dashboards: a hash of each partition that they read at their start, and the news by pub/sub; and the
// account of each device. Gathered, and written once a second.
import type { Redis } from 'ioredis'
import { countsOf, PRESENCE_CHANNEL, presenceOf } from '../keys.ts'
import { encodeCounts, encodePresence, encodePresenceNews } from '../live-words.ts'
import type { PresenceNews } from '../live-words.ts'
import type { Partition } from './partition.ts'

const WRITE_EVERY_MS = 1_000
/** When a device was last heard changes with every message; nobody looks at it so often, ms. */
const HEARD_EVERY_MS = 5_000
const NEWS_PER_MESSAGE = 500

interface Gathered {
  /** Devices whose dot changed, or all of them. */
  readonly changed: Set<string>
  readonly heard: Set<string>
}

export class PresenceBoard {
  private readonly redis: Redis
  private readonly sure: (partition: Partition) => boolean
  private readonly gathered = new Map<Partition, Gathered>()
  private news: PresenceNews[] = []
  private timer: NodeJS.Timeout | null = null
  private heardAt = 0

  /** `sure`: whether a partition is certainly one's own still. */
  constructor(redis: Redis, sure: (partition: Partition) => boolean) {
    this.redis = redis
    this.sure = sure
  }

  start(): void {
    this.timer ??= setInterval(() => void this.write(), WRITE_EVERY_MS)
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
  }

  /** Is one's own now: the whole of it is written. */
  async add(partition: Partition): Promise<void> {
    const ids = [...partition.devices.all()].map(({ profile }) => profile.deviceId)
    this.gathered.set(partition, { changed: new Set(ids), heard: new Set() })
    const known = await this.redis.hkeys(presenceOf(partition.number))
    const gone = known.filter((id) => partition.devices.get(id) === undefined)
    if (gone.length === 0) return
    await this.redis.hdel(presenceOf(partition.number), ...gone)
    await this.redis.hdel(countsOf(partition.number), ...gone)
  }

  remove(partition: Partition): void {
    this.gathered.delete(partition)
  }

  changed(partition: Partition, news: PresenceNews): void {
    this.gathered.get(partition)?.changed.add(news.deviceId)
    this.news.push(news)
  }

  heard(partition: Partition, deviceId: string): void {
    this.gathered.get(partition)?.heard.add(deviceId)
  }

  private async write(): Promise<void> {
    const now = performance.now()
    const withHeard = now - this.heardAt >= HEARD_EVERY_MS
    if (withHeard) this.heardAt = now
    const { news } = this
    this.news = []
    const work: Promise<unknown>[] = []
    for (const [partition, { changed, heard }] of this.gathered) {
      if (!this.sure(partition)) continue
      const ids = withHeard ? new Set([...changed, ...heard]) : [...changed]
      const fields = [...ids].flatMap((id) => fieldOf(partition, id))
      changed.clear()
      const counted = withHeard ? [...heard].flatMap((id) => countsFieldOf(partition, id)) : []
      if (counted.length > 0) work.push(this.redis.hset(countsOf(partition.number), ...counted))
      if (withHeard) heard.clear()
      if (fields.length > 0) work.push(this.redis.hset(presenceOf(partition.number), ...fields))
    }
    for (let from = 0; from < news.length; from += NEWS_PER_MESSAGE)
      work.push(this.redis.publish(PRESENCE_CHANNEL, encodePresenceNews(news.slice(from, from + NEWS_PER_MESSAGE))))
    // While Redis is away nobody reads it; afterwards all of it is written again.
    const outcomes = await Promise.allSettled(work)
    if (outcomes.some(({ status }) => status === 'rejected')) this.writeAllAgain()
  }

  private writeAllAgain(): void {
    for (const [partition, { changed }] of this.gathered)
      for (const { profile } of partition.devices.all()) changed.add(profile.deviceId)
  }
}

function fieldOf({ devices }: Partition, deviceId: string): [string, string] | [] {
  const runtime = devices.get(deviceId)
  if (runtime === undefined) return []
  const { online, receivedAt } = runtime.state
  return [deviceId, encodePresence({ online, lastHeardAt: receivedAt })]
}

/** What is taken and not yet decided for good counts as not received: the equation holds at every instant. */
function countsFieldOf({ devices }: Partition, deviceId: string): [string, string] | [] {
  const runtime = devices.get(deviceId)
  if (runtime === undefined) return []
  const { messages, received, pending, stored, rejected, byReason } = runtime.counters.snapshot()
  const happened = Object.fromEntries(Object.entries(byReason).filter(([, count]) => count > 0))
  const since = Math.round(runtime.countedSince)
  const account = { since, messages, received: received - pending, stored, rejected, byReason: happened }
  return [deviceId, encodeCounts(account)]
}
