// When a page begins to ask for the password again. Pure: instants are arguments, ms.
const MINUTE = 60_000
/** The end of a session is told this long before. */
export const ASK_BEFORE_MS = 30 * MINUTE
/** Who puts it off is asked again after this, and is not to put it off into the end. */
const PUT_OFF_MS = 10 * MINUTE
const LAST_MS = 5 * MINUTE

/** `left`: until the end. `putOffAt`: when the person last said "later". */
export function endsSoon(left: number, putOffAt: number | null, now: number): boolean {
  if (left > ASK_BEFORE_MS) return false
  return putOffAt === null || left <= LAST_MS || now - putOffAt >= PUT_OFF_MS
}
