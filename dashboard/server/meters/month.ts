// Months and days of the calendar in China: one zone, no summer time.

const DAY_MS = 86_400_000
const CHINA_OFFSET_MS = 8 * 3_600_000

/** `2026-11` → [from, to), ms. */
export function monthSpan(month: string): { readonly from: number; readonly to: number } {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return { from: Date.UTC(year, number - 1) - CHINA_OFFSET_MS, to: Date.UTC(year, number) - CHINA_OFFSET_MS }
}

/** Counted from 1970, as the reading store counts them. */
export const dayNumber = (at: number): number => Math.floor((at + CHINA_OFFSET_MS) / DAY_MS)

/** 1 to 31. */
export const dayOfMonth = (day: number): number => new Date(day * DAY_MS).getUTCDate()

/** `2026-11-03 14:05:09`. */
export const chinaTime = (at: number): string =>
  new Date(at + CHINA_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
