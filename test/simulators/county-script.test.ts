// The demonstration's script at speed through the pure engine: every line happens, in order, with the row it promises, and
// nothing else of priority 1 to 3 happens meanwhile.
import { beforeAll, describe, expect, it } from 'vitest'
import { county, living, started } from '../../simulators/county/county.ts'
import { happeningsOf, PRE_ROLL_SECONDS, script, SCRIPT_SECONDS } from '../../simulators/county/script.ts'
import type { Act } from '../../contract/alarms.ts'
import type { Expected } from '../../simulators/county/script.ts'
import { Past } from '../../simulators/county/past.ts'
import { EngineDevice } from './county-engine.ts'
import type { Told } from './county-engine.ts'

const MINUTE = 60_000
const shire = county()
const DUTY = { id: 'u1', name: '周晓岚' }

/** The county from its past to the end of the script, begun at `start`. */
class Played {
  readonly lines
  readonly told: Told[]
  private readonly hubs = new Map<string, EngineDevice>()
  private readonly start: number

  constructor(start: number) {
    this.start = start
    this.lines = script(shire, start)
    const happenings = happeningsOf(this.lines)
    const past = new Past(shire, start, happenings)
    const inStory = new Set(happenings.map(({ deviceId }) => deviceId))
    const begin = start - PRE_ROLL_SECONDS * 1000
    const end = start + (SCRIPT_SECONDS + 30) * 1000
    for (const device of started(shire)) {
      // Daily life begins after the story: what befalls a neighbour meanwhile is the ordinary day's test.
      const span = { from: end, until: end }
      const hub = new EngineDevice(living(shire, device, span, happenings), begin)
      if (inStory.has(device.id)) for (const message of past.day(device)) hub.message(message, begin)
      hub.live(begin, end)
      this.hubs.set(device.id, hub)
    }
    for (const site of Map.groupBy(started(shire), (device) => device.site).values()) {
      const hubs = site.map(({ id }) => this.hub(id))
      for (const hub of hubs) hub.compare(hubs)
    }
    this.told = [...this.hubs.values()].flatMap(({ told }) => told).toSorted((a, b) => a.at - b.at)
  }

  /** Seconds after the start. */
  second({ at }: Told): number {
    return (at - this.start) / 1000
  }

  hub(deviceId: string): EngineDevice {
    return this.hubs.get(deviceId) as EngineDevice
  }

  fulfils({ transition, deviceId, at }: Told, expected: Expected): boolean {
    const { alarm, type } = transition
    const second = (at - this.start) / 1000
    return (
      deviceId === expected.deviceId &&
      type === expected.type &&
      alarm.signal === expected.signal &&
      alarm.channel === expected.channel &&
      alarm.priority === expected.priority &&
      (expected.level === undefined || alarm.level === expected.level) &&
      second >= expected.at &&
      second <= expected.at + expected.within
    )
  }
}

const words = (played: Played) => (told: Told) =>
  `${played.second(told)} ${told.deviceId} ${told.transition.type} ${told.transition.alarm.signal} P${told.transition.alarm.priority}`

// A winter night, a summer noon: loads, air and sun differ, the story does not.
describe.each([
  ['on a November evening', Date.UTC(2026, 10, 18, 11, 30)],
  ['on a July noon', Date.UTC(2027, 6, 9, 4, 20)],
  ['in a January night', Date.UTC(2027, 0, 11, 19, 47, 13)],
])('the script %s', (_when, start) => {
  let played: Played
  beforeAll(() => {
    played = new Played(start)
  })

  it('keeps every promise of every line, in order', () => {
    const found = played.lines.flatMap(({ at, expects }) =>
      expects.map((expected) => ({ at, expected, told: played.told.find((told) => played.fulfils(told, expected)) })),
    )
    const broken = found.filter(({ told }) => told === undefined)
    expect(
      broken.map(({ expected }) => [
        expected,
        played.told.filter(({ deviceId }) => deviceId === expected.deviceId).map(words(played)),
      ]),
    ).toEqual([])
    // Each line's first row comes after the first row of the line before.
    const firsts = played.lines.flatMap(({ expects }) => {
      const [first] = expects
      const told = first && played.told.find((t) => played.fulfils(t, first))
      return told ? [played.second(told)] : []
    })
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
  })

  it('begins with a quiet desk, and brings no P1 to P3 that no line promises', () => {
    const promised = new Set(played.lines.flatMap(({ expects }) => expects.map((e) => `${e.deviceId} ${e.signal}`)))
    const before = played.told.filter((told) => played.second(told) < 0 && told.transition.alarm.priority < 4)
    expect(before.map(words(played))).toEqual([])
    const unpromised = played.told.filter(
      ({ deviceId, transition }) =>
        transition.alarm.priority < 4 && !promised.has(`${deviceId} ${transition.alarm.signal}`),
    )
    expect(unpromised.map(words(played))).toEqual([])
  })

  it('G4: the probe that lies freezes its alarm, and nothing clears it', () => {
    const { id } = shire.called('广利五金 总进线')
    const temperature = played
      .hub(id)
      .told.filter(({ transition }) => transition.alarm.signal === 'temperature' && transition.alarm.channel === 'b')
    expect(new Set(temperature.map(({ transition }) => transition.alarm.id)).size).toBe(1)
    expect(temperature.at(-1)?.transition.type).toBe('frozen')
    const peak = Math.max(...temperature.map(({ transition }) => transition.alarm.value ?? 0))
    expect(peak).toBeGreaterThanOrEqual(70)
    expect(peak).toBeLessThan(90)
  })

  it('makes the arc urgent because of the smoke in its house: the same row, and no other', () => {
    const told = played.hub(shire.called('槐荫 33 号 二层回路').id).told.filter((told) => played.second(told) >= 0)
    expect(told.map(({ transition }) => `${transition.type} ${transition.reason}`)).toEqual([
      'raised momentary',
      'returned momentary',
      'level_changed corroboration',
    ])
    expect(new Set(told.map(({ transition }) => transition.alarm.id)).size).toBe(1)
  })

  it('keeps gas in one row, at its critical level, latched when it is aired; reset is refused before and done after', () => {
    const { id } = shire.called('槐荫 12 号 共用厨房')
    const hub = played.hub(id)
    const [row, ...others] = hub.open
    expect(others).toEqual([])
    expect(row).toMatchObject({ signal: 'gas_lel', level: 'high', condition: 'latched' })
    expect(hub.told.map(({ transition }) => transition.type)).toEqual([
      'raised',
      'level_changed',
      'level_changed',
      'returned',
    ])
    const while_ = new EngineDevice(
      living(shire, shire.called('槐荫 12 号 共用厨房'), { from: 0, until: 0 }, happeningsOf(played.lines)),
      start,
    )
    while_.live(start, start + 80_000)
    const act = (name: 'ack' | 'reset', alarmId: string): Act => {
      const answer = { alarmId, seq: null, by: DUTY, comment: null }
      return name === 'ack' ? { ...answer, name, level: 'county', reason: 'seen' } : { ...answer, name, reason: null }
    }
    const alarmId = while_.open[0]?.id ?? ''
    expect(while_.act(act('ack', alarmId), start + 80_000)).toBeNull()
    expect(while_.act(act('reset', alarmId), start + 81_000)).toBe('still_active')
    while_.live(start + 81_000, start + 4 * MINUTE)
    expect(while_.act(act('reset', alarmId), start + 4 * MINUTE)).toBeNull()
    expect(while_.open).toEqual([])
  })

  it('only counts duplicates and stragglers, and lets a backlog raise nothing', () => {
    for (const name of ['槐荫 8 号 总进线', '槐荫 10 号 总进线']) {
      expect(played.hub(shire.called(name).id).told.filter((told) => played.second(told) >= 0)).toEqual([])
    }
    const [first, ...rest] = script(shire, start).find(({ at }) => at === 420)?.expects ?? []
    expect(rest).toHaveLength(4)
    const types = played.hub(first?.deviceId ?? '').told.filter((told) => played.second(told) >= 0)
    expect(types.map(({ transition }) => `${transition.type} ${transition.reason}`)).toEqual([
      'raised power_cut',
      'returned device_cleared',
      'closed not_required',
    ])
  })
})
