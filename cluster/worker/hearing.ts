// Whether devices can be heard at all: a broker lives, and Redis keeps what it is given. While they cannot, nobody is silent:
// what waits for a device's word is put off by as much, little by little; what waits for nothing but time goes on.
//
// Until when they could be heard is remembered in Redis, so that a worker that starts after everything stood still knows it.
import type { Redis } from 'ioredis'
import type { Clock } from '../../ingest/ports.ts'
import { HEARD_KEY } from '../keys.ts'
import type { NodeBoard } from '../node-board.ts'

export interface HearingOptions {
  readonly redis: Redis
  readonly board: Pick<NodeBoard, 'all'>
  readonly clock: Clock
  /** Nobody was heard for so long, ms; Infinity: it is not known for how long. */
  readonly deaf: (away: number) => void
  /** They cannot be heard (why), or can again (null). */
  readonly hearing?: (problem: string | null) => void
  readonly lookEveryMs?: number
}

/** A time in which nobody was heard. */
export interface Gap {
  readonly id: number
  /** ms; Infinity: not known. */
  readonly away: number
}

const LOOK_EVERY_MS = 1_000
/** Less than this is the time between two looks, ms. */
const NOTICED_MS = 3_000
/** So long after a gap its devices are given that time, by whoever takes their partition or has only now read what was said before it. */
const RECENT_MS = 60_000

export class Hearing {
  private readonly options: HearingOptions
  private timer: NodeJS.Timeout | null = null
  private looking: Promise<void> | null = null
  /** Hub time up to which everybody was heard, or was given the time; -Infinity: nothing is known. */
  private accounted = -Infinity
  private gap: { id: number; away: number; endedAt: number } | null = null
  private inGap = false
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

  /** One that is not over, or not for long. */
  recentGap(): Gap | null {
    const { gap } = this
    return gap !== null && this.options.clock.now() - gap.endedAt < RECENT_MS ? gap : null
  }

  look(): Promise<void> {
    return (this.looking ??= this.lookOnce().finally(() => (this.looking = null)))
  }

  private async lookOnce(): Promise<void> {
    const before = this.problemText
    await this.account()
    if (this.problemText !== before) this.options.hearing?.(this.problemText)
  }

  private async account(): Promise<void> {
    const { clock, deaf } = this.options
    let from = this.accounted
    let deafNow = false
    try {
      from = await this.hear()
      this.problemText = null
    } catch (error) {
      this.problemText = (error as Error).message
      deafNow = true
    }
    const now = clock.now()
    const away = now - from
    if (away <= NOTICED_MS && !this.inGap) {
      // What fails now may be over before anybody notices; until then it is not accounted for.
      if (!deafNow) this.accounted = now
      return
    }
    if (away > 0) {
      this.noteGap(now, away)
      deaf(away)
    }
    this.accounted = now
    this.inGap = deafNow
  }

  /** Answers until when they were heard before: others may have heard on while this process stood still. */
  private async hear(): Promise<number> {
    const { redis, board, clock } = this.options
    this.answered = false
    const nodes = await board.all()
    this.answered = true
    if (!nodes.some(({ role }) => role === 'broker')) throw new Error('no broker is there')
    // A write: a Redis that is full, or has lost its replicas, takes nothing of the brokers either.
    const before = await redis.set(HEARD_KEY, Math.round(clock.now()), 'GET')
    return Math.max(this.accounted, before === null ? -Infinity : Number(before))
  }

  private noteGap(endedAt: number, away: number): void {
    const { gap } = this
    if (gap !== null && this.inGap) this.gap = { ...gap, away: gap.away + away, endedAt }
    else this.gap = { id: (gap?.id ?? 0) + 1, away, endedAt }
  }
}
