// How much one socket may send. Pure: time is an argument.

/** Events a second a page may send in the long run. */
export const EVENTS_A_SECOND = 20
/** And at once: a flood of alarms is reported as painted in several batches. */
const AT_ONCE = 40

export class Pace {
  #tokens = AT_ONCE
  #at: number

  constructor(now: number) {
    this.#at = now
  }

  take(now: number): boolean {
    this.#tokens = Math.min(AT_ONCE, this.#tokens + (Math.max(0, now - this.#at) * EVENTS_A_SECOND) / 1000)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
