// Device models are pure: same seed, same bytes, in any order and any cut; and they stay within what their kind allows.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventOf, metricOf } from '../../contract/kinds/table.ts'
import { parseUpTopic } from '../../contract/topics.ts'
import type { DeviceModel, Report } from '../../simulators/devices/model.ts'
import { incident, INCIDENTS, INCIDENT_NAMES, misfit } from '../../simulators/incidents.ts'
import type { Incident, IncidentName } from '../../simulators/incidents.ts'
import { messages } from '../../simulators/messages.ts'
import { SIMULATED, SIMULATED_KINDS } from '../../simulators/town.ts'
import type { SimulatedKind } from '../../simulators/town.ts'

/** 2026-11-18, a Wednesday, midnight in China. */
const MIDNIGHT = Date.UTC(2026, 10, 17, 16)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const model = (kind: SimulatedKind, seed = 1, incidents: readonly Incident[] = []): DeviceModel =>
  SIMULATED[kind](`${kind}-1`, seed, incidents)

const anyKind = fc.constantFrom(...SIMULATED_KINDS)
const anySeed = fc.integer({ min: 0, max: 0xffff_ffff })
const anyTime = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2038, 0) })

/** Incidents of every sort that fits the kind, at most four, beginning within two hours after `from`. */
const anyIncidents = (kind: SimulatedKind, from: number): fc.Arbitrary<Incident[]> => {
  const fitting = INCIDENT_NAMES.filter((name) => misfit(kind, incident(name, 0)) === null)
  return fc.array(
    fc
      .tuple(
        fc.constantFrom<IncidentName>(...fitting),
        fc.integer({ min: 0, max: 2 * HOUR }),
        fc.integer({ min: 1, max: 1_200 }),
      )
      .map(([name, after, seconds]) => incident(name, from + after, { seconds })),
    { maxLength: 4 },
  )
}

const anyDevice = fc
  .tuple(anyKind, anySeed, anyTime)
  .chain(([kind, seed, from]) => anyIncidents(kind, from).map((incidents) => ({ kind, seed, from, incidents })))

describe('device models', () => {
  it('say the same bytes for the same seed', () => {
    fc.assert(
      fc.property(anyDevice, ({ kind, seed, from, incidents }) => {
        const [one, other] = [model(kind, seed, incidents), model(kind, seed, incidents)]
        other.values(from + HOUR)
        expect(messages(one, from, from + 3 * HOUR)).toEqual(messages(other, from, from + 3 * HOUR))
      }),
      { numRuns: 30 },
    )
  })

  it('say other things for another seed', () => {
    for (const kind of SIMULATED_KINDS) {
      const day = (seed: number): unknown => messages(model(kind, seed), MIDNIGHT, MIDNIGHT + 24 * HOUR)
      expect(day(1)).not.toEqual(day(2))
    }
  })

  it('say over a stretch of time exactly what they say over its parts', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 3 * HOUR - 1 }), { maxLength: 6 })
    fc.assert(
      fc.property(anyDevice, cuts, ({ kind, seed, from, incidents }, inner) => {
        const device = model(kind, seed, incidents)
        const edges = [0, ...inner.toSorted((a, b) => a - b), 3 * HOUR].map((after) => from + after)
        const parts = edges.slice(1).flatMap((to, index) => messages(device, edges[index] as number, to))
        expect(parts).toEqual(messages(device, from, from + 3 * HOUR))
      }),
      { numRuns: 60 },
    )
  })

  it('stay within the range and on the step of every metric, whatever happens around them', () => {
    fc.assert(
      fc.property(anyDevice, fc.integer({ min: 0, max: 3 * HOUR }), ({ kind, seed, from, incidents }, after) => {
        for (const [name, value] of Object.entries(model(kind, seed, incidents).values(from + after))) {
          const metric = metricOf(kind, name)
          if (metric === undefined) throw new Error(`${kind} has no metric ${name}`)
          expect(value, name).toBeGreaterThanOrEqual(metric.min)
          expect(value, name).toBeLessThanOrEqual(metric.max)
          expect(Number(value.toFixed(4)), name).toBe(value)
          expect(Math.abs(value / metric.step - Math.round(value / metric.step)), name).toBeLessThan(1e-3)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('send only events of their kind with data keys it keeps, on topics of their own', () => {
    fc.assert(
      fc.property(anyDevice, ({ kind, seed, from, incidents }) => {
        const device = model(kind, seed, incidents)
        for (const report of device.reports(from, from + 4 * HOUR)) {
          if (report.channel !== 'events') continue
          const known = eventOf(kind, report.event)
          expect(known, report.event).toBeDefined()
          for (const key of Object.keys(report.data ?? {})) expect(known?.data, report.event).toContain(key)
        }
        for (const { topic } of messages(device, from, from + HOUR)) {
          expect(parseUpTopic(topic)).toMatchObject({ deviceId: device.id, gatewayId: null })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('measure on whole seconds, never twice in one', () => {
    fc.assert(
      fc.property(anyDevice, ({ kind, seed, from, incidents }) => {
        const reports = model(kind, seed, incidents).reports(from, from + 4 * HOUR)
        const times = reports.filter(({ channel }) => channel === 'readings').map(({ at }) => at)
        expect(new Set(times).size).toBe(times.length)
        expect(times.filter((at) => at % 1_000 !== 0)).toEqual([])
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }),
      { numRuns: 60 },
    )
  })

  it('raise no alarm of priority 1 to 3 on an ordinary day', () => {
    for (let seed = 1; seed <= 20; seed++) {
      for (let t = MIDNIGHT; t < MIDNIGHT + 24 * HOUR; t += 7 * MINUTE) {
        const electricity = model('electricity', seed)
        const values = electricity.values(t)
        expect(values['residual_current']).toBeLessThan(200)
        for (const [name, value] of Object.entries(values)) {
          if (name.startsWith('temperature_')) expect(value, name).toBeLessThan(60)
          if (name.startsWith('voltage_')) expect(Math.abs(value - 217), name).toBeLessThan(18.4)
          if (name.startsWith('current_'))
            expect(value, name).toBeLessThan(electricity.attributes['ratedCurrentA'] as number)
        }
        expect(model('gas', seed).values(t)['gas_lel']).toBeLessThan(5)
        expect(model('gas', seed).values(t)['co_ppm']).toBeLessThan(50)
        expect(model('smoke', seed).values(t)).toMatchObject({ smoke: 0 })
      }
      const raising = (kind: SimulatedKind): Report[] =>
        model(kind, seed)
          .reports(MIDNIGHT, MIDNIGHT + 24 * HOUR)
          .filter((report) => report.channel === 'events' && eventOf(kind, report.event)?.role !== 'log')
      for (const kind of SIMULATED_KINDS) expect(raising(kind)).toEqual([])
    }
  })
})

const eventsOf = (device: DeviceModel, from: number, to: number): [number, string][] =>
  device
    .reports(from, to)
    .flatMap((r): [number, string][] => (r.channel === 'events' ? [[(r.at - from) / 1000, r.event]] : []))

describe('electricity', () => {
  const noon = MIDNIGHT + 12 * HOUR

  it('meters energy that agrees with the power drawn over a day', () => {
    const device = model('electricity', 4)
    let drawn = 0
    for (let t = MIDNIGHT; t < MIDNIGHT + 24 * HOUR; t += MINUTE)
      drawn += (device.values(t)['power'] as number) / 60_000
    const metered =
      (device.values(MIDNIGHT + 24 * HOUR)['energy'] as number) - (device.values(MIDNIGHT)['energy'] as number)
    expect(metered / drawn).toBeGreaterThan(0.8)
    expect(metered / drawn).toBeLessThan(1.25)
  })

  it('never counts energy backwards', () => {
    const device = model('electricity', 7, [incident('overload', noon, { seconds: 600 })])
    let last = 0
    for (let t = noon - 30 * HOUR; t < noon + 30 * HOUR; t += 11 * MINUTE) {
      const energy = device.values(t)['energy'] as number
      expect(energy).toBeGreaterThanOrEqual(last)
      last = energy
    }
  })

  it('creeps to the leakage asked for and stays there', () => {
    const device = model('electricity', 1, [incident('creep', noon, { seconds: 600, value: 318 })])
    const at = (minutes: number): number => device.values(noon + minutes * MINUTE)['residual_current'] as number
    expect(at(-1)).toBeLessThan(150)
    expect(at(5)).toBeGreaterThan(at(0) + 50)
    expect(at(5)).toBeLessThan(300)
    for (const minutes of [10, 20, 600]) expect(at(minutes)).toBeCloseTo(318, 0)
  })

  it('warms a loose terminal with a lag, on its own channel only, and lets it cool', () => {
    const given = { seconds: 900, value: 50, metric: 'temperature_b' }
    const phases = Array.from({ length: 20 }, (_, seed) => seed).find(
      (s) => model('electricity', s).attributes['phases'] === 3,
    )
    const [sound, loose] = [
      model('electricity', phases),
      model('electricity', phases, [incident('hot_terminal', noon, given)]),
    ]
    const rise = (minutes: number, metric = 'temperature_b'): number => {
      const t = noon + minutes * MINUTE
      return (loose.values(t)[metric] as number) - (sound.values(t)[metric] as number)
    }
    expect(rise(0)).toBe(0)
    // One time constant of three minutes: 63 %.
    expect(rise(3)).toBeCloseTo(50 * (1 - Math.exp(-1)), 0)
    expect(rise(14)).toBeGreaterThan(48)
    expect(rise(18)).toBeLessThan(20)
    expect(rise(14, 'temperature_a')).toBe(0)
  })

  it('draws an overload on top of its load, then not any more', () => {
    const [sound, loaded] = [
      model('electricity'),
      model('electricity', 1, [incident('overload', noon, { value: 3_000 })]),
    ]
    const extra = (t: number): number => (loaded.values(t)['power'] as number) - (sound.values(t)['power'] as number)
    expect(extra(noon - 1)).toBe(0)
    expect(extra(noon + 1)).toBeGreaterThan(2_500)
    expect(extra(noon + MINUTE)).toBe(0)
  })

  it('counts and tells an arc', () => {
    const device = model('electricity', 1, [incident('arc', noon)])
    expect(eventsOf(device, noon - MINUTE, noon + MINUTE)).toEqual([[60, 'arc_fault']])
    expect([noon - 1, noon].map((t) => device.values(t)['arc_count'])).toEqual([0, 1])
  })

  it('says that the mains are lost and restored', () => {
    const device = model('electricity', 1, [incident('power_cut', noon, { seconds: 300 })])
    const said = messages(device, noon, noon + 301_000).map(({ at, payload }) => [
      (at - noon) / 1000,
      JSON.parse(String(payload)).event,
    ])
    expect(said).toEqual([
      [0, 'mains_lost'],
      [300, 'mains_restored'],
    ])
  })
})

describe('gas', () => {
  const noon = MIDNIGHT + 14 * HOUR
  const leaking = model('gas', 1, [incident('leak', noon, { seconds: 90, value: 70 })])
  const level = (seconds: number): number => leaking.values(noon + seconds * 1000)['gas_lel'] as number

  it('rises as a room fills and falls as it is aired, exponentially', () => {
    expect(level(-1)).toBeLessThan(3)
    expect(level(17)).toBeCloseTo(70 * (1 - Math.exp(-1)), -0.5)
    expect(level(90)).toBeGreaterThan(66)
    expect(level(90 + 20)).toBeCloseTo(level(90) / Math.E, -0.5)
    expect(level(400)).toBeLessThan(3)
  })

  it('tells low, high, linkage and their return in the order of a real alarm', () => {
    expect(eventsOf(leaking, noon, noon + HOUR).map(([, name]) => name)).toEqual([
      'gas_low',
      'gas_high',
      'valve_closed',
      'gas_high_cleared',
      'gas_low_cleared',
      'valve_opened',
    ])
  })

  it('closes the valve and runs the fan while it matters, and says so in its readings', () => {
    expect(leaking.values(noon + 60_000)).toMatchObject({ valve_closed: 1, fan_on: 1 })
    expect(leaking.values(noon + 280_000)).toMatchObject({ valve_closed: 1, fan_on: 0 })
    expect(leaking.values(noon + HOUR)).toMatchObject({ valve_closed: 0, fan_on: 0 })
  })

  it('reports every two seconds while the concentration is unusual', () => {
    const during = leaking.reports(noon + 10_000, noon + 70_000).filter(({ channel }) => channel === 'readings')
    expect(during.length).toBeGreaterThanOrEqual(30)
    expect(leaking.reports(noon + HOUR, noon + HOUR + 10 * MINUTE)).toHaveLength(10)
  })

  it('tells carbon monoxide', () => {
    const device = model('gas', 1, [incident('carbon_monoxide', noon)])
    expect(eventsOf(device, noon, noon + HOUR).map(([, name]) => name)).toEqual(['co_alarm', 'co_alarm_cleared'])
  })
})

describe('smoke', () => {
  it('is heard once a day, and at once in a fire', () => {
    const device = model('smoke', 1, [incident('fire', MIDNIGHT + 30 * HOUR, { seconds: 60 })])
    expect(device.reports(MIDNIGHT, MIDNIGHT + 24 * HOUR)).toHaveLength(1)
    const fire = device.reports(MIDNIGHT + 30 * HOUR, MIDNIGHT + 30 * HOUR + 2 * MINUTE)
    expect(fire[0]).toMatchObject({ at: MIDNIGHT + 30 * HOUR, event: 'smoke_alarm' })
    expect(fire[1]).toMatchObject({ at: MIDNIGHT + 30 * HOUR, values: { smoke: 1 } })
    expect(fire.at(-2)).toMatchObject({ event: 'smoke_cleared' })
    expect(fire.at(-1)).toMatchObject({ values: { smoke: 0 } })
  })

  it('feels heat where it is a combined detector', () => {
    const combined = Array.from({ length: 40 }, (_, seed) => seed).find(
      (s) => model('smoke', s).attributes['detector'] === 'combined',
    )
    const device = model('smoke', combined, [incident('fire', MIDNIGHT, { seconds: 600, value: 90 })])
    expect(eventsOf(device, MIDNIGHT, MIDNIGHT + 2 * HOUR).map(([, name]) => name)).toEqual([
      'smoke_alarm',
      'heat_alarm',
      'smoke_cleared',
      'heat_cleared',
    ])
  })
})

describe('access', () => {
  const day = (seed: number, incidents: readonly Incident[] = []): Report[] =>
    model('access', seed, incidents).reports(MIDNIGHT, MIDNIGHT + 24 * HOUR)

  it('opens and closes in turn, each opening let in before, more in the evening than at night', () => {
    const events = day(3).flatMap((r) => (r.channel === 'events' ? [r] : []))
    const doors = events.map(({ event }) => event).filter((event) => event !== 'access_denied')
    expect(doors.length).toBeGreaterThan(9)
    doors.forEach((event, index) => expect(event).toBe(['access_granted', 'door_opened', 'door_closed'][index % 3]))
    const openings = (from: number, to: number): number =>
      events.filter(
        ({ event, at }) => event === 'door_opened' && at >= MIDNIGHT + from * HOUR && at < MIDNIGHT + to * HOUR,
      ).length
    expect(openings(16, 20)).toBeGreaterThan(openings(0, 4))
  })

  it('agrees with itself: after door_opened the reading says open', () => {
    for (const [index, report] of day(3).entries()) {
      if (report.channel !== 'events' || report.event === 'access_denied' || report.event === 'access_granted') continue
      expect(day(3)[index + 1]).toMatchObject({
        at: report.at,
        values: { door_open: report.event === 'door_opened' ? 1 : 0 },
      })
      if (index > 60) break
    }
  })

  it('stays open while propped, says that it is held, and nobody else opens it meanwhile', () => {
    const noon = MIDNIGHT + 18 * HOUR
    const device = model('access', 3, [incident('propped', noon, { seconds: 900 })])
    expect(eventsOf(device, noon, noon + 900_001)).toEqual([
      [0, 'door_opened'],
      [120, 'door_held'],
      [900, 'door_closed'],
      [900, 'door_held_cleared'],
    ])
    expect(device.values(noon + 450_000)).toMatchObject({ door_open: 1, lock_locked: 0 })
  })

  it('tells a forced door, refused attempts and duress', () => {
    const noon = MIDNIGHT + 3 * HOUR
    const names = (...list: IncidentName[]): string[] =>
      eventsOf(
        model(
          'access',
          2,
          list.map((name) => incident(name, noon)),
        ),
        noon,
        noon + 61_000,
      ).map(([, name]) => name)
    expect(names('forced')).toEqual(['door_forced', 'door_opened', 'door_closed', 'door_forced_cleared'])
    expect(names('denied')).toEqual(Array.from({ length: INCIDENTS.denied.value.default }, () => 'access_denied'))
    expect(names('duress')).toEqual(['duress'])
  })
})
