// A smoke detector: on a battery, heard once a day, and at once when it smells smoke or feels heat.
import { acts, named } from '../incidents.ts'
import type { Incident } from '../incidents.ts'
import { between, seedOf, uniform, wander } from '../random.ts'
import { commonEvents, dayOf, hourOf, inOrder, lag, phaseOf, sensedAll, ticks } from './model.ts'
import type { DeviceModel, Report, Values } from './model.ts'

export interface SmokeProfile {
  readonly id: string
  readonly detector: 'smoke' | 'heat' | 'combined'
  readonly reportEverySeconds: number
}

export function smokeProfile(id: string, seed: number): SmokeProfile {
  const own = seedOf(seed, `profile ${id}`)
  return { id, detector: uniform(own, 1) < 0.8 ? 'smoke' : 'combined', reportEverySeconds: 86_400 }
}

const DAY = 86_400_000
const FIRE_TAU = 120_000
const COOLING_TAU = 600_000
/** Response temperature of a class A1 heat detector, ℃. */
const HEAT_ALARM = 57
const HEAT_CLEARED = 50
/** While it alarms it reports so often. */
const FAST = 10_000
/** Dust a day, and drain of a ten-year battery, in percent. */
const DUST = 0.012
const DRAIN = 0.027
const INSTALLED = Date.UTC(2023, 11, 31, 16)

export function smoke(profile: SmokeProfile, worldSeed: number, incidents: readonly Incident[]): DeviceModel {
  const { id, detector, reportEverySeconds } = profile
  const seed = seedOf(worldSeed, id)
  const [fires, weak] = [named(incidents, 'fire'), named(incidents, 'weak_battery')]
  const every = reportEverySeconds * 1000
  const phase = phaseOf(seed, every)
  const days = (t: number): number => Math.max(0, dayOf(t) - dayOf(INSTALLED))

  const room = (t: number): number => 21 + 3 * Math.cos(((hourOf(t) - 15) / 12) * Math.PI) + wander(seed, t, 5_400_000)
  const temperature = (t: number): number =>
    fires.reduce((now, f) => now + (f.value - 21) * lag(t, f.from, f.until, FIRE_TAU, COOLING_TAU), room(t))
  const smells = (t: number): boolean => detector !== 'heat' && fires.some((f) => acts(f, t))

  /** Replaced when it is a third down, long before it would say so. */
  const sound = (t: number): number => 100 - ((between(seed, 2, 0, 30) + DRAIN * days(t)) % 33)

  const values = (t: number): Values =>
    sensedAll('smoke', {
      smoke: smells(t) ? 1 : 0,
      smoke_contamination: (between(seed, 1, 2, 30) + DUST * days(t)) % 75,
      temperature: temperature(t),
      battery: weak.find((w) => acts(w, t))?.value ?? sound(t),
      rssi: -84 + 5 * wander(seed, t, 3_600_000),
    })

  const events: Report[] = [...commonEvents(incidents)]
  for (const fire of fires) {
    if (detector !== 'heat') {
      events.push({ at: fire.from, channel: 'events', event: 'smoke_alarm' })
      events.push({ at: fire.until, channel: 'events', event: 'smoke_cleared' })
    }
    if (detector !== 'smoke') events.push(...heatEvents(fire, temperature))
  }
  const during = (from: number, to: number): number[] => [
    ...weak.flatMap((w) => ticks(Math.max(from, w.from), Math.min(to, w.until), DAY, w.from % DAY)),
    ...fires.flatMap((fire) => [
      ...ticks(Math.max(from, fire.from), Math.min(to, fire.until), FAST, fire.from % FAST),
      ...(fire.until >= from && fire.until < to ? [fire.until] : []),
    ]),
  ]

  return {
    id,
    kind: 'smoke',
    seed,
    incidents,
    attributes: { detector, reportEverySeconds },
    values,
    reports: (from, to) => inOrder([...ticks(from, to, every, phase), ...during(from, to)], events, values, from, to),
  }
}

/** Felt each second from the fire's start until it has cooled down. */
function heatEvents(fire: Incident, temperature: (t: number) => number): Report[] {
  const events: Report[] = []
  let hot = false
  for (let t = fire.from; t < Math.min(fire.until + 8 * COOLING_TAU, fire.from + DAY); t += 1_000) {
    const now = temperature(t)
    if (hot ? now <= HEAT_CLEARED : now >= HEAT_ALARM) {
      hot = !hot
      events.push({ at: t, channel: 'events', event: hot ? 'heat_alarm' : 'heat_cleared' })
    }
  }
  return events
}
