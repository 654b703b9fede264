// The rows of the desk: order, filters, and that they hold still while they are read.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import { filterFrom, filtered, isFiltering } from '../../../dashboard/web/src/desk/filter.ts'
import { HeldList } from '../../../dashboard/web/src/desk/held-list.ts'
import { inOrder } from '../../../dashboard/web/src/feed/order.ts'
import { SORTS, alarmOf, deviceFor, worldOf } from './fake-world.ts'

const world = worldOf({ sites: 9, devices: 90, longNames: false }, 0)
const alarm = (id: string, sortIndex: number, changes: Partial<Alarm> = {}): Alarm =>
  alarmOf(id, 1, 0, deviceFor(world, sortIndex, Number(id.slice(1)) || 0), SORTS[sortIndex]!, changes)
const ids = (alarms: readonly Alarm[]) => alarms.map(({ id }) => id)
const openOf = (alarms: readonly Alarm[]) => new Map(alarms.map((one) => [one.id, one]))
const filter = (query: string) => filterFrom(new URLSearchParams(query))

describe('the order of alarms', () => {
  it('puts the more urgent first, then the younger', () => {
    const alarms = [
      alarm('a1', 3, { raisedAt: 5 }),
      alarm('a2', 0, { raisedAt: 1 }),
      alarm('a3', 0, { raisedAt: 9 }),
      alarm('a4', 1),
    ]
    expect(ids(inOrder(alarms, 'priority'))).toEqual(['a3', 'a2', 'a4', 'a1'])
    expect(ids(inOrder(alarms, 'oldest'))[0]).toBe('a4')
    expect(ids(inOrder(alarms, 'newest'))[0]).toBe('a3')
  })

  it('does not depend on the order in which alarms arrived', () => {
    const alarms = Array.from({ length: 12 }, (_, index) => alarm(`a${index}`, index % 4, { raisedAt: index % 3 }))
    fc.assert(
      fc.property(fc.shuffledSubarray(alarms, { minLength: alarms.length }), (shuffled) => {
        expect(ids(inOrder(shuffled, 'priority'))).toEqual(ids(inOrder(alarms, 'priority')))
      }),
    )
  })
})

describe('the filters of the desk', () => {
  const gas = alarm('a1', 0)
  const leak = alarm('a2', 1, { ack: { by: { id: 'u', name: '周' }, at: 1, reason: null, comment: null } })
  const notice = alarm('a3', 7)
  const alarms = [gas, leak, notice]

  it('keeps P4 in the maintenance tab and out of the others', () => {
    expect(ids(filtered(alarms, filter(''), 'county'))).toEqual(['a1', 'a2'])
    expect(ids(filtered(alarms, filter('tab=unacknowledged'), 'county'))).toEqual(['a1'])
    expect(ids(filtered(alarms, filter('tab=maintenance'), 'county'))).toEqual(['a3'])
  })

  it('reads town, type, priority and words from the address', () => {
    expect(ids(filtered(alarms, filter('category=gas'), 'county'))).toEqual(['a1'])
    expect(ids(filtered(alarms, filter('priority=2'), 'county'))).toEqual(['a2'])
    expect(ids(filtered(alarms, filter(`town=${encodeURIComponent(gas.place[1]!)}`), 'county'))).toContain('a1')
    expect(ids(filtered(alarms, filter(`q=${encodeURIComponent('剩余')}`), 'county'))).toEqual(['a2'])
    expect(ids(filtered(alarms, filter('q=residual%20current'), 'county'))).toEqual(['a2'])
    expect(isFiltering(filter('tab=unacknowledged&order=newest'))).toBe(false)
    expect(filter('priority=7&category=nonsense&tab=x')).toMatchObject({ priority: null, category: null, tab: 'all' })
  })
})

describe('the held list', () => {
  const first = alarm('a1', 1)
  const second = alarm('a2', 3)

  it('lets everything in place while nobody reads', () => {
    const list = new HeldList()
    list.next([second], openOf([second]), false)
    const held = list.next([first, second], openOf([first, second]), false)
    expect(held.rows.map((row) => row.alarm.id)).toEqual(['a1', 'a2'])
    expect(held.waiting).toEqual([])
  })

  it('queues what is new while someone reads, most urgent first, and lets it in afterwards', () => {
    const list = new HeldList()
    list.next([second], openOf([second]), false)
    const urgent = alarm('a9', 0)
    const wanted = [urgent, first, second]
    const held = list.next(wanted, openOf(wanted), true)
    expect(held.rows.map((row) => row.alarm.id)).toEqual(['a2'])
    expect(ids(held.waiting)).toEqual(['a9', 'a1'])
    expect(list.next(wanted, openOf(wanted), false).rows.map((row) => row.alarm.id)).toEqual(['a9', 'a1', 'a2'])
  })

  it('announces an alarm that became more urgent, without moving its row', () => {
    const list = new HeldList()
    list.next([first, second], openOf([first, second]), false)
    const risen = { ...second, priority: 1 as const, seq: 2 }
    const held = list.next([risen, first], openOf([risen, first]), true)
    expect(held.rows.map((row) => row.alarm.id)).toEqual(['a1', 'a2'])
    expect(held.rows[1]?.alarm.priority).toBe(1)
    expect(ids(held.waiting)).toEqual(['a2'])
  })

  it('keeps the row of an alarm that ended or left the filter, and says which', () => {
    const list = new HeldList()
    list.next([first, second], openOf([first, second]), false)
    const taken = { ...second, ack: { by: { id: 'u', name: '周' }, at: 1, reason: null, comment: null }, seq: 2 }
    const held = list.next([], openOf([taken]), true)
    expect(held.rows.map(({ alarm: { id }, over }) => [id, over])).toEqual([
      ['a1', true],
      ['a2', false],
    ])
    expect(held.rows[1]?.alarm.ack).not.toBeNull()
  })

  it('never moves or drops a displayed row while held, and never hides a new alarm', () => {
    const pool = Array.from({ length: 8 }, (_, index) => alarm(`a${index}`, index % 5))
    const some = fc.subarray(pool)
    fc.assert(
      fc.property(some, fc.array(some, { maxLength: 6 }), (start, then) => {
        const list = new HeldList()
        const before = list.next(start, openOf(start), false).rows.map((row) => row.alarm.id)
        fc.pre(before.length > 0)
        for (const wanted of then) {
          const held = list.next(wanted, openOf(wanted), true)
          expect(held.rows.map((row) => row.alarm.id)).toEqual(before)
          const seen = new Set([...before, ...ids(held.waiting)])
          expect(wanted.every(({ id }) => seen.has(id))).toBe(true)
        }
      }),
    )
  })
})
