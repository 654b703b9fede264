// The committed transitions in their one gapless order. Being told of a commit is quick but is only a hint: whatever did not
// come, or came out of order, is read from the ledger (G3).
import type { CommittedTransition } from '../../../records/ledger.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import type { LogSink } from '../options.ts'
import type { Records } from '../ports.ts'

const PAGE = 500
const RETRY_MS = 250

interface Waiter {
  readonly seq: number
  readonly reached: () => void
}

export class Commits {
  readonly #journal: Pick<Records['journal'], 'after' | 'head'>
  readonly #deliver: (committed: readonly CommittedTransition[]) => void
  readonly #healed: (transitions: number) => void
  readonly #log: LogSink
  #seq = 0
  /** Highest sequence known to be committed. */
  #known = 0
  #healing = false
  #stopped = false
  #waiters: Waiter[] = []

  constructor(
    journal: Pick<Records['journal'], 'after' | 'head'>,
    deliver: (committed: readonly CommittedTransition[]) => void,
    healed: (transitions: number) => void,
    log: LogSink,
  ) {
    this.#journal = journal
    this.#deliver = deliver
    this.#healed = healed
    this.#log = log
  }

  /** Everything after the ledger's present head will be delivered. Subscribe before calling it. */
  async start(): Promise<void> {
    this.#healing = true
    this.#seq = await this.#journal.head()
    this.#healing = false
    if (this.#known > this.#seq) void this.#heal()
  }

  /** The newest that was delivered, or was there before the start. */
  get told(): number {
    return this.#seq
  }

  stop(): void {
    this.#stopped = true
    for (const waiter of this.#waiters.splice(0)) waiter.reached()
  }

  heard(committed: readonly CommittedTransition[]): void {
    const fresh = committed.filter(({ transition }) => transition.seq > this.#seq)
    const last = fresh.at(-1)
    if (last === undefined) return
    this.#known = Math.max(this.#known, last.transition.seq)
    if (this.#healing) return
    if (fresh.every(({ transition }, at) => transition.seq === this.#seq + 1 + at)) this.#pass(fresh)
    else void this.#heal()
  }

  /** Resolves when everything up to `seq` has been delivered; after `patienceMs` it is fetched from the ledger. */
  async reach(seq: number, patienceMs: number): Promise<void> {
    if (this.#seq >= seq || this.#stopped) return
    const timer = setTimeout(() => {
      this.#known = Math.max(this.#known, seq)
      void this.#heal()
    }, patienceMs)
    await new Promise<void>((reached) => this.#waiters.push({ seq, reached }))
    clearTimeout(timer)
  }

  #pass(committed: readonly CommittedTransition[]): void {
    const last = committed.at(-1)
    if (last === undefined) return
    this.#seq = last.transition.seq
    this.#deliver(committed)
    if (this.#waiters.length === 0) return
    const [reached, waiting] = [[] as Waiter[], [] as Waiter[]]
    for (const waiter of this.#waiters) (waiter.seq <= this.#seq ? reached : waiting).push(waiter)
    this.#waiters = waiting
    for (const waiter of reached) waiter.reached()
  }

  async #heal(): Promise<void> {
    if (this.#healing || this.#stopped) return
    this.#healing = true
    while (this.#seq < this.#known && !this.#stopped) {
      try {
        const missing = await this.#journal.after(EVERYTHING, this.#seq, PAGE)
        this.#healed(missing.length)
        this.#pass(missing)
        // A notice of what the ledger does not hold: believe the ledger.
        if (missing.length === 0) {
          this.#known = this.#seq
          for (const waiter of this.#waiters.splice(0)) waiter.reached()
        }
      } catch (error) {
        this.#log.error(
          { err: error, from: this.#seq },
          'cannot read missing transitions from the ledger; trying again',
        )
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
    this.#healing = false
  }
}
