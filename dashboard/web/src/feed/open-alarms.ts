// The list of open alarms as a fold over transitions: the same fold the ledger does, so that a page that heard every
// transition in order (G3) shows what the ledger holds.
import type { Alarm } from '../../../../contract/alarms.ts'

export class OpenAlarms {
  readonly #byId = new Map<string, Alarm>()
  /** Grows with every change, so that a screen redraws only when there is something to redraw. */
  version = 0

  /** The state an alarm is in right after a transition; an older state than the one held changes nothing. */
  apply(alarm: Alarm): void {
    const held = this.#byId.get(alarm.id)
    if (held !== undefined && held.seq > alarm.seq) return
    this.version += 1
    if (alarm.closedAt === null) this.#byId.set(alarm.id, alarm)
    else this.#byId.delete(alarm.id)
  }

  /** A snapshot replaces everything. */
  replace(alarms: readonly Alarm[]): void {
    this.version += 1
    this.#byId.clear()
    for (const alarm of alarms) if (alarm.closedAt === null) this.#byId.set(alarm.id, alarm)
  }

  get(id: string): Alarm | undefined {
    return this.#byId.get(id)
  }

  list(): Alarm[] {
    return [...this.#byId.values()]
  }
}
