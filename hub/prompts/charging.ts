// What looks like the battery of an electric bicycle on charge: at night, the power steps up by a charger's worth, stays there
// for over an hour, and then falls slowly (constant current, then constant voltage). REC: this project's own figures, made from
// what chargers of 48 to 72 V draw; no standard gives a signature, so that it is a question and never a finding.
//
// Not it: a kettle or a hairdryer (minutes), a heater (more power, or it goes off at once), an air conditioner (comes and goes
// with its thermostat), lamps and screens (no slow fall).
import type { PromptEvidence } from '../../contract/http/prompts.ts'
import { MINUTE } from './minutes.ts'
import type { Minutes } from './minutes.ts'

const STEP_WATTS = { least: 150, most: 900 } as const
/** It begins between 18:00 and 07:00 in China, which has one zone without summer time. */
const HOURS = { from: 18, to: 7 } as const
const SHANGHAI_OFFSET = 8 * 60 * MINUTE
/** To each side: a refrigerator runs for less than twice that, so that the least of such a stretch is without it. */
const AROUND_MINUTES = 14
/** An hour, less what that takes off its ends. */
const STEADY_MINUTES = 60 - 2 * AROUND_MINUTES
/** How far the steady part may be from its step, as a share of it. */
const STEADY_SHARE = 0.15
/** The fall to half takes at least so long, and never more than this share at once, which a refrigerator may hide of it. */
const FALL_MINUTES = 20
const FALL_SHARE = 0.3
const END_SHARE = 0.5

function beginsAtNight(at: number): boolean {
  const hour = Math.floor((at + SHANGHAI_OFFSET) / (60 * MINUTE)) % 24
  return hour >= HOURS.from || hour < HOURS.to
}

/** The first such stretch; null: there is none. */
export function chargingIn({ from, watts }: Minutes): PromptEvidence | null {
  const steady = watts.map((_value, at) =>
    leastOf(watts.slice(Math.max(0, at - AROUND_MINUTES), at + AROUND_MINUTES + 1)),
  )
  for (let at = 1; at < watts.length; at++) {
    if (!beginsAtNight(from + at * MINUTE)) continue
    const [before, after] = [steady[at - AROUND_MINUTES - 1] ?? null, steady[at + AROUND_MINUTES + 1] ?? null]
    const [value, previous] = [watts[at] ?? null, watts[at - 1] ?? null]
    if (before === null || after === null || value === null || previous === null) continue
    const step = after - before
    if (step < STEP_WATTS.least || step > STEP_WATTS.most || value - previous < step / 2) continue
    const end = slowEndOf(steady, at + AROUND_MINUTES + 1, before, step)
    if (end === null) continue
    const endWatts = Math.max(0, Math.round((steady[end] ?? before) - before))
    return { from: from + at * MINUTE, to: from + end * MINUTE, watts: Math.round(step), endWatts }
  }
  return null
}

/** null if any of them is not known. */
const leastOf = (values: readonly (number | null)[]): number | null =>
  values.reduce((least, value) => (least === null || value === null ? null : Math.min(least, value)), values[0] ?? null)

/** The minute at which half of the step has gone, after an hour of all of it and a slow fall. */
function slowEndOf(steady: readonly (number | null)[], start: number, before: number, step: number): number | null {
  const share = (at: number): number | null => {
    const value = steady[at] ?? null
    return value === null ? null : (value - before) / step
  }
  let at = start
  for (let now = share(at); now !== null && Math.abs(now - 1) <= STEADY_SHARE; now = share(++at));
  if (at - start < STEADY_MINUTES) return null
  // The fall may have begun within what still counts as steady.
  let fell = at
  while (fell > start && (share(fell - 1) ?? 0) < 1 - STEADY_SHARE / 3) fell -= 1
  for (let last = share(at - 1) ?? 1; ; at++) {
    const now = share(at)
    if (now === null || Math.abs(last - now) > FALL_SHARE || now > 1 + STEADY_SHARE) return null
    if (now <= END_SHARE) return at - fell >= FALL_MINUTES ? at : null
    last = now
  }
}
