// Reads on in what the ledger appends: woken when something may be new, looking by itself now and then, one round at a time,
// and again after a failure.
import type { ClusterLedger, Wake } from '../records/ledger/cluster.ts'

export interface FollowingOptions {
  readonly onWake: ClusterLedger['onWake']
  /** What it is woken by. */
  readonly what: Wake
  /** Takes the next ones in; answers whether there were any. Called again later when it rejects. */
  readonly next: () => Promise<boolean>
  readonly failed: (error: unknown) => void
  readonly lookEveryMs?: number | undefined
}

const LOOK_EVERY_MS = 500
const RETRY_MS = 250

export class Following {
  private readonly options: FollowingOptions
  private timer: NodeJS.Timeout | null = null
  private unwake: () => void = () => undefined
  private round: Promise<void> | null = null
  private again = false
  private isStopped = false

  constructor(options: FollowingOptions) {
    this.options = options
  }

  get stopped(): boolean {
    return this.isStopped
  }

  start(): void {
    const { onWake, what, lookEveryMs = LOOK_EVERY_MS } = this.options
    this.unwake = onWake((woken) => woken === what && void this.look())
    this.timer = setInterval(() => void this.look(), lookEveryMs)
  }

  /** Resolves when what is there by now has been asked for, and taken in unless that failed. */
  look(): Promise<void> {
    this.again = true
    return (this.round ??= this.follow().finally(() => (this.round = null)))
  }

  /** Resolves when the round that runs has ended. */
  async stop(): Promise<void> {
    this.isStopped = true
    this.unwake()
    if (this.timer !== null) clearInterval(this.timer)
    await this.round
  }

  private async follow(): Promise<void> {
    const { next, failed } = this.options
    while (this.again && !this.isStopped) {
      this.again = false
      try {
        if (await next()) this.again = true
      } catch (error) {
        failed(error)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
}
