// Whether devices can be heard at all: a broker lives, and Redis keeps what it is given. While they cannot, nobody is silent
// (the hub is deaf, and its clocks stand still); afterwards everybody is given that time on top.
//
// How long it was deaf is remembered in Redis, so that a worker that starts after everything stood still knows it, too.
import type { Redis } from 'ioredis'
import type { Clock } from '../../ingest/ports.ts'
import { HEARD_KEY } from '../keys.ts'
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

export class Hearing {
  private readonly options: HearingOptions
  private timer: NodeJS.Timeout | null = null
  private looking: Promise<void> | null = null
  /** Hub time, ms; null: not known since the start. */
  private last: number | null = null
  private gap: { readonly endedAt: number; readonly away: number } | null = null
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

  /** What a partition that is taken now must be given on top, ms; 0: nothing. */
  recentlyAway(): number {
    const { gap } = this
    return gap !== null && this.options.clock.now() - gap.endedAt < RECENT_MS ? gap.away : 0
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
      // A write: a Redis that is full, or has lost its replicas, takes nothing of the brokers either.
      const before = await redis.set(HEARD_KEY, Math.round(now), 'GET')
      this.problemText = null
      // Another worker may have gone on while this one stood still.
      const away = now - Math.max(this.heardAt, before === null ? -Infinity : Number(before))
      if (away > HEARD_MS) {
        // A partition that is taken now has been through neither: not the short one alone counts.
        this.gap = { endedAt: now, away: this.recentlyAway() + away }
        deaf(away)
      }
      this.last = Math.max(now, this.heardAt)
    } catch (error) {
      this.problemText = (error as Error).message
    }
  }
}
