// A gas detector in a kitchen: gas gathers towards what the leak can sustain, is aired, and the detector says so at once,
// closes the valve and starts the fan by itself.
import { named } from '../incidents.ts'
import type { Incident } from '../incidents.ts'
import { pick, seedOf, wander } from '../random.ts'
import { commonEvents, hourOf, inOrder, lag, phaseOf, sensed, sensedAll, ticks } from './model.ts'
import type { DeviceModel, Report, Values } from './model.ts'

export interface GasProfile {
  readonly id: string
  readonly gas: 'methane' | 'propane' | 'town'
  readonly use: 'household' | 'commercial' | 'industrial'
  readonly valve: 'none' | 'solenoid' | 'manipulator'
  readonly reportEverySeconds: number
}

export function gasProfile(id: string, seed: number): GasProfile {
  const own = seedOf(seed, `profile ${id}`)
  return {
    id,
    gas: pick(own, 1, ['methane', 'propane']),
    use: pick(own, 2, ['household', 'commercial']),
    valve: pick(own, 3, ['solenoid', 'manipulator']),
    reportEverySeconds: 60,
  }
}

/** Time constants: a kitchen fills within a minute, and airs as fast with doors, windows and fan; carbon monoxide gathers over minutes. */
const LEAK_TAU = 17_000
const AIRING_TAU = 20_000
const CO_TAU = 150_000
const CO_AIRING_TAU = 120_000
/** The detector's limits, %LEL and ppm, and how far a value must fall below them. */
const LOW = 10
const HIGH = 25
const CO_ALARM = 100
const HYSTERESIS = { gas: 2, co: 5 }
/** From here on it reports every two seconds. */
const UNUSUAL = { gas: 4, co: 30 }
const FAST = 2_000
const VALVE_DELAY = 3_000
/** Somebody opens the valve again by hand, so long after the air is clean. */
const REOPENED_AFTER = 600_000
const SECOND = 1_000

interface Linkage {
  readonly closed: number
  readonly opened: number
}

/** Everything that follows from leaks: which alarms, when; when the valve was closed and the fan ran. */
interface Consequences {
  readonly events: Report[]
  readonly valve: Linkage[]
  readonly fan: Linkage[]
}

export function gas(profile: GasProfile, worldSeed: number, incidents: readonly Incident[]): DeviceModel {
  const { id, reportEverySeconds } = profile
  const seed = seedOf(worldSeed, id)
  const [leaks, fumes] = [named(incidents, 'leak'), named(incidents, 'carbon_monoxide')]
  const cookingSeed = seedOf(seed, 'cooking')
  const every = reportEverySeconds * SECOND
  const phase = phaseOf(seed, every)

  /** 0 → 1 while somebody cooks: around 11 and 18 o'clock, not every quarter of an hour. */
  const cooking = (t: number): number => {
    const hour = hourOf(t)
    const mealtime = Math.max(0, 1 - Math.abs(hour - 11.2) / 1.3, 1 - Math.abs(hour - 18) / 1.6)
    return mealtime * Math.max(0, wander(cookingSeed, t, 900_000))
  }

  const gasLel = (t: number): number => {
    const leaked = leaks.reduce((sum, l) => sum + l.value * lag(t, l.from, l.until, LEAK_TAU, AIRING_TAU), 0)
    return leaked + 2.2 * cooking(t) + 0.15 * (1 + wander(seed, t, 120_000))
  }
  const coPpm = (t: number): number =>
    fumes.reduce((sum, f) => sum + f.value * lag(t, f.from, f.until, CO_TAU, CO_AIRING_TAU), 0) + 9 * cooking(t)

  const gasAt = (t: number): number => sensed('gas', 'gas_lel', gasLel(t))
  const coAt = (t: number): number => sensed('gas', 'co_ppm', coPpm(t))

  const { events, valve, fan } = consequences([...leaks, ...fumes], gasAt, coAt, profile.valve !== 'none')
  const within = (spans: readonly Linkage[], t: number): number =>
    spans.some(({ closed, opened }) => t >= closed && t < opened) ? 1 : 0

  const values = (t: number): Values =>
    sensedAll('gas', {
      gas_lel: gasLel(t),
      co_ppm: coPpm(t),
      valve_closed: within(valve, t),
      fan_on: within(fan, t),
      rssi: -71 + 6 * wander(seed, t, 600_000),
    })

  const allEvents = [...commonEvents(incidents), ...events]
  const watched = [...leaks, ...fumes]
  const fastTicks = (from: number, to: number): number[] =>
    watched.length === 0 || !watched.some((i) => i.from < to && endOf(i) > from)
      ? []
      : ticks(from, to, FAST, 0).filter((t) => gasAt(t) >= UNUSUAL.gas || coAt(t) >= UNUSUAL.co)

  return {
    id,
    kind: 'gas',
    seed,
    incidents,
    attributes: { gas: profile.gas, use: profile.use, valve: profile.valve, reportEverySeconds },
    values,
    reports: (from, to) =>
      inOrder([...ticks(from, to, every, phase), ...fastTicks(from, to)], allEvents, values, from, to),
  }
}

/** When nothing of a leak is left to smell: eight time constants after it was aired. */
const endOf = ({ until }: Incident): number => until + 8 * CO_AIRING_TAU

/** Watches each second of the leaks as the detector does. */
function consequences(
  causes: readonly Incident[],
  gasAt: (t: number) => number,
  coAt: (t: number) => number,
  hasValve: boolean,
): Consequences {
  const found: Consequences = { events: [], valve: [], fan: [] }
  const say = (at: number, event: string, data: Readonly<Record<string, string | number>>): void => {
    found.events.push({ at, channel: 'events', event, data })
  }
  let [low, high, co] = [false, false, false]
  let fanSince = 0
  let watchedUntil = -Infinity
  for (const { from, until } of spansOf(causes)) {
    for (let t = Math.ceil(from / SECOND) * SECOND; t < until; t += SECOND) {
      const [gasNow, coNow] = [gasAt(t), coAt(t)]
      if (!low && gasNow >= LOW) {
        low = true
        fanSince = t
        say(t, 'gas_low', { value: gasNow })
      }
      if (!high && gasNow >= HIGH) {
        high = true
        say(t, 'gas_high', { value: gasNow })
        const lastValve = found.valve.at(-1)
        if (hasValve && (lastValve === undefined || lastValve.opened <= t)) {
          found.valve.push({ closed: t + VALVE_DELAY, opened: until + REOPENED_AFTER })
          say(t + VALVE_DELAY, 'valve_closed', { by: 'linkage' })
          say(until + REOPENED_AFTER, 'valve_opened', { by: 'local' })
        }
      }
      if (high && gasNow <= HIGH - HYSTERESIS.gas) {
        high = false
        say(t, 'gas_high_cleared', { value: gasNow })
      }
      if (low && gasNow <= LOW - HYSTERESIS.gas) {
        low = false
        found.fan.push({ closed: fanSince, opened: t })
        say(t, 'gas_low_cleared', { value: gasNow })
      }
      if (co !== (co ? coNow > CO_ALARM - HYSTERESIS.co : coNow >= CO_ALARM)) {
        co = !co
        say(t, co ? 'co_alarm' : 'co_alarm_cleared', { value: coNow })
      }
    }
    watchedUntil = until
  }
  if (low) found.fan.push({ closed: fanSince, opened: watchedUntil })
  return found
}

/** The times from each cause to the end of its consequences, overlapping ones joined. */
function spansOf(causes: readonly Incident[]): { from: number; until: number }[] {
  const spans: { from: number; until: number }[] = []
  for (const cause of causes.toSorted((a, b) => a.from - b.from)) {
    const last = spans.at(-1)
    if (last !== undefined && cause.from <= last.until) last.until = Math.max(last.until, endOf(cause))
    else spans.push({ from: cause.from, until: endOf(cause) })
  }
  return spans
}
