// What guarding remembers between requests: how often something was tried, when something was last done, how many calls came.
// One port and two memories: a process's own here, and one that all dashboards of a cluster share (`cluster/dashboard/`), so
// that a limit is the same however many dashboards stand behind the balancer. Time is an argument.

export interface Verdict {
  readonly ok: boolean
  /** Milliseconds until the next try is taken; 0 if this one was. */
  readonly retryAfter: number
}

/** How often something may be tried: a sliding window of instants a key. */
export interface Throttle {
  /** Counts a try before its outcome is known, so that parallel guesses do not pass together. */
  take(key: string, now: number): Promise<Verdict>
  /** The last try of a key does not count. */
  giveBack(key: string): Promise<void>
  /** Forgets the tries of a key: the last one was right. */
  clear(key: string): Promise<void>
}

/** When something was last done, by key. */
export interface Moments {
  /** null: never, or so long ago that it is forgotten. */
  at(key: string): Promise<number | null>
  note(key: string, at: number): Promise<void>
  forget(key: string): Promise<void>
}

/** Calls of a key in a window that begins with the first; `left`: ms until it ends. */
export interface CallCount {
  readonly calls: number
  readonly left: number
}

export interface GuardMemory {
  /** `limit` tries in `windowMs`. The name tells its keys from those of others. */
  throttle(name: string, limit: number, windowMs: number): Throttle
  /** What is older than `keptMs` may be forgotten, and what is forgotten early only costs the person a question. */
  moments(name: string, keptMs: number): Moments
  /** null: the caller counts by itself. */
  readonly calls: ((key: string, windowMs: number) => Promise<CallCount>) | null
}

/** Keys of one throttle and of one kind of moments; beyond it the one unused for longest is forgotten. */
const MOST_KEYS = 10_000

/** The memory of one process, gone with it. */
export const ownGuardMemory = (): GuardMemory => ({
  throttle: (_name, limit, windowMs) => new OwnThrottle(limit, windowMs),
  moments: (_name, keptMs) => new OwnMoments(keptMs),
  calls: null,
})

/** Puts a key last and drops the first of too many: insertion order is the order of last use. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= MOST_KEYS) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}

class OwnThrottle implements Throttle {
  readonly #limit: number
  readonly #window: number
  readonly #tries = new Map<string, number[]>()

  constructor(limit: number, windowMs: number) {
    this.#limit = limit
    this.#window = windowMs
  }

  take(key: string, now: number): Promise<Verdict> {
    const recent = (this.#tries.get(key) ?? []).filter((at) => at > now - this.#window)
    const ok = recent.length < this.#limit
    if (ok) recent.push(now)
    keep(this.#tries, key, recent)
    return Promise.resolve({ ok, retryAfter: ok ? 0 : (recent[0] as number) + this.#window - now })
  }

  giveBack(key: string): Promise<void> {
    this.#tries.get(key)?.pop()
    return Promise.resolve()
  }

  clear(key: string): Promise<void> {
    this.#tries.delete(key)
    return Promise.resolve()
  }
}

class OwnMoments implements Moments {
  readonly #keptMs: number
  readonly #noted = new Map<string, number>()

  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  at(key: string): Promise<number | null> {
    return Promise.resolve(this.#noted.get(key) ?? null)
  }

  note(key: string, at: number): Promise<void> {
    for (const [old, noted] of this.#noted) {
      if (noted > at - this.#keptMs) break
      this.#noted.delete(old)
    }
    keep(this.#noted, key, at)
    return Promise.resolve()
  }

  forget(key: string): Promise<void> {
    this.#noted.delete(key)
    return Promise.resolve()
  }
}
