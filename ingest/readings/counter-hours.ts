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
