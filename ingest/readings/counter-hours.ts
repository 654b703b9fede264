// What a cumulative counter said hour by hour, and what that makes in all, whichever engine has read the hours.
import type { CounterRun } from './port.ts'
import { dayOf } from './schema.ts'

/** An hour of a counter: what it said first and last, and what it ran up in between. */
export interface CounterHour {
  readonly from: number
  readonly to: number
  readonly first: number
  readonly last: number
  readonly gain: number
  readonly falls: number
}

/** Of a roll-up; what came first in it is not kept. */
export interface RolledHour {
  readonly t: number
  /** An hour, or a minute at the edge of a day whose readings are dropped; ms. */
  readonly span: number
  readonly low: number
  readonly high: number
  readonly last: number
}

/** null: it said nothing. */
export function runOf(hours: readonly CounterHour[]): CounterRun | null {
  const [start, end] = [hours[0], hours.at(-1)]
  if (start === undefined || end === undefined) return null
  let consumed = 0
  let falls = 0
  let before = start.first
  const days = new Set<number>()
  for (const { first, last, gain, falls: within, from } of hours) {
    consumed += gain + Math.max(0, first - before)
    falls += within + (first < before ? 1 : 0)
    before = last
    days.add(dayOf(from))
  }
  return {
    first: { ts: start.from, value: start.first },
    last: { ts: end.to, value: end.last },
    consumed,
    falls,
    days: [...days],
  }
}

/** Where it fell within the hour, it rose to its highest and began again at its lowest. */
export function hourOf({ t, span, low, high, last }: RolledHour): CounterHour {
  const [from, to] = [t, t + span - 1]
  return last < high
    ? { from, to, first: high, last, gain: last - low, falls: 1 }
    : { from, to, first: low, last, gain: high - low, falls: 0 }
}
