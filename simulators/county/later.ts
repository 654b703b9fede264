// What goes on after the story: one P3 or P4 every three to five minutes, one P1 every half hour, seeded.
import { incident } from '../incidents.ts'
import type { IncidentName } from '../incidents.ts'
import { between, pick, seedOf } from '../random.ts'
import type { SimulatedKind } from '../town.ts'
import { started } from './county.ts'
import type { County, Happening } from './county.ts'

const MINUTE = 60_000
const SHORTEST_PAUSE = 3 * MINUTE
const LONGEST_PAUSE = 5 * MINUTE
const URGENT_EVERY = 30 * MINUTE

interface Sort {
  readonly kind: SimulatedKind
  readonly name: IncidentName
  readonly seconds: number
}

/** What makes a P3 or a P4. */
const ORDINARY: readonly [Sort, ...Sort[]] = [
  { kind: 'access', name: 'propped', seconds: 720 },
  { kind: 'electricity', name: 'part_fault', seconds: 240 },
  { kind: 'electricity', name: 'feeder_cut', seconds: 180 },
  { kind: 'smoke', name: 'tamper', seconds: 90 },
  { kind: 'access', name: 'forced', seconds: 20 },
  { kind: 'gas', name: 'part_fault', seconds: 300 },
]
/** What makes a P1. */
const URGENT: readonly [Sort, ...Sort[]] = [
  { kind: 'gas', name: 'leak', seconds: 60 },
  { kind: 'smoke', name: 'fire', seconds: 120 },
]

/** What begins within [from, until), in order; never with a device of the story. Pure in the county, `from` and `until`. */
export function later(county: County, from: number, until: number): Happening[] {
  const seed = seedOf(county.seed, 'later')
  const others = started(county).filter((device) => !county.featured.includes(device))
  const byKind = Map.groupBy(others, ({ kind }) => kind)
  const happening = (sort: Sort, n: number, at: number): Happening => {
    const devices = byKind.get(sort.kind) ?? []
    const device = devices[Math.floor(between(seed, n, 0, devices.length))]
    if (device === undefined) throw new Error(`the county has no ${sort.kind}`)
    return { deviceId: device.id, incident: incident(sort.name, at, { seconds: sort.seconds }) }
  }
  const happenings: Happening[] = []
  let pause = 0
  for (let [n, at] = [0, from]; ; n += 4, at += pause) {
    pause = between(seed, n, SHORTEST_PAUSE, LONGEST_PAUSE)
    if (at + pause >= until) break
    happenings.push(happening(pick(seed, n + 1, ORDINARY), n + 2, at + pause))
  }
  for (let at = from + URGENT_EVERY; at < until; at += URGENT_EVERY) {
    happenings.push(happening(pick(seed, -at, URGENT), -at - 1, at))
  }
  return happenings.toSorted((a, b) => a.incident.from - b.incident.from)
}
