// Work of which the whole cluster has one at a time, e.g. messages to telephones. Every process that could do it asks for it;
// one has it under a lease, and when it dies or cannot reach the ledger any more, another goes on from the mark it left.
// What was done and not marked is done again: at least once.
import type { ClusterLedger } from '../records/ledger/cluster.ts'

/** Work under way in this process. */
export interface AtWork {
  /** Everything up to here need not be done again; null: nothing to say. */
  mark(): number | null
  /** Ends; what is not marked is somebody else's from now on. */
  stop(): Promise<void>
}

export interface DutyOptions {
  readonly duties: ClusterLedger['duties']
  readonly name: string
  /** Id of this process. */
  readonly holder: string
  /** `mark`: how far it had come; null: it was never done. */
  readonly begin: (mark: number | null) => Promise<AtWork>
  readonly failed: (error: unknown) => void
  readonly leaseMs?: number
}

const LEASE_MS = 10_000

export class Duty {
  private readonly options: DutyOptions
  private readonly leaseMs: number
  private timer: NodeJS.Timeout | null = null
  private round: Promise<void> | null = null
  private atWork: AtWork | null = null
  /** When the lease was asked for last, by the process's own clock: nobody else can have it within a lease of that. */
  private heldSince = 0
  private stopped = false

  constructor(options: DutyOptions) {
    this.options = options
    this.leaseMs = options.leaseMs ?? LEASE_MS
  }

  start(): void {
    this.timer = setInterval(() => this.look(), this.leaseMs / 4)
    this.look()
  }

  get isHeld(): boolean {
    return this.atWork !== null
  }

  /** Ends the work and leaves it to whoever asks next. */
  async stop(): Promise<void> {
    this.stopped = true
    if (this.timer !== null) clearInterval(this.timer)
    await this.round
    const { duties, name, holder } = this.options
    const { atWork } = this
    if (atWork === null) return
    await this.end()
    try {
      await duties.renew(name, holder, this.leaseMs, atWork.mark())
      await duties.release(name, holder)
    } catch (error) {
      // The lease ends by itself.
      this.options.failed(error)
    }
  }

  private look(): void {
    this.round ??= this.lookOnce()
      .catch((error: unknown) => this.options.failed(error))
      .finally(() => (this.round = null))
    // A ledger that does not answer does not end a lease: the clock does.
    if (this.atWork !== null && performance.now() - this.heldSince >= this.leaseMs) void this.end()
  }

  private async lookOnce(): Promise<void> {
    const { duties, name, holder, begin } = this.options
    const asked = performance.now()
    if (this.atWork === null) {
      const held = await duties.hold(name, holder, this.leaseMs)
      if (held === null || this.stopped) return
      this.heldSince = asked
      this.atWork = await begin(held.mark)
      return
    }
    const mark = this.atWork.mark()
    if (await duties.renew(name, holder, this.leaseMs, mark)) this.heldSince = asked
    else await this.end()
  }

  private async end(): Promise<void> {
    const { atWork } = this
    this.atWork = null
    await atWork?.stop()
  }
}
