// What the load generator knows for certain: which (device, ts) were acknowledged. Kept outside the hub, so that after a
// fault it can say what must be there.

/** Timestamps of one device as runs of consecutive milliseconds: [first, length, first, length, …], ascending. */
export class Runs {
  #pairs: Float64Array = new Float64Array(64)
  #used = 0
  #count = 0

  static from(pairs: Float64Array): Runs {
    const runs = new Runs()
    runs.#pairs = pairs
    runs.#used = pairs.length
    for (let i = 1; i < pairs.length; i += 2) runs.#count += pairs[i] as number
    return runs
  }

  /** Adds a timestamp. Normally it continues the last run; one that is older opens a run of its own. */
  add(ts: number): void {
    this.#count++
    const last = this.#used - 2
    if (last >= 0 && (this.#pairs[last] as number) + (this.#pairs[last + 1] as number) === ts) {
      this.#pairs[last + 1] = (this.#pairs[last + 1] as number) + 1
      return
    }
    if (this.#used === this.#pairs.length) {
      const larger = new Float64Array(this.#pairs.length * 2)
      larger.set(this.#pairs)
      this.#pairs = larger
    }
    this.#pairs[this.#used] = ts
    this.#pairs[this.#used + 1] = 1
    this.#used += 2
  }

  get count(): number {
    return this.#count
  }

  /** Flat pairs, to be sent to another process. */
  pairs(): Float64Array {
    return this.#pairs.slice(0, this.#used)
  }

  *ranges(): Generator<{ first: number; last: number; count: number }> {
    for (let i = 0; i < this.#used; i += 2) {
      const [first, count] = [this.#pairs[i] as number, this.#pairs[i + 1] as number]
      yield { first, last: first + count - 1, count }
    }
  }

  *timestamps(): Generator<number> {
    for (const { first, last } of this.ranges()) for (let ts = first; ts <= last; ts++) yield ts
  }
}

/** Per topic that was published to. */
export interface OracleEntry {
  readonly username: string
  readonly topic: string
  /** Must be in the store. */
  readonly acknowledged: Runs
  /** Sent, PUBACK never seen: may be in the store or not. */
  readonly unacknowledged: readonly number[]
}

/** One JSON line an entry: `{"username","topic","acknowledged":[first,length,…],"unacknowledged":[…]}`. */
export function oracleLines(entries: readonly OracleEntry[]): string {
  return entries
    .map(({ username, topic, acknowledged, unacknowledged }) =>
      JSON.stringify({ username, topic, acknowledged: [...acknowledged.pairs()], unacknowledged }),
    )
    .join('\n')
}
