// The spans of time a history is looked at.
export const RANGES = ['1h', '24h', '7d', '30d', '1y'] as const
export type Range = (typeof RANGES)[number]

const HOUR = 3_600_000
export const RANGE_MS = {
  '1h': HOUR,
  '24h': 24 * HOUR,
  '7d': 7 * 24 * HOUR,
  '30d': 30 * 24 * HOUR,
  '1y': 365 * 24 * HOUR,
} satisfies Record<Range, number>

/** The nearest zoom worth drawing: below this a chart shows single samples. */
export const MIN_SPAN_MS = 60_000
