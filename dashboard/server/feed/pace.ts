// How much one socket may send. Pure: time is an argument.

/** Events a second a page may send, and as many at once. */
export const EVENTS_A_SECOND = 20

export class Pace {
  #tokens = EVENTS_A_SECOND
  #at: number

  constructor(now: number) {
    this.#at = now
  }

  take(now: number): boolean {
    this.#tokens = Math.min(EVENTS_A_SECOND, this.#tokens + (Math.max(0, now - this.#at) * EVENTS_A_SECOND) / 1000)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
