// What daily life does to a device, day by day: mobile networks that drop, doors propped open while somebody moves in.
// Loads, cooking, rooftop photovoltaics and people at doors are in the device models themselves.
import { dayOf } from '../devices/model.ts'
import { incident } from '../incidents.ts'
import type { Incident } from '../incidents.ts'
import { between, seedOf, uniform } from '../random.ts'
import type { CountyDevice } from './inventory.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Midnight in China of a day number. */
const midnight = (day: number): number => day * DAY - 8 * HOUR

/** Of the sets on a mobile network, so many drop on a day. */
const DROPS_A_DAY = 0.02
/** Most are back within minutes; the longest takes the better part of an hour. */
const SHORTEST_DROP_S = 60
const DROP_SPREAD = 40
/** Of the houses, so many have somebody moving in on a day, between 9 and 18. */
const MOVES_A_DAY = 0.03
const MOVING = { from: 9, to: 18, shortestS: 180, longestS: 1_500 }

/** What begins within [from, until), in order. Pure in the seed, the device and the day. */
export function lifeOf(seed: number, device: CountyDevice, from: number, until: number): Incident[] {
  const incidents: Incident[] = []
  for (let day = dayOf(from); midnight(day) < until; day++) incidents.push(...onDay(seed, device, day))
  return incidents.filter((i) => i.from >= from && i.from < until)
}

function onDay(seed: number, { id, kind, isMobile }: CountyDevice, day: number): Incident[] {
  const own = seedOf(seed, `life ${id}`)
  const chance = (what: number): number => uniform(own, day * 16 + what)
  if (isMobile && chance(0) < DROPS_A_DAY) {
    const seconds = SHORTEST_DROP_S * DROP_SPREAD ** chance(1)
    return [incident('link_down', midnight(day) + chance(2) * DAY, { seconds })]
  }
  if (kind === 'access' && chance(3) < MOVES_A_DAY) {
    const hour = between(own, day * 16 + 4, MOVING.from, MOVING.to)
    const seconds = between(own, day * 16 + 5, MOVING.shortestS, MOVING.longestS)
    return [incident('propped', midnight(day) + hour * HOUR, { seconds })]
  }
  return []
}
