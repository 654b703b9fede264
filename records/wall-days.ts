// Days of Beijing, which keeps one offset all year. Instants are arguments, ms.
export const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BEIJING_MS = 8 * HOUR_MS

/** When the day of that instant began. */
export const dayOf = (at: number): number => Math.floor((at + BEIJING_MS) / DAY_MS) * DAY_MS - BEIJING_MS

/** When the same day of the year before began; of a 29 February, the 28th. */
export function sameDayLastYear(day: number): number {
  const date = new Date(day + BEIJING_MS)
  const [year, month] = [date.getUTCFullYear() - 1, date.getUTCMonth()]
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(date.getUTCDate(), last)) - BEIJING_MS
}
