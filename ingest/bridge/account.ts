// What came over one bridge and what became of it (G10): received = taken + refused + waiting + failed, always.
import type { Bridge, BridgeRefusal } from '../../contract/http/bridges.ts'

export class BridgeAccount {
  #received = 0
  #taken = 0
  #waiting = 0
  #failed = 0
  #lastMessageAt: number | null = null
  readonly #refused = new Map<BridgeRefusal, number>()

  refuse(reason: BridgeRefusal, at: number): void {
    this.#come(at)
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }

  /** Handed to the intake; call what is answered with its outcome. */
  hand(at: number): (error: Error | undefined) => void {
    this.#come(at)
    this.#waiting++
    return (error) => {
      this.#waiting--
      if (error === undefined) this.#taken++
      else this.#failed++
    }
  }

  figures(): Pick<Bridge, 'received' | 'taken' | 'refused' | 'waiting' | 'failed' | 'lastMessageAt'> {
    return {
      received: this.#received,
      taken: this.#taken,
      refused: Object.fromEntries(this.#refused),
      waiting: this.#waiting,
      failed: this.#failed,
      lastMessageAt: this.#lastMessageAt,
    }
  }

  #come(at: number): void {
    this.#received++
    this.#lastMessageAt = at
  }
}
