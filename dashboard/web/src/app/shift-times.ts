// When the desk next changes hands, by the clock on the wall. Beijing time has had no summer time since 1991.
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BEIJING_MS = 8 * HOUR_MS

/** The next of these times of day (`08:30`), as an instant; one that is now has just passed. */
export function nextChange(changesAt: readonly string[], now: number): number | null {
  const midnight = Math.floor((now + BEIJING_MS) / DAY_MS) * DAY_MS - BEIJING_MS
  const instants = changesAt.map((time) => {
    const [hours, minutes] = time.split(':').map(Number)
    const today = midnight + (hours ?? 0) * HOUR_MS + (minutes ?? 0) * 60_000
    return today > now ? today : today + DAY_MS
  })
  return instants.length === 0 ? null : Math.min(...instants)
}
