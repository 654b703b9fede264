// What every simulated device has in common. A model is a pure function of its profile, its seed, its incidents and time:
// the same question has the same answer, and [a, c) says exactly what [a, b) and [b, c) say together.
import type { KindName } from '../../contract/kinds/kind.ts'
import { metricOf } from '../../contract/kinds/table.ts'
import { named } from '../incidents.ts'
import type { Incident, IncidentName } from '../incidents.ts'
import { uniform } from '../random.ts'

export type Values = Readonly<Record<string, number>>

/** What a device says at an instant of the world, before clock and network have touched it. */
export type Report =
  | { readonly at: number; readonly channel: 'readings'; readonly values: Values }
  | {
      readonly at: number
      readonly channel: 'events'
      readonly event: string
      readonly data?: Readonly<Record<string, string | number | boolean>>
    }

export interface DeviceModel {
  readonly id: string
  readonly kind: KindName
  readonly seed: number
  readonly incidents: readonly Incident[]
  /** Attributes it is registered with, as its kind names them. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** What its sensors would say at an instant, within the ranges and steps of its kind. */
  values(t: number): Values
  /** All it says within [from, to), ascending by time. */
  reports(from: number, to: number): Report[]
}

/** A value as the kind's sensor gives it: within range, on its step. NaN stays out by throwing: a model never makes one. */
export function sensed(kind: KindName, name: string, value: number): number {
  const metric = metricOf(kind, name)
  if (metric === undefined) throw new Error(`${kind} has no metric ${name}`)
  if (Number.isNaN(value)) throw new Error(`${kind} ${name}: not a number`)
  const perUnit = Math.round(1 / metric.step)
  const rounded = Math.round(Math.min(Math.max(value, metric.min), metric.max) * perUnit) / perUnit
  // No negative zero: JSON would lose its sign.
  return rounded === 0 ? 0 : rounded
}

export function sensedAll(kind: KindName, raw: Values): Values {
  const values: Record<string, number> = {}
  for (const [name, value] of Object.entries(raw)) values[name] = sensed(kind, name, value)
  return values
}

/** Devices measure on whole seconds: two samples are never nearer, at whatever speed the world runs. */
export const wholeSeconds = (ms: number): number => Math.floor(ms / 1_000) * 1_000

/** When within its interval a device reports: not all at the same moment. */
export const phaseOf = (seed: number, every: number): number => wholeSeconds(uniform(seed, 0) * every)

/** The instants within [from, to) that lie `phase` ms after a multiple of `every` ms. */
export function ticks(from: number, to: number, every: number, phase: number): number[] {
  const instants: number[] = []
  for (let t = Math.ceil((from - phase) / every) * every + phase; t < to; t += every) instants.push(t)
  return instants
}

/** Hour of the day in China, 0 ≤ h < 24. */
export function hourOf(t: number): number {
  const hours = t / 3_600_000 + 8
  return hours - Math.floor(hours / 24) * 24
}

export const dayOf = (t: number): number => Math.floor((t + 8 * 3_600_000) / 86_400_000)

/** Between the 24 values of a day, linearly, round the clock. */
export function overDay(byHour: readonly number[], t: number): number {
  const hour = hourOf(t)
  const index = Math.floor(hour)
  const [here, next] = [byHour[index] as number, byHour[(index + 1) % 24] as number]
  return here + (next - here) * (hour - index)
}

/** 0 → 1 as a first-order lag with time constant `tau` (ms) follows its cause from `from` to `until`, then back to 0. */
export function lag(t: number, from: number, until: number, tau: number, tauBack: number = tau): number {
  if (t <= from) return 0
  const reached = 1 - Math.exp(-(Math.min(t, until) - from) / tau)
  return t <= until ? reached : reached * Math.exp(-(t - until) / tauBack)
}

const PAIRS: readonly [IncidentName, string, string, Readonly<Record<string, string>>?][] = [
  ['power_cut', 'mains_lost', 'mains_restored'],
  ['feeder_cut', 'mains_lost', 'mains_restored'],
  ['tamper', 'tamper', 'tamper_cleared'],
  ['part_fault', 'fault', 'fault_cleared', { part: 'sensor', code: 'E03' }],
]

/** Events that any kind may send. */
export function commonEvents(incidents: readonly Incident[]): Report[] {
  return PAIRS.flatMap(([name, raised, returned, data]) =>
    named(incidents, name).flatMap(({ from, until }): Report[] => [
      { at: from, channel: 'events', event: raised, ...(data ? { data } : {}) },
      { at: until, channel: 'events', event: returned, ...(data ? { data } : {}) },
    ]),
  )
}

/** Readings at these instants (each once) and events, in order; events before the readings of the same instant. */
export function inOrder(
  instants: Iterable<number>,
  events: readonly Report[],
  values: (t: number) => Values,
  from: number,
  to: number,
): Report[] {
  const readings = [...new Set(instants)].map((at): Report => ({ at, channel: 'readings', values: values(at) }))
  return [...events, ...readings].filter(({ at }) => at >= from && at < to).toSorted((a, b) => a.at - b.at)
}
