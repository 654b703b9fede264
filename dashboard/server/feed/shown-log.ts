// What screens report as painted, on its way to the ledger: gathered, written together, and never in the way of the feed.
import type { Painted, Shown } from '../../../records/ledger.ts'
import type { LogSink } from '../options.ts'
import type { Connection } from './connection.ts'

/** How long reports are gathered, ms. */
const GATHER_MS = 500
/** Reports in one transaction: the journal's next batch waits for no more than that. */
const PER_WRITE = 1_000
/** Reports waiting for a ledger that does not take them; what comes beyond is lost and said once. */
const MAX_WAITING = 20_000

export class ShownLog {
  readonly #records: Shown
  readonly #log: LogSink
  /** By transition and user: the first report counts. */
  readonly #waiting = new Map<string, Painted>()
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #failing = false
  #stopped = false

  constructor(records: Shown, log: LogSink) {
    this.#records = records
    this.#log = log
  }

  /** Only what this connection was sent or has caught up on can have been painted there. */
  painted({ principal, line }: Connection, seqs: readonly number[], at: number): void {
    const { userId, scope } = principal
    for (const seq of seqs) {
      if (seq > line.prev || this.#waiting.size >= MAX_WAITING) continue
      const key = `${seq}/${userId}`
      if (!this.#waiting.has(key)) this.#waiting.set(key, { seq, userId, scope, at })
    }
    if (this.#waiting.size > 0 && !this.#stopped) this.#timer ??= setTimeout(() => this.#write(), GATHER_MS)
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#writing
    do await this.#writeSome()
    while (this.#waiting.size > 0 && !this.#failing)
  }

  #write(): void {
    this.#writing = this.#writeSome().finally(() => {
      this.#timer = this.#waiting.size > 0 && !this.#stopped ? setTimeout(() => this.#write(), GATHER_MS) : null
    })
  }

  async #writeSome(): Promise<void> {
    const some = [...this.#waiting].slice(0, PER_WRITE)
    try {
      await this.#records.note(some.map(([, painted]) => painted))
      for (const [key] of some) this.#waiting.delete(key)
      this.#failing = false
    } catch (error) {
      // They stay, and are tried again.
      if (!this.#failing) this.#log.warn({ err: error }, 'what screens have shown was not written down')
      this.#failing = true
    }
  }
}
