// Spans of time on a chart, and what a zoom makes of them. Pure.

export interface Span {
  readonly from: number
  readonly to: number
}

/** One step of the keyboard or a button. */
export const ZOOM_STEP = 2

/** The span `factor` times as long around `at`, which keeps its place on the screen. Whole milliseconds. */
export function zoomed({ from, to }: Span, at: number, factor: number): Span {
  const middle = Math.min(to, Math.max(from, at))
  return { from: Math.round(middle - (middle - from) * factor), to: Math.round(middle + (to - middle) * factor) }
}

/**
 * What a wish to see `wanted` comes to: not below `shortest`, not past the end of `whole`; null when all of it is seen.
 */
export function zoomWithin(wanted: Span, whole: Span, shortest: number): Span | null {
  const length = Math.max(shortest, wanted.to - wanted.from)
  if (length >= whole.to - whole.from) return null
  const middle = (wanted.from + wanted.to) / 2
  const to = Math.round(Math.min(whole.to, Math.max(whole.from + length, middle + length / 2)))
  return { from: Math.round(to - length), to }
}
