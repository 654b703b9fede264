// Power of a meter minute by minute, as the questions look at it.

export interface PowerPoint {
  /** Start of the bucket, ms. */
  readonly t: number
  /** W. */
  readonly mean: number
}

export const MINUTE = 60_000
/** A value holds until the next, but no longer than this: what is unknown is not guessed. */
const HOLD_MINUTES = 5

export interface Minutes {
  readonly from: number
  /** W; null: nothing is known of that minute. */
  readonly watts: readonly (number | null)[]
}

export function minutesOf(points: readonly PowerPoint[], from: number, to: number): Minutes {
  const watts: (number | null)[] = Array.from({ length: Math.max(0, Math.floor((to - from) / MINUTE)) }, () => null)
  for (const { t, mean } of points) {
    const at = Math.floor((t - from) / MINUTE)
    if (at >= 0 && at < watts.length) watts[at] = mean
  }
  let age = Infinity
  let last: number | null = null
  for (const [at, value] of watts.entries()) {
    age = value === null ? age + 1 : 0
    last = value ?? last
    if (value === null && age <= HOLD_MINUTES) watts[at] = last
  }
  return { from, watts }
}
