// Whether devices can be heard at all: a broker lives, and Redis keeps what it is given. While they cannot, nobody is silent
// (the hub is deaf, and its clocks stand still); afterwards everybody is given that time on top.
//
// Whoever looks first when devices can be heard again writes down in Redis how long they could not: every other worker, and one
// that starts then, reads it there. From the time of the last look alone they could not tell that there had been a silence.
import type { Redis } from 'ioredis'
import type { Clock } from '../../ingest/ports.ts'
import { DEAF_KEY, HEARD_KEY } from '../keys.ts'
import type { NodeBoard } from '../node-board.ts'
import { HEARD_MS } from './partition-clock.ts'

export interface HearingOptions {
  readonly redis: Redis
  readonly board: Pick<NodeBoard, 'all'>
  readonly clock: Clock
  /** Nobody was heard for so long, ms; Infinity: it is not known for how long. Before the clocks go on. */
  readonly deaf: (away: number) => void
  readonly lookEveryMs?: number
}

const LOOK_EVERY_MS = 1_000
/** Whoever takes a partition this soon after a silence gives its devices that time again: its last owner may have had no time to write it down. */
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
  /** Hub time, ms; null: not known since the start. */
  private last: number | null = null
  /** Those that Redis remembered at the last look: what is held has been told of them. */
  private gaps: readonly Gap[] = []
  private problemText: string | null = 'not looked yet'
  private answered = false

  constructor(options: HearingOptions) {
    this.options = options
  }

  /** Hub time at which devices could be heard for certain, ms. */
  get heardAt(): number {
    return this.last ?? -Infinity
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
    return this.awayIn(this.gaps)
  }

  look(): Promise<void> {
    return (this.looking ??= this.lookOnce().finally(() => (this.looking = null)))
  }

  private async lookOnce(): Promise<void> {
    const { redis, board, clock, deaf } = this.options
    try {
      this.answered = false
      const nodes = await board.all()
      this.answered = true
      if (!nodes.some(({ role }) => role === 'broker')) throw new Error('no broker is there')
      const now = clock.now()
      const texts = (await redis.eval(LOOK, 2, HEARD_KEY, DEAF_KEY, Math.round(now), HEARD_MS)) as string[]
      this.problemText = null
      const known = new Set(this.gaps.map(({ text }) => text))
      this.gaps = texts.map(gapOf)
      const away = this.awayIn(this.gaps.filter(({ text }) => !known.has(text)))
      if (away > 0) deaf(away)
      this.last = Math.max(now, this.heardAt)
    } catch (error) {
      this.problemText = (error as Error).message
    }
  }

  /** One that ended long ago was written down by whoever held the partition then. */
  private awayIn(gaps: readonly Gap[]): number {
    const now = this.options.clock.now()
    return gaps.reduce((sum, { endedAt, away }) => (now - endedAt < RECENT_MS ? sum + away : sum), 0)
  }
}
