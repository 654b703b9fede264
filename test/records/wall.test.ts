import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../contract/alarms.ts'
import type { JournalEntry, Ledger } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import type { PlaceOfThing, Scope } from '../../records/scope.ts'
import { dayOf, HOUR_MS, sameDayLastYear } from '../../records/wall-days.ts'
import { entryOf } from './entries.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'

const DAY_MS = 24 * HOUR_MS
/** 2026-11-22 14:30 in Beijing. */
const NOW = Date.UTC(2026, 10, 22, 6, 30)
const MIDNIGHT = Date.UTC(2026, 10, 21, 16)

function alarmOf(
  id: string,
  place: PlaceOfThing,
  changes: Partial<Alarm> & { readonly raisedAt: number },
): JournalEntry {
  const entry = entryOf({ alarmId: id, deviceId: changes.deviceId ?? id, ...place })
  return { ...entry, transition: { ...entry.transition, alarm: { ...entry.transition.alarm, ...changes } } }
}

async function county() {
  const ledger = await startedLedger(newDirectory())
  const places: PlaceOfThing[] = []
  for (const [i, area] of ['示范县/青禾街道/槐荫社区', '示范县/柳岸镇/东村'].entries()) {
    const site = await ledger.places.createSite(ADMIN, { name: `场所${i}`, area })
    await ledger.devices.create(ADMIN, { id: `D${i}`, kind: 'smoke', name: '烟感', siteId: site.id })
    const identity = await ledger.devices.identity(`D${i}`)
    places.push({ siteId: site.id, areaIds: identity?.areaIds ?? [] })
  }
  const [a, b] = places as [PlaceOfThing, PlaceOfThing]
  return { ledger, a, b }
}
const put = (ledger: Ledger, entries: JournalEntry[]) =>
  ledger.journal.append({ entries, states: [], checkpoint: null })

describe('the wall’s figures', () => {
  it('count days of Beijing, and know what day it was a year ago', () => {
    expect(dayOf(NOW)).toBe(MIDNIGHT)
    expect(dayOf(MIDNIGHT)).toBe(MIDNIGHT)
    expect(dayOf(MIDNIGHT - 1)).toBe(MIDNIGHT - DAY_MS)
    expect(sameDayLastYear(MIDNIGHT)).toBe(Date.UTC(2025, 10, 21, 16))
    const leapDay = Date.UTC(2028, 1, 28, 16)
    expect(sameDayLastYear(leapDay)).toBe(Date.UTC(2027, 1, 27, 16))
    expect(sameDayLastYear(Date.UTC(2028, 2, 31, 16))).toBe(Date.UTC(2027, 2, 31, 16))
  })

  it('compare today with yesterday and the year before up to the same time of day', async () => {
    const { ledger, a } = await county()
    const raised = (id: string, raisedAt: number, category: Alarm['category'] = 'fire') =>
      alarmOf(id, a, { raisedAt, category })
    await put(ledger, [
      raised('t0', MIDNIGHT),
      raised('t1', NOW - 1),
      raised('t2', NOW - 60_000),
      raised('ahead', NOW + 1),
      raised('upkeep', NOW - 5, 'maintenance'),
      raised('lost', NOW - 5, 'offline'),
      raised('y0', MIDNIGHT - DAY_MS),
      raised('y1', NOW - DAY_MS + 1),
      raised('y2', MIDNIGHT - 1),
      raised('before', MIDNIGHT - DAY_MS - 1),
      raised('l0', NOW - 365 * DAY_MS - 1),
      raised('l1', NOW - 365 * DAY_MS),
    ])
    const { raised: counts, hours } = await ledger.wall.raised(EVERYTHING, NOW)
    expect(counts).toEqual({ today: 3, yesterday: 1, lastYear: 1 })
    expect(hours.today.map((n, hour) => [hour, n]).filter(([, n]) => n !== 0)).toEqual([
      [0, 1],
      [14, 2],
    ])
    expect(hours.yesterday.map((n, hour) => [hour, n]).filter(([, n]) => n !== 0)).toEqual([
      [0, 1],
      [14, 1],
      [23, 1],
    ])
  })

  it('count a device once: by its alarm, else by its fault or lost link', async () => {
    const { ledger, a } = await county()
    const open = (id: string, deviceId: string, category: Alarm['category'], closedAt: number | null = null) =>
      alarmOf(id, a, { deviceId, category, closedAt, raisedAt: NOW })
    await put(ledger, [
      open('1', 'A', 'fire'),
      open('2', 'A', 'gas'),
      open('3', 'A', 'fault'),
      open('4', 'B', 'offline'),
      open('5', 'C', 'fault'),
      open('6', 'C', 'maintenance'),
      open('7', 'D', 'data'),
      open('8', 'E', 'fire', NOW + 1),
      open('9', 'hub', 'fault'),
    ])
    expect(await ledger.wall.devicesInAlarm(EVERYTHING)).toEqual({ alarm: 1, fault: 2 })
  })

  it('say how long 接警 took, by nearest rank, of what was raised today and needs it', async () => {
    const { ledger, a } = await county()
    const taken = (id: string, ms: number | null, changes: Partial<Alarm> = {}) => {
      const raisedAt = changes.raisedAt ?? NOW - HOUR_MS
      const ack = ms === null ? null : { by: { id: 'u', name: '周' }, at: raisedAt + ms, reason: null, comment: null }
      return alarmOf(id, a, { ...changes, raisedAt, ack })
    }
    expect(await ledger.wall.ackTimes(EVERYTHING, NOW)).toEqual({ count: 0, median: null, p90: null })
    await put(ledger, [
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((s) => taken(`s${s}`, s * 1000)),
      taken('open', null),
      taken('hint', 999_000, { priority: 4 }),
      taken('old', 999_000, { raisedAt: MIDNIGHT - 1 }),
    ])
    expect(await ledger.wall.ackTimes(EVERYTHING, NOW)).toEqual({ count: 10, median: 5000, p90: 9000 })
    await put(ledger, [taken('ahead', -60_000)])
    expect(await ledger.wall.ackTimes(EVERYTHING, NOW)).toMatchObject({ count: 11, median: 5000 })
  })

  it('G9: every figure is of the scope alone', async () => {
    const { ledger, a, b } = await county()
    await put(ledger, [
      alarmOf('a', a, { raisedAt: NOW - 1000, category: 'fire' }),
      alarmOf('b', b, { raisedAt: NOW - 1000, category: 'fire' }),
      alarmOf('c', b, { raisedAt: NOW - 1000, category: 'fault' }),
    ])
    const ofA: Scope = { all: false, siteIds: [a.siteId ?? ''], areaIds: [] }
    const ofB: Scope = { all: false, siteIds: [], areaIds: [b.areaIds[1] ?? ''] }
    const nothing: Scope = { all: false, siteIds: [], areaIds: [] }
    expect((await ledger.wall.towns(EVERYTHING)).map(({ path }) => path.join('/'))).toEqual([
      '示范县/青禾街道',
      '示范县/柳岸镇',
    ])
    for (const [scope, alarm, fault, towns] of [
      [ofA, 1, 0, ['青禾街道']],
      [ofB, 1, 1, ['柳岸镇']],
      [nothing, 0, 0, []],
    ] as const) {
      expect(await ledger.wall.devicesInAlarm(scope)).toEqual({ alarm, fault })
      expect((await ledger.wall.raised(scope, NOW)).raised).toEqual({ today: alarm, yesterday: 0, lastYear: 0 })
      expect((await ledger.wall.towns(scope)).map(({ name }) => name)).toEqual(towns)
    }
  })

  it('keep one map; who did not see the newest replaces nothing; the change is audited', async () => {
    const { ledger } = await county()
    const ring: [number, number][] = [
      [119, 29],
      [119.1, 29],
      [119.1, 29.1],
      [119, 29],
    ]
    const features = [{ name: '青禾街道', geometry: { type: 'Polygon' as const, coordinates: [ring] } }]
    expect(await ledger.wall.map()).toBeNull()
    await ledger.wall.putMap(ADMIN, 0, 'gcj02', features)
    await expect(ledger.wall.putMap(ADMIN, 0, 'wgs84', [])).rejects.toMatchObject({
      code: 'stale',
      details: { version: 1 },
    })
    expect(await ledger.wall.map()).toEqual({ version: 1, datum: 'gcj02', features })
    await ledger.wall.putMap(ADMIN, 1, 'wgs84', features)
    const { items } = await ledger.audit.list({ limit: 2 })
    expect(items.map(({ action }) => action)).toEqual(['wall.map_changed', 'wall.map_changed'])
  })
})
