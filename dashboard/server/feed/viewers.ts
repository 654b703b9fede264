// Who has which alarm opened: kept in memory, told at most once a second, forgotten when it is not repeated. Pure: time is an
// argument.
import { MAX_VIEWED, MAX_VIEWERS } from '../../../contract/feed.ts'
import type { Viewers } from '../../../contract/feed.ts'
import type { Person } from '../../../contract/alarms.ts'
import { inScope } from '../../../records/scope.ts'
import type { PlaceOfThing, Scope } from '../../../records/scope.ts'

/** Pages repeat it every 5 s; one that died without a word counts for no longer than this, ms. */
const VIEWING_TTL = 12_000

interface Viewing {
  readonly person: Person
  readonly alarmId: string
  /** Where the alarm was when it was last asked: only whoever sees that place hears of it. */
  readonly place: PlaceOfThing
  readonly at: number
}

export class ViewerBoard {
  /** By connection: a page has one alarm opened at a time. */
  readonly #viewings = new Map<string, Viewing>()

  report(connectionId: string, viewing: Omit<Viewing, 'at'>, now: number): void {
    // Removed first, so that the newest are the last.
    this.#viewings.delete(connectionId)
    this.#viewings.set(connectionId, { ...viewing, at: now })
  }

  /** Whether it had anything opened. */
  gone(connectionId: string): boolean {
    return this.#viewings.delete(connectionId)
  }

  /** Call before asking what is in scope. */
  forget(now: number): void {
    for (const [id, { at }] of this.#viewings) if (now - at >= VIEWING_TTL) this.#viewings.delete(id)
  }

  /** What is looked at within a scope; a person with two pages is there once. */
  within(scope: Scope): Viewers {
    const byAlarm = new Map<string, Map<string, Person>>()
    for (const { alarmId, person, place } of [...this.#viewings.values()].toReversed()) {
      if (!inScope(scope, place)) continue
      const people = byAlarm.get(alarmId)
      if (people !== undefined) {
        if (people.size < MAX_VIEWERS) people.set(person.id, person)
      } else if (byAlarm.size < MAX_VIEWED) byAlarm.set(alarmId, new Map([[person.id, person]]))
    }
    // In an order of its own, so that a repeated report is no news.
    return [...byAlarm]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([alarmId, people]) => ({
        alarmId,
        viewers: [...people.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      }))
  }
}
