// Up to which sequence a cursor may stem from another scope. A cursor is only a number: one from before the viewer's scope
// changed would replay a history that is not theirs, or miss what has become theirs, so it gets a snapshot instead.
import type { Principal } from '../auth/principal.ts'
import type { Records } from '../ports.ts'

/** Settings: of what changed for everyone with places, and the beginning of those of one user. */
export const SCOPE_MARKS = { places: 'feed.scope_since.places', user: 'feed.scope_since.user.' } as const
const PLACES = SCOPE_MARKS.places
const userKey = (userId: string): string => `${SCOPE_MARKS.user}${userId}`

/** Before the first transition: every cursor is good. */
const NEVER = -1

export class ScopeMarks {
  readonly #records: Pick<Records, 'settings' | 'journal'>

  constructor(records: Pick<Records, 'settings' | 'journal'>) {
    this.#records = records
  }

  /** A cursor up to this one (included) is too old for the viewer's scope. */
  async since(principal: Principal): Promise<number> {
    const own = await this.#read(userKey(principal.userId))
    return principal.scope.all ? own : Math.max(own, await this.#read(PLACES))
  }

  /**
   * Marks before and after: a crash in between leaves a mark that only costs snapshots, and so does a change that failed or
   * that another one overlaps.
   */
  async around<T>(whose: { readonly userId: string } | 'everyone_with_places', change: () => Promise<T>): Promise<T> {
    const { settings, journal } = this.#records
    const key = whose === 'everyone_with_places' ? PLACES : userKey(whose.userId)
    await settings.set(key, String(Number.MAX_SAFE_INTEGER))
    try {
      return await change()
    } finally {
      await settings.set(key, String(await journal.head()))
    }
  }

  async #read(key: string): Promise<number> {
    const mark = await this.#records.settings.get(key)
    return mark === null ? NEVER : Number(mark)
  }
}
