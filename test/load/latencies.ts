// A histogram of times in logarithmic buckets of 5 %: constant memory, cheap to add to, good enough for percentiles.

const GROWTH = Math.log(1.05)
/** Upper end of the first bucket, ms: a broker on loopback answers a lone message in less than 0.01. */
const SMALLEST = 0.001
const BUCKETS = 400

export class Latencies {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #max = 0

  add(ms: number): void {
    this.#count++
    if (ms > this.#max) this.#max = ms
    const bucket = ms <= SMALLEST ? 0 : Math.ceil(Math.log(ms / SMALLEST) / GROWTH)
    const index = Math.min(bucket, BUCKETS - 1)
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  get max(): number {
    return this.#max
  }

  /** The upper end of the bucket that holds this share (0…1) of all times, ms; 0 when there are none. */
  percentile(share: number): number {
    let left = share * this.#count
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket] as number
      if (left <= 0 && this.#count > 0) return Math.min(SMALLEST * Math.exp(bucket * GROWTH), this.#max)
    }
    return this.#max
  }
}
