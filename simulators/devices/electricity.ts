// A 智慧用电 set on one circuit: load by hour, voltage that gives under load, cables that warm with a lag, leakage.
import { acts, named } from '../incidents.ts'
import type { Incident } from '../incidents.ts'
import { areaUntil, LOAD_SHAPES } from './loads.ts'
import type { LoadShape } from './loads.ts'
import { between, pick, seedOf, uniform, wander } from '../random.ts'
import { commonEvents, dayOf, hourOf, inOrder, lag, overDay, phaseOf, sensedAll, ticks } from './model.ts'
import type { DeviceModel, Report, Values } from './model.ts'

export interface ElectricityProfile {
  readonly id: string
  readonly phases: 1 | 3
  readonly position: 'incoming' | 'secondary' | 'final'
  readonly ratedCurrentA: number
  readonly load: LoadShape
  /** Leakage of a sound installation; 100 to 200 mA are usual on an incoming line, a few on a final circuit. */
  readonly naturalLeakageMa: number
  readonly reportEverySeconds: number
  /** Current that a share of 1 in `load` stands for, where it is not the rated one. */
  readonly loadA?: number
  /** By how much rooftop photovoltaics lift the voltage here around noon, V; it feeds the feeder, not this meter. */
  readonly pvRiseV?: number
  readonly powerLimitW?: number
}

export function electricityProfile(id: string, seed: number): ElectricityProfile {
  const own = seedOf(seed, `profile ${id}`)
  const phases = uniform(own, 1) < 0.4 ? 3 : 1
  return {
    id,
    phases,
    position: 'incoming',
    ratedCurrentA: phases === 3 ? pick(own, 2, [40, 63, 100]) : pick(own, 2, [32, 40, 63]),
    load: pick(own, 3, ['household', 'kitchen', 'shop', 'workshop']),
    naturalLeakageMa: between(own, 4, 15, 110),
    reportEverySeconds: 60,
  }
}

const MINUTE = 60_000
const NOMINAL_V = 226
/** Time constants: a cable's own, and a loose terminal's small mass of metal. */
const CABLE_TAU = 10 * MINUTE
const TERMINAL_TAU = 3 * MINUTE
/** The look back behind a cable's temperature: shares of the past that add up to 1. */
const LOOK_BACK = lookBack(8)
/** A cable at its rated current is so much warmer than the room, K. */
const RATED_RISE = 28
/** Registers were at zero here: 2024-01-01 in China. */
const METER_INSTALLED = Date.UTC(2023, 11, 31, 16)
const REGISTER_LIMIT = 100_000_000

const PHASES = ['a', 'b', 'c'] as const
type Phase = (typeof PHASES)[number]
/** How a three-phase load is spread: never quite even. */
const SHARE: Readonly<Record<Phase, number>> = { a: 1, b: 0.92, c: 0.85 }

function lookBack(steps: number): { readonly ago: number; readonly weight: number }[] {
  const weights = Array.from({ length: steps }, (_, k) => Math.exp(-k / 2))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight, k) => ({ ago: (k * CABLE_TAU) / 2, weight: weight / all }))
}

/** 0 → 1 → 0 between sunrise and sunset, highest at half past twelve. */
const sun = (t: number): number => Math.max(0, Math.cos(((hourOf(t) - 12.5) / 12) * Math.PI)) ** 1.5

export function electricity(
  profile: ElectricityProfile,
  worldSeed: number,
  incidents: readonly Incident[],
): DeviceModel {
  const { id, ratedCurrentA, load, reportEverySeconds } = profile
  const seed = seedOf(worldSeed, id)
  const phases = PHASES.slice(0, profile.phases)
  const [feederCuts, creeps, terminals, overloads, arcs] = [
    named(incidents, 'feeder_cut'),
    named(incidents, 'creep'),
    named(incidents, 'hot_terminal'),
    named(incidents, 'overload'),
    named(incidents, 'arc'),
  ]
  const [noiseSeed, voltageSeed, leakageSeed, airSeed] = [
    seedOf(seed, 'load'),
    seedOf(seed, 'voltage'),
    seedOf(seed, 'leakage'),
    seedOf(seed, 'air'),
  ]
  const every = reportEverySeconds * 1000
  const phase = phaseOf(seed, every)
  const loadA = profile.loadA ?? ratedCurrentA
  const loadW = loadA * NOMINAL_V
  const ratedW = ratedCurrentA * NOMINAL_V

  /** The part of the load that changes slowly enough to warm a cable, in shares of `loadA`. */
  const steady = (t: number): number => {
    const dayFactor = 0.85 + 0.25 * uniform(noiseSeed, dayOf(t))
    return overDay(LOAD_SHAPES[load], t) * dayFactor
  }

  const share = (t: number): number => steady(t) * (1 + 0.14 * wander(noiseSeed, t, 4 * MINUTE))

  /** Large appliances hang on phase A. */
  const extraA = (t: number, of: Phase): number =>
    of === 'a' ? overloads.reduce((sum, o) => sum + (acts(o, t) ? o.value / NOMINAL_V : 0), 0) : 0

  const currentOf = (t: number, of: Phase): number => loadA * share(t) * SHARE[of] + extraA(t, of)

  /** The air of the distribution box: warmest at 15 o'clock. */
  const air = (t: number): number =>
    22 + 4.5 * Math.cos(((hourOf(t) - 15) / 12) * Math.PI) + 1.5 * wander(airSeed, t, 90 * MINUTE)

  /** First-order lag behind the square of the steady current, as a weighted look back over four time constants. */
  const heat = (t: number): number =>
    LOOK_BACK.reduce((sum, { ago, weight }) => sum + weight * (steady(t - ago) * (loadA / ratedCurrentA)) ** 2, 0)

  /** Rise above the air, K, of a cable whose steady current heats it so. */
  const cableRise = (heated: number, t: number, of: Phase): number => {
    const overloadRise =
      of === 'a' ? overloads.reduce((k, o) => k + (o.value / ratedW) ** 2 * lag(t, o.from, o.until, CABLE_TAU), 0) : 0
    return RATED_RISE * (heated * SHARE[of] ** 2 + overloadRise)
  }

  const terminalRise = (t: number, channel: string): number =>
    terminals.reduce(
      (sum, { from, until, value, metric }) =>
        metric === `temperature_${channel}` ? sum + value * lag(t, from, until, TERMINAL_TAU) : sum,
      0,
    )

  const leakage = (t: number): number => {
    const sound = profile.naturalLeakageMa * (0.9 + 0.2 * steady(t)) * (1 + 0.05 * wander(leakageSeed, t, 3 * MINUTE))
    // A creep goes from the sound value to its own over its time, and stays: nobody has repaired it.
    return creeps.reduce((mA, { from, until, value }) => {
      if (t < from) return mA
      const done = Math.min((t - from) / (until - from), 1)
      return mA + (value - mA) * done
    }, sound)
  }

  const voltageOf = (t: number, of: Phase, index: number): number =>
    NOMINAL_V +
    (profile.pvRiseV ?? 0) * sun(t) -
    6 * share(t) * SHARE[of] +
    2.2 * wander(voltageSeed + index, t, 25 * MINUTE) +
    1.1 * wander(voltageSeed, t, MINUTE)

  /** kWh since installation by the shape of the day alone: the noise averages out. */
  const energy = (t: number): number => {
    const days = dayOf(t) - dayOf(METER_INSTALLED)
    const kWhOf = (area: number): number => (area * loadW * phases.reduce((sum, p) => sum + SHARE[p], 0) * 0.93) / 1000
    const added = overloads.reduce(
      (sum, o) => sum + (o.value * Math.min(Math.max(t - o.from, 0), o.until - o.from)) / 3.6e9,
      0,
    )
    const total = days * kWhOf(areaUntil(load, 24)) + kWhOf(areaUntil(load, hourOf(t))) + added
    return ((total % REGISTER_LIMIT) + REGISTER_LIMIT) % REGISTER_LIMIT
  }

  const values = (t: number): Values => {
    const powerFactor = 0.94 + 0.035 * wander(seed, t, 7 * MINUTE)
    const [ambient, heated] = [air(t), heat(t)]
    const raw: Record<string, number> = {}
    for (const p of phases) raw[`temperature_${p}`] = ambient + cableRise(heated, t, p) + terminalRise(t, p)
    if (profile.phases === 3) {
      // The neutral carries the difference, so it runs cooler than a phase unless its terminal is loose.
      raw['temperature_n'] = ambient + 0.3 * cableRise(heated, t, 'a') + terminalRise(t, 'n')
    }
    if (feederCuts.some((cut) => acts(cut, t))) {
      // On its own battery: what hangs on the mains cannot be measured.
      raw['battery_voltage'] = 3.9 - 0.1 * uniform(seed, 1)
      return sensedAll('electricity', raw)
    }
    raw['residual_current'] = leakage(t)
    let power = 0
    for (const [index, p] of phases.entries()) {
      const [voltage, current] = [voltageOf(t, p, index), currentOf(t, p)]
      raw[`voltage_${p}`] = voltage
      raw[`current_${p}`] = current
      power += voltage * current * powerFactor
    }
    raw['power'] = power
    raw['power_factor'] = powerFactor
    raw['frequency'] = 50 + 0.03 * wander(worldSeed, t, MINUTE)
    raw['energy'] = energy(t)
    raw['arc_count'] = arcs.filter(({ from }) => from <= t).length
    raw['breaker_closed'] = 1
    return sensedAll('electricity', raw)
  }

  const events: readonly Report[] = [
    ...commonEvents(incidents),
    ...arcs.map(({ from, metric }): Report => {
      const channel = metric?.slice(-1) ?? 'a'
      return { at: from, channel: 'events', event: 'arc_fault', data: { channel } }
    }),
  ]

  return {
    id,
    kind: 'electricity',
    seed,
    incidents,
    attributes: {
      position: profile.position,
      ratedCurrentA,
      phases: profile.phases,
      insulation: 'pvc',
      reportEverySeconds,
      ...(profile.powerLimitW === undefined ? {} : { powerLimitW: profile.powerLimitW }),
    },
    values,
    reports: (from, to) => inOrder(ticks(from, to, every, phase), events, values, from, to),
  }
}
