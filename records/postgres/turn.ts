// One after another, in call order.
import { LedgerAway } from './pool.ts'

/** Who has waited longer than this for others that got no answer, does not wait for none of their own, ms. */
const LONGEST_WAIT_MS = 25_000

export class Turn {
  #last: Promise<unknown> = Promise.resolve()
  /** The one before got no answer. */
  #away = false

  take<T>(work: () => Promise<T>): Promise<T> {
    const asked = performance.now()
    const mine = this.#last.then(() => {
      if (this.#away && performance.now() - asked > LONGEST_WAIT_MS)
        throw new LedgerAway(new Error('those before got no answer'))
      return work()
    })
    this.#last = mine.then(
      () => (this.#away = false),
      (error: unknown) => (this.#away = error instanceof LedgerAway),
    )
    return mine
  }
}
