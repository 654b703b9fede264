// How long commits take: the newest thousand, measured once a batch.

const KEPT = 1_000

export interface CommitFigures {
  /** Since the start. */
  readonly count: number
  /** How many of the newest the percentiles are of. */
  readonly of: number
  readonly p50: number | null
  readonly p99: number | null
  readonly last: { readonly ms: number; readonly at: number } | null
}

export class CommitTimes {
  private readonly kept = new Float64Array(KEPT)
  private count = 0
  private last: CommitFigures['last'] = null

  /** `at`: wall time of its end, ms. */
  took(ms: number, at: number): void {
    this.kept[this.count % KEPT] = ms
    this.count++
    this.last = { ms, at }
  }

  figures(): CommitFigures {
    const of = Math.min(this.count, KEPT)
    const sorted = this.kept.slice(0, of).sort()
    // Nearest rank: a figure that was measured, not one between two.
    const rank = (share: number) => sorted[Math.ceil(share * of) - 1] ?? null
    return { count: this.count, of, p50: rank(0.5), p99: rank(0.99), last: this.last }
  }
}
