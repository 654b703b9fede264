// How often a device really reports, from its last arrivals. Pure.
import type { Series } from '../../contract/http/devices.ts'

type Bucket = Pick<Series['points'][number], 't' | 'count'>

/** Fewer gaps than these teach nothing. */
const FEWEST_GAPS = 3
/** How far what is set may be from what is learned. */
const TOLERANCE = 0.25

/** The median of the gaps, seconds; null: too few arrivals. A bucket of several holds gaps that are shorter than itself. */
export function learnInterval(buckets: readonly Bucket[], bucketMs: number): number | null {
  const gaps: number[] = []
  for (const [index, { t, count }] of buckets.entries()) {
    for (let inside = 1; inside < count; inside++) gaps.push(bucketMs / count)
    const next = buckets[index + 1]
    if (next !== undefined) gaps.push(Math.max(next.t - t - (bucketMs * (count - 1)) / count, bucketMs / count))
  }
  // Within a single bucket nothing tells how long the arrivals took.
  if (buckets.length < 2 || gaps.length < FEWEST_GAPS) return null
  const sorted = gaps.toSorted((a, b) => a - b)
  return Math.max(1, Math.round((sorted[Math.floor(sorted.length / 2)] as number) / 1_000))
}

/** What ought to be set instead of `holds`; null: it fits, or nothing is known. */
export function suggestInterval(learned: number | null, holds: number | null): number | null {
  if (learned === null) return null
  if (holds !== null && Math.abs(learned - holds) <= TOLERANCE * holds) return null
  return learned
}
