// The rate limit of a device: a generic cell rate algorithm, one number a device. It only says how long to wait; who waits
// keeps its messages in order, so nothing is dropped. Time is an argument (monotonic ms).

export class RateLimiter {
  /** Time one message costs, ms. 0 = no limit. */
  readonly #costMs: number
  readonly #burstMs: number
  /** When a device's messages so far are paid for. */
  readonly #paidUntil = new Map<string, number>()

  /** `perSecond` 0 = no limit. */
  constructor(perSecond: number, burst: number) {
    this.#costMs = perSecond > 0 ? 1_000 / perSecond : 0
    this.#burstMs = Math.max(burst - 1, 0) * this.#costMs
  }

  /** Takes one message now and returns 0, or takes nothing and returns how long to wait, ms. */
  take(device: string, now: number): number {
    if (this.#costMs === 0) return 0
    const paidUntil = Math.max(this.#paidUntil.get(device) ?? now, now)
    const wait = paidUntil - this.#burstMs - now
    if (wait > 0) return wait
    this.#paidUntil.set(device, paidUntil + this.#costMs)
    return 0
  }

  /** Takes one message that cannot wait; the next ones wait longer for it. */
  charge(device: string, now: number): void {
    if (this.#costMs === 0) return
    this.#paidUntil.set(device, Math.max(this.#paidUntil.get(device) ?? now, now) + this.#costMs)
  }

  /** Forgets devices that owe nothing. */
  sweep(now: number): void {
    for (const [device, paidUntil] of this.#paidUntil) if (paidUntil <= now) this.#paidUntil.delete(device)
  }

  get devices(): number {
    return this.#paidUntil.size
  }
}
