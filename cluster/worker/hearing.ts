// Whether devices can be heard at all: a broker lives, and Redis keeps what it is given. While they cannot, nobody is silent:
// what waits for a device's word is put off by as much, look by look; what waits for nothing but time goes on.
//
// Whoever looks first when devices can be heard again writes down in Redis how long they could not: every other worker, and one
// that starts then, reads it there. From the time of the last look alone they could not tell that there had been a silence.
import type { Redis } from 'ioredis'
import type { Clock } from '../../ingest/ports.ts'
import { DEAF_KEY, HEARD_KEY } from '../keys.ts'
import type { NodeBoard } from '../node-board.ts'

export interface HearingOptions {
  readonly redis: Redis
  readonly board: Pick<NodeBoard, 'all'>
  readonly clock: Clock
  /** Nobody was heard for so long, ms, beyond what was told before; Infinity: it is not known for how long. */
  readonly deaf: (away: number) => void
  /** They cannot be heard (why), or can again (null). */
  readonly hearing?: (problem: string | null) => void
  readonly lookEveryMs?: number
}

const LOOK_EVERY_MS = 1_000
/** Less than this is the time between two looks, ms. */
const NOTICED_MS = 3_000
/**
 * So long after a silence its devices are given that time by whoever takes their partition: its last owner may have had no time
 * to write it down. ms.
 */
const RECENT_MS = 60_000
/** Silences that are kept: more than anybody misses between two looks. */
const KEPT_GAPS = 32

/**
 * In one step: devices are heard now; if they were not for long (or nobody knows), that is written down. Answers the silences
 * that are remembered, as `ended away`; away −1: nobody knows for how long. A Redis that is full, or has lost its
 * replicas, takes nothing of the brokers either, and refuses this.
 */
const LOOK = `
local now = tonumber(ARGV[1])
local before = tonumber(redis.call('GET', KEYS[1]) or '')
redis.call('SET', KEYS[1], string.format('%.0f', math.max(now, before or now)))
if before == nil or now - before > tonumber(ARGV[2]) then
  local away = before == nil and -1 or now - before
  redis.call('RPUSH', KEYS[2], string.format('%.0f %.0f', now, away))
  redis.call('LTRIM', KEYS[2], -${KEPT_GAPS}, -1)
end
return redis.call('LRANGE', KEYS[2], 0, -1)
`

interface Gap {
  /** As Redis has it: no two are the same. */
  readonly text: string
  /** Hub time, ms. */
  readonly endedAt: number
  readonly away: number
}

function gapOf(text: string): Gap {
  const [endedAt = 0, away = 0] = text.split(' ').map(Number)
  return { text, endedAt, away: away === -1 ? Infinity : away }
}

export class Hearing {
  private readonly options: HearingOptions
  private timer: NodeJS.Timeout | null = null
  private looking: Promise<void> | null = null
  /** Hub time of the last look that succeeded, or up to which the time since was told; null: none since the start. */
  private accounted: number | null = null
  /** Told since the last look that succeeded, ms. */
  private told = 0
  /** Those that Redis remembered at the last look: what is held has been told of them. */
  private gaps: readonly Gap[] = []
  private problemText: string | null = 'not looked yet'
  private answered = false

  constructor(options: HearingOptions) {
    this.options = options
  }

  /** Why nobody can be heard; null: everybody can. */
  get problem(): string | null {
    return this.problemText
  }

  get reachesRedis(): boolean {
    return this.answered
  }

  async start(): Promise<void> {
    const { lookEveryMs = LOOK_EVERY_MS } = this.options
    await this.look()
    this.timer = setInterval(() => void this.look(), lookEveryMs)
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer)
    await this.looking
  }

  /** What a partition that is taken now must be given on top, ms; 0: nothing. It may have been through several. */
  recentlyAway(): number {
    return this.awayIn(this.gaps) + this.told
  }

  /** Another one whenever `recentlyAway` tells of another silence. */
  get newestGap(): string {
    return this.gaps.at(-1)?.text ?? ''
  }

  look(): Promise<void> {
    return (this.looking ??= this.lookOnce().finally(() => (this.looking = null)))
  }

  private async lookOnce(): Promise<void> {
    const before = this.problemText
    try {
      const gaps = await this.hear()
      this.problemText = null
      this.accounted = this.options.clock.now()
      const known = new Set(this.gaps.map(({ text }) => text))
      this.gaps = gaps
      const rest = this.awayIn(gaps.filter(({ text }) => !known.has(text))) - this.told
      this.told = 0
      if (rest > 0) this.options.deaf(rest)
    } catch (error) {
      this.problemText = (error as Error).message
      this.goOnDeaf()
    }
    if (this.problemText !== before) this.options.hearing?.(this.problemText)
  }

  private async hear(): Promise<Gap[]> {
    const { redis, board, clock } = this.options
    this.answered = false
    const nodes = await board.all()
    this.answered = true
    if (!nodes.some(({ role }) => role === 'broker')) throw new Error('no broker is there')
    const now = Math.round(clock.now())
    return ((await redis.eval(LOOK, 2, HEARD_KEY, DEAF_KEY, now, NOTICED_MS)) as string[]).map(gapOf)
  }

  /** What fails now may be over before anybody notices; after that, every look tells of the time since the one before. */
  private goOnDeaf(): void {
    const { clock, deaf } = this.options
    if (this.accounted === null) return
    const away = clock.now() - this.accounted
    if (away <= 0 || (away <= NOTICED_MS && this.told === 0)) return
    this.accounted += away
    this.told += away
    deaf(away)
  }

  /** One that ended long ago was written down by whoever held the partition then. */
  private awayIn(gaps: readonly Gap[]): number {
    const now = this.options.clock.now()
    return gaps.reduce((sum, { endedAt, away }) => (now - endedAt < RECENT_MS ? sum + away : sum), 0)
  }
}
