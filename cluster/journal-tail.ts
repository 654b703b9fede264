// Transitions as they come into the ledger, whoever decided them: read by their sequence, which has no gap, so that none is
// missed and each is told once, in order (G2, G3). Being woken only makes it sooner.
import type { CommittedTransition, Journal } from '../records/ledger.ts'
import type { ClusterLedger } from '../records/ledger/cluster.ts'
import { EVERYTHING } from '../records/scope.ts'

export interface JournalTailOptions {
  readonly journal: Pick<Journal, 'after' | 'head'>
  readonly onWake: ClusterLedger['onWake']
  /** Each one once, ascending. Called again with the same ones when it rejects. */
  readonly tell: (committed: readonly CommittedTransition[]) => void | Promise<void>
  readonly failed: (error: unknown) => void
  readonly lookEveryMs?: number
}

const PAGE = 500
const LOOK_EVERY_MS = 500
const RETRY_MS = 250

export class JournalTail {
  private readonly options: JournalTailOptions
  private cursor = 0
  private timer: NodeJS.Timeout | null = null
  private unwake: () => void = () => undefined
  private round: Promise<void> | null = null
  private again = false
  private stopped = false

  constructor(options: JournalTailOptions) {
    this.options = options
  }

  /** Everything after `cursor` will be told. */
  start(cursor: number): void {
    const { onWake, lookEveryMs = LOOK_EVERY_MS } = this.options
    this.cursor = cursor
    this.unwake = onWake((what) => what === 'transition' && this.look())
    this.timer = setInterval(() => this.look(), lookEveryMs)
    this.look()
  }

  /** The newest that was told of. */
  get told(): number {
    return this.cursor
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
    const { journal, tell, failed } = this.options
    while (this.again && !this.stopped) {
      this.again = false
      try {
        const committed = await journal.after(EVERYTHING, this.cursor, PAGE)
        const last = committed.at(-1)
        if (last === undefined) continue
        await tell(committed)
        this.cursor = last.transition.seq
        this.again = true
      } catch (error) {
        failed(error)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
}
