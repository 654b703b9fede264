// How often something may be tried: a sliding window of instants a key. Time is an argument.

export interface Verdict {
  readonly ok: boolean
  /** Milliseconds until the next try is taken; 0 if this one was. */
  readonly retryAfter: number
}

export class Throttle {
  readonly #limit: number
  readonly #window: number
  readonly #maxKeys: number
  /** Insertion order = order of last use, so that the oldest key is the first. */
  readonly #tries = new Map<string, number[]>()

  /** `limit` tries in `windowMs`; beyond `maxKeys` the key unused for longest is forgotten. */
  constructor(limit: number, windowMs: number, maxKeys = 10_000) {
    this.#limit = limit
    this.#window = windowMs
    this.#maxKeys = maxKeys
  }

  /** Counts a try before its outcome is known, so that parallel guesses do not pass together. */
  take(key: string, now: number): Verdict {
    const recent = (this.#tries.get(key) ?? []).filter((at) => at > now - this.#window)
    const ok = recent.length < this.#limit
    if (ok) recent.push(now)
    this.#tries.delete(key)
    this.#tries.set(key, recent)
    if (this.#tries.size > this.#maxKeys) {
      const oldest = this.#tries.keys().next()
      if (!oldest.done) this.#tries.delete(oldest.value)
    }
    return { ok, retryAfter: ok ? 0 : (recent[0] as number) + this.#window - now }
  }

  /** The last try of a key does not count. */
  giveBack(key: string): void {
    this.#tries.get(key)?.pop()
  }

  /** Forgets the tries of a key: the last one was right. */
  clear(key: string): void {
    this.#tries.delete(key)
  }
}
