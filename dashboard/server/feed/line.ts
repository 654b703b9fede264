// One viewer's line of transitions: what has been sent, what is held while the ledger is read, what comes next. Pure.
import type { CommittedTransition } from '../../../records/ledger.ts'

/** Held during one resume before it is given up: the client starts again rather than the hub growing. */
const MAX_HELD = 20_000

/**
 * waiting → resuming → live, and back to resuming whenever the client asks. A transition is sent only when live; while
 * resuming it is held, because the read of the ledger may or may not have seen it.
 */
export class Line {
  #state: 'waiting' | 'resuming' | 'live' = 'waiting'
  #prev = 0
  #liveFrom = 0
  #held: CommittedTransition[] = []

  get state(): 'waiting' | 'resuming' | 'live' {
    return this.#state
  }

  /** The sequence sent last. */
  get prev(): number {
    return this.#prev
  }

  /** Where the last resume ended: what is greater was sent live. */
  get liveFrom(): number {
    return this.#liveFrom
  }

  /** From now on transitions are held; call before the ledger is read. False: a resume is under way already. */
  begin(): boolean {
    if (this.#state === 'resuming') return false
    this.#state = 'resuming'
    this.#held = []
    return true
  }

  /** The ledger's answer reaches up to `head`: what is held beyond it is to be sent at once, in this order. */
  finish(head: number): CommittedTransition[] {
    const beyond = this.#held.filter((committed) => committed.transition.seq > head)
    this.#state = 'live'
    this.#prev = head
    this.#liveFrom = head
    this.#held = []
    return beyond
  }

  /** The ledger did not answer: nothing is sent until the next resume. */
  abort(): void {
    this.#state = 'waiting'
    this.#held = []
  }

  /**
   * A transition in this viewer's scope. `send`: it follows `prev`, and is now the one sent last. `overflow`: it could not
   * be held; the connection must end.
   */
  offer(committed: CommittedTransition): 'send' | 'held' | 'known' | 'not_yet' | 'overflow' {
    if (this.#state === 'waiting') return 'not_yet'
    if (this.#state === 'resuming') {
      if (this.#held.length >= MAX_HELD) return 'overflow'
      this.#held.push(committed)
      return 'held'
    }
    const { seq } = committed.transition
    if (seq <= this.#prev) return 'known'
    this.#prev = seq
    return 'send'
  }
}
