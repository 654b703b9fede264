import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import { compare } from '../../../dashboard/web/src/wall/compare.ts'
import { outlinesOf } from '../../../dashboard/web/src/wall/outline.ts'
import { onStage, townStates } from '../../../dashboard/web/src/wall/towns.ts'
import { pageAt, TURN_MS, wallPages } from '../../../dashboard/web/src/wall/turning.ts'
import { alarmOf, deviceFor, SORTS, worldOf } from './fake-world.ts'

const world = worldOf({ devices: 90, sites: 30, longNames: false }, 1_795_000_000_000)
const alarm = (id: string, changes: Partial<Alarm>): Alarm =>
  alarmOf(id, 1, 1_795_000_000_000, deviceFor(world, 0, 0), SORTS[0] as (typeof SORTS)[number], changes)

describe('the wall', () => {
  it('compares with what was, and divides nothing by nothing', () => {
    expect(compare(0, 0)).toEqual({ is: 'even' })
    expect(compare(7, 7)).toEqual({ is: 'even' })
    expect(compare(3, 0)).toEqual({ is: 'no_base' })
    expect(compare(0, 4)).toEqual({ is: 'down', percent: 100 })
    expect(compare(95, 92)).toEqual({ is: 'up', percent: 3.3 })
    expect(compare(1, 3)).toEqual({ is: 'down', percent: 66.7 })
  })

  it('turns its pages by the clock, with as many pages of towns as they need', () => {
    expect(wallPages(0).map(({ page }) => page)).toEqual(['overview', 'towns', 'figures'])
    const pages = wallPages(17)
    expect(pages).toEqual([
      { page: 'overview' },
      { page: 'towns', part: 0 },
      { page: 'towns', part: 1 },
      { page: 'figures' },
    ])
    const seen = Array.from({ length: 9 }, (_, turn) => pageAt(pages, 1000, 1000 + turn * TURN_MS))
    expect(seen.map(({ page }) => page).join(' ')).toBe(
      'overview towns towns figures overview towns towns figures overview',
    )
    expect(pageAt(pages, 1000, 1000 + TURN_MS - 1)).toEqual({ page: 'overview' })
    // A clock that was set back turns no page into nothing.
    expect(pageAt(pages, 1000, 0)).toEqual({ page: 'overview' })
  })

  it('puts on the stage what is urgent and not taken, the worst first, of one priority the newest', () => {
    const at = 1_795_000_000_000
    const ack = { by: { id: 'u', name: '周' }, at, reason: null, comment: null }
    const alarms = [
      alarm('p2', { priority: 2, raisedAt: at + 9 }),
      alarm('old', { priority: 1, raisedAt: at }),
      alarm('taken', { priority: 1, ack }),
      alarm('p3', { priority: 3 }),
      alarm('new', { priority: 1, raisedAt: at + 5 }),
      alarm('returned', { priority: 2, raisedAt: at, condition: 'normal' }),
    ]
    expect(onStage(alarms).map(({ id }) => id)).toEqual(['new', 'old', 'p2', 'returned'])
  })

  it('gives each town its worst open alarm and their number, by the place of the alarm', () => {
    const town = (name: string) => ({ id: name, name, path: ['示范县', name], total: 9, online: 8, silent: 1 })
    const alarms = [
      alarm('a', { priority: 3, place: ['示范县', '甲镇', '一村', '1 号'] }),
      alarm('b', { priority: 2, place: ['示范县', '甲镇', '二村'] }),
      alarm('c', { priority: 1, place: ['邻县', '甲镇', '一村'] }),
      alarm('d', { priority: 4, place: ['示范县', '乙镇'] }),
      alarm('e', { priority: 1, place: ['示范县'] }),
      alarm('f', { priority: 1, place: [] }),
    ]
    const states = townStates(['甲镇', '乙镇', '丙镇'].map(town), alarms)
    expect(states.map(({ worst, open }) => [worst, open])).toEqual([
      [2, 2],
      [4, 1],
      [null, 0],
    ])
  })

  it('draws borders within the drawing, north up, whichever way their rings are wound', () => {
    const ring: [number, number][] = [
      [119, 29],
      [119.2, 29],
      [119.2, 29.1],
      [119, 29.1],
      [119, 29],
    ]
    const feature = (name: string, coordinates: [number, number][]) => ({
      name,
      areaId: name,
      geometry: { type: 'Polygon' as const, coordinates: [coordinates] },
    })
    const north = ring.map(([lon, lat]): [number, number] => [lon, lat + 0.1])
    const [a, b] = outlinesOf([feature('a', ring), feature('b', north.toReversed())], 400, 300)
    expect(b?.y).toBeLessThan(a?.y ?? 0)
    for (const outline of [a, b]) {
      const numbers = [...(outline?.d ?? '').matchAll(/-?\d+(?:\.\d+)?/g)].map(Number)
      expect(numbers.length).toBeGreaterThan(6)
      for (const [index, value] of numbers.entries()) {
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(index % 2 === 0 ? 400 : 300)
      }
    }
    expect(outlinesOf([], 400, 300)).toEqual([])
  })
})
