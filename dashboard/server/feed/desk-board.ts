// Which desks are armed: someone sits there and the horn was heard. Pure: time is an argument.
import type { Desk } from '../../../contract/feed.ts'

/** A desk that has not reported for this long counts for nothing, ms (pages report every 30 s). */
const DESK_TTL = 60_000

export class DeskBoard {
  readonly #desks = new Map<string, { readonly armed: boolean; readonly at: number }>()

  report(connectionId: string, desk: Desk, now: number): void {
    this.#desks.set(connectionId, { armed: desk.armed, at: now })
  }

  gone(connectionId: string): void {
    this.#desks.delete(connectionId)
  }

  armed(now: number): number {
    let armed = 0
    for (const desk of this.#desks.values()) if (desk.armed && now - desk.at < DESK_TTL) armed += 1
    return armed
  }
}
