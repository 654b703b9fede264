// Device → screen as this page measures it: from the hub's receipt of the message to the paint of the row.
//
// The two clocks differ. Each hello and heartbeat gives `serverTime − local receipt`, which is the true offset less the
// one-way delay of that message; the largest seen is the nearest, so the figure is low by at most the fastest one-way delay.

/** Samples kept, and for how long: what is shown is "now", not the night's average. */
const KEEP = 500
const WINDOW_MS = 15 * 60_000

export class ClockOffset {
  #samples: { readonly at: number; readonly offset: number }[] = []

  add(serverTime: number, localNow: number): void {
    this.#samples = this.#samples.filter((sample) => localNow - sample.at < WINDOW_MS && localNow >= sample.at)
    this.#samples.push({ at: localNow, offset: serverTime - localNow })
  }

  /** ms to add to this page's clock to get the hub's; null before the hub was heard. */
  get ms(): number | null {
    return this.#samples.length === 0 ? null : Math.max(...this.#samples.map((sample) => sample.offset))
  }
}

export class LatencyWindow {
  #samples: { readonly at: number; readonly ms: number }[] = []

  add(ms: number, now: number): void {
    this.#samples.push({ at: now, ms: Math.max(0, ms) })
    if (this.#samples.length > KEEP) this.#samples.shift()
  }

  /** null when nothing was measured in the window. */
  figures(now: number): { readonly p50: number; readonly p99: number; readonly count: number } | null {
    const sorted = this.#samples.filter((sample) => now - sample.at < WINDOW_MS).map((sample) => sample.ms)
    if (sorted.length === 0) return null
    sorted.sort((a, b) => a - b)
    return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), count: sorted.length }
  }
}

/** Nearest rank on an ascending list that is not empty. */
export function quantile(ascending: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * ascending.length))
  return ascending[rank - 1] as number
}
