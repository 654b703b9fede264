// Follows the ledger's log of changes, so that what a process keeps in memory becomes what the ledger says: in order, gapless,
// woken by the ledger and looking by itself now and then.
import type { ClusterLedger, LedgerChange } from '../records/ledger/cluster.ts'
import { Following } from './following.ts'

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
  private readonly following: Following
  private seq = 0
  /** Monotonic time of the last look that was answered, ms. */
  private answeredAt: number

  constructor(options: ChangeTailOptions) {
    this.options = options
    const { ledger, failed, lookEveryMs, now = monotonic } = options
    this.answeredAt = now()
    this.following = new Following({
      onWake: (listener) => ledger.onWake(listener),
      what: 'change',
      next: () => this.next(),
      failed,
      lookEveryMs,
    })
  }

  /**
   * Whatever changes from here on will be applied: read the ledger after this, not before. Rejects when the ledger cannot be
   * asked.
   */
  async start(): Promise<void> {
    const { ledger, applied } = this.options
    this.seq = await ledger.changes.newest()
    applied(this.seq)
    this.following.start()
  }

  /** Resolves when everything that the ledger had logged at the time of the call is applied, or the tail stops. */
  async caughtUp(): Promise<void> {
    const newest = await this.options.ledger.changes.newest()
    while (this.seq < newest && !this.following.stopped) await this.following.look()
  }

  stop(): Promise<void> {
    return this.following.stop()
  }

  private async next(): Promise<boolean> {
    const { ledger, apply, applied, reload, now = monotonic } = this.options
    const changes = await ledger.changes.after(this.seq, PAGE)
    if (now() - this.answeredAt > FORGOTTEN_AFTER_MS) await reload()
    this.answeredAt = now()
    const last = changes.at(-1)
    if (last === undefined) return false
    await apply(changes)
    this.seq = last.seq
    applied(this.seq)
    return true
  }
}
