// Follows the ledger's log of changes, so that what a process keeps in memory becomes what the ledger says: in order, gapless,
// woken by the ledger and looking by itself now and then.
import type { ClusterLedger, LedgerChange } from '../records/ledger/cluster.ts'

export interface ChangeTailOptions {
  readonly ledger: Pick<ClusterLedger, 'changes' | 'onWake'>
  /** Resolves when they are taken in; called again with the same ones when it rejects. */
  readonly apply: (changes: readonly LedgerChange[]) => Promise<void>
  /** Everything up to this one is taken in: worth a word on the node board. */
  readonly applied: (seq: number) => void
  readonly failed: (error: unknown) => void
  /** The ledger could not be asked for so long that it may have forgotten some: everything is to be read again. */
  readonly reload: () => Promise<void>
  readonly lookEveryMs?: number
  /** Monotonic, ms. */
  readonly now?: () => number
}

const PAGE = 500
const LOOK_EVERY_MS = 500
const RETRY_MS = 250
/** The ledger keeps its log for a day. */
const FORGOTTEN_AFTER_MS = 12 * 3_600_000

const monotonic = (): number => performance.now()

/** For a process whose memory is too much to read anew beside its work: it ends, and its service manager starts it again. */
export class ChangesForgotten extends Error {
  override readonly name = 'ChangesForgotten'
  constructor() {
    super('the ledger could not be asked for longer than it keeps its log of changes; begin anew')
  }
}

export class ChangeTail {
  private readonly options: ChangeTailOptions
  private seq = 0
  private timer: NodeJS.Timeout | null = null
  private unwake: () => void = () => undefined
  private round: Promise<void> | null = null
  private again = false
  private stopped = false
  /** Monotonic time of the last look that was answered, ms. */
  private answeredAt: number

  constructor(options: ChangeTailOptions) {
    this.options = options
    this.answeredAt = (options.now ?? monotonic)()
  }

  /**
   * Whatever changes from here on will be applied: read the ledger after this, not before. Rejects when the ledger cannot be
   * asked.
   */
  async start(): Promise<void> {
    const { ledger, applied, lookEveryMs = LOOK_EVERY_MS } = this.options
    this.seq = await ledger.changes.newest()
    applied(this.seq)
    this.unwake = ledger.onWake((what) => what === 'change' && this.look())
    this.timer = setInterval(() => this.look(), lookEveryMs)
  }

  /** Resolves when everything that the ledger had logged at the time of the call is applied, or the tail stops. */
  async caughtUp(): Promise<void> {
    const newest = await this.options.ledger.changes.newest()
    while (this.seq < newest && !this.stopped) {
      this.look()
      await this.round
    }
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.unwake()
    if (this.timer !== null) clearInterval(this.timer)
    await this.round
  }

  private look(): void {
    this.again = true
    this.round ??= this.follow().finally(() => (this.round = null))
  }

  private async follow(): Promise<void> {
    const { ledger, apply, applied, failed, reload, now = monotonic } = this.options
    while (this.again && !this.stopped) {
      this.again = false
      try {
        const changes = await ledger.changes.after(this.seq, PAGE)
        if (now() - this.answeredAt > FORGOTTEN_AFTER_MS) await reload()
        this.answeredAt = now()
        const last = changes.at(-1)
        if (last === undefined) continue
        await apply(changes)
        this.seq = last.seq
        applied(this.seq)
        this.again = true
      } catch (error) {
        failed(error)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
}
