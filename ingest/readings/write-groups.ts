// Appends to a store on another machine, gathered: while one group is on its way, the next one fills. Groups go one after
// the other, so that appends resolve in the order they were made; what a group may hold is bounded by what its callers keep
// waiting for.
import { unavailable } from './unavailable.ts'

interface Waiting<T> {
  readonly items: readonly T[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface WriteGroupsOptions<T> {
  /** Resolves when all of them are durable. `stopping`: it must not be tried again. */
  readonly write: (items: readonly T[], stopping: AbortSignal) => Promise<void>
  /** From the start of one group to the start of the next at least so long while so many items wait, ms. */
  readonly everyMs: (waiting: number) => number
  /** Items in one group at most; a single append is never divided. */
  readonly most: number
}

export class WriteGroups<T> {
  readonly #options: WriteGroupsOptions<T>
  readonly #stopping = new AbortController()
  #waiting: Waiting<T>[] = []
  #items = 0
  #running: Promise<void> | null = null
  #began = -Infinity
  #lookAgain: (() => void) | null = null

  constructor(options: WriteGroupsOptions<T>) {
    this.#options = options
  }

  append(items: readonly T[]): Promise<void> {
    if (this.#stopping.signal.aborted)
      return Promise.reject(unavailable('时序库已关闭。', 'The reading store is closed.'))
    if (items.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject })
      this.#items += items.length
      this.#lookAgain?.()
      this.#running ??= this.#run()
    })
  }

  /** Each group that waits is tried once more and not again. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#lookAgain?.()
    await this.#running
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#pause()
      const group = this.#take()
      if (group.length === 0) break
      this.#began = performance.now()
      try {
        await this.#options.write(
          group.flatMap(({ items }) => items),
          this.#stopping.signal,
        )
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#running = null
  }

  /** Until the next group is due, by what waits then. */
  async #pause(): Promise<void> {
    for (;;) {
      const wait = this.#began + this.#options.everyMs(this.#items) - performance.now()
      if (wait <= 0 || this.#stopping.signal.aborted) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait)
        this.#lookAgain = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#lookAgain = null
    }
  }

  #take(): Waiting<T>[] {
    let taken = 0
    let count = 0
    for (const { items } of this.#waiting) {
      if (count > 0 && taken + items.length > this.#options.most) break
      taken += items.length
      count++
    }
    this.#items -= taken
    return this.#waiting.splice(0, count)
  }
}
