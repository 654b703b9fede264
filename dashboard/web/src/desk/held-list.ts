// The rows of the desk, held still while someone reads them.
//
// While `holding`, nothing that is displayed moves or vanishes: rows keep their places and show their newest state, rows
// that ended or left the filter stay as they were last seen, and what is new (or has become more urgent) waits to be let in.
// Pure: the page says what there is and whether to hold.
import type { Alarm } from '../../../../contract/alarms.ts'

export interface Row {
  readonly alarm: Alarm
  /** Ended since the list was last let to move. */
  readonly over: boolean
}

export interface Held {
  readonly rows: readonly Row[]
  /** What waits, most urgent first: new alarms, and displayed ones whose priority rose. */
  readonly waiting: readonly Alarm[]
}

export const EMPTY: Held = { rows: [], waiting: [] }

/**
 * `wanted`: what the list would show now, in order. `open`: the newest state of any open alarm, in the filter or not.
 * `settled`: priority of each displayed row when the list last moved.
 */
export class HeldList {
  #rows: readonly Row[] = []
  #settled = new Map<string, number>()

  next(wanted: readonly Alarm[], open: ReadonlyMap<string, Alarm>, holding: boolean): Held {
    if (!holding || this.#rows.length === 0) {
      this.#rows = wanted.map((alarm) => ({ alarm, over: false }))
      this.#settled = new Map(wanted.map((alarm) => [alarm.id, alarm.priority]))
      return { rows: this.#rows, waiting: [] }
    }
    this.#rows = this.#rows.map((row) => {
      const alarm = open.get(row.alarm.id)
      if (alarm === undefined) return row.over ? row : { alarm: row.alarm, over: true }
      return alarm === row.alarm && !row.over ? row : { alarm, over: false }
    })
    const waiting = wanted
      .filter((alarm) => alarm.priority < (this.#settled.get(alarm.id) ?? Infinity))
      .toSorted((a, b) => a.priority - b.priority || b.raisedAt - a.raisedAt)
    return { rows: this.#rows, waiting }
  }
}
