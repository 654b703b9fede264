// Redis is there and takes nothing: it is full, or misses its replicas. Whoever is told so sends nothing more, so it is asked on
// their behalf until it takes something again.
import type { Redis } from 'ioredis'
import { PROBE_KEY } from '../keys.ts'

export interface RefusalOptions {
  readonly redis: Redis
  readonly replicas: number
  readonly replicasWithinMs: number
  readonly changed: (refusal: string | null) => void
}

const ASK_EVERY_MS = 500

export class Refusal {
  private readonly options: RefusalOptions
  private text: string | null = null
  private timer: NodeJS.Timeout | null = null
  private stopped = false

  constructor(options: RefusalOptions) {
    this.options = options
  }

  get why(): string | null {
    return this.text
  }

  /** Why nothing of what it was given was taken; null: something was. */
  say(why: string | null): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (why !== null && !this.stopped)
      this.timer = setTimeout(() => {
        this.ask().then(
          (again) => this.say(again),
          (error: unknown) => this.say((error as Error).message),
        )
      }, ASK_EVERY_MS)
    const changed = (why === null) !== (this.text === null)
    this.text = why
    if (changed) this.options.changed(why)
  }

  stop(): void {
    this.stopped = true
    this.say(null)
  }

  private async ask(): Promise<string | null> {
    const { redis, replicas, replicasWithinMs } = this.options
    const pipeline = redis.pipeline().set(PROBE_KEY, 1)
    if (replicas > 0) pipeline.wait(replicas, replicasWithinMs)
    const [set, wait] = (await pipeline.exec()) ?? []
    const error = set?.[0] ?? wait?.[0]
    if (error != null) return error.message
    const reached = replicas > 0 ? Number(wait?.[1]) : 0
    return reached < replicas ? `${reached} of ${replicas} replicas have it` : null
  }
}
