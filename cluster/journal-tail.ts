// Transitions as they come into the ledger, whoever decided them: read by their sequence, which has no gap, so that none is
// missed and each is told once, in order (G2, G3). Being woken only makes it sooner.
import type { CommittedTransition, Journal } from '../records/ledger.ts'
import type { ClusterLedger } from '../records/ledger/cluster.ts'
import { EVERYTHING } from '../records/scope.ts'
import { Following } from './following.ts'

export interface JournalTailOptions {
  readonly journal: Pick<Journal, 'after' | 'head'>
  readonly onWake: ClusterLedger['onWake']
  /** Each one once, ascending. Called again with the same ones when it rejects. */
  readonly tell: (committed: readonly CommittedTransition[]) => void | Promise<void>
  readonly failed: (error: unknown) => void
  readonly lookEveryMs?: number
}

const PAGE = 500

export class JournalTail {
  private readonly options: JournalTailOptions
  private readonly following: Following
  private cursor = 0

  constructor(options: JournalTailOptions) {
    this.options = options
    const { onWake, failed, lookEveryMs } = options
    this.following = new Following({ onWake, what: 'transition', next: () => this.next(), failed, lookEveryMs })
  }

  /** Everything after `cursor` will be told. */
  start(cursor: number): void {
    this.cursor = cursor
    this.following.start()
    void this.following.look()
  }

  /** The newest that was told of. */
  get told(): number {
    return this.cursor
  }

  stop(): Promise<void> {
    return this.following.stop()
  }

  private async next(): Promise<boolean> {
    const { journal, tell } = this.options
    const committed = await journal.after(EVERYTHING, this.cursor, PAGE)
    const last = committed.at(-1)
    if (last === undefined) return false
    await tell(committed)
    this.cursor = last.transition.seq
    return true
  }
}
