// One alarm's three axes as a marker and a word; keys by position; latency and paint as they are reported.
import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import { markerLook, stateKey } from '../../../dashboard/web/src/desk/alarm-state.ts'
import { deskAction } from '../../../dashboard/web/src/desk/keys.ts'
import type { KeyLike } from '../../../dashboard/web/src/desk/keys.ts'
import { ClockOffset, LatencyWindow, quantile } from '../../../dashboard/web/src/feed/latency.ts'
import { PaintLog } from '../../../dashboard/web/src/feed/paint-log.ts'
import { SORTS, alarmOf, worldOf } from './fake-world.ts'

const device = worldOf({ sites: 1, devices: 8, longNames: false }, 0).devices[0]!
const alarm = (changes: Partial<Alarm> = {}): Alarm => alarmOf('a', 1, 0, device, SORTS[0]!, changes)
const ack = { by: { id: 'u', name: '周' }, at: 1, reason: null, comment: null }
const shelf = { type: 'shelved', by: null, reason: 'x', at: 0, until: 9 } as const

describe('marker and word of an alarm', () => {
  it.each([
    ['active, nobody took it', alarm(), 'filled', 'alarm.state.unacknowledged'],
    ['active, taken', alarm({ ack }), 'outline', 'alarm.state.acknowledged'],
    ['returned, nobody took it', alarm({ condition: 'normal' }), 'ticked', 'alarm.state.returned'],
    ['latched, nobody took it', alarm({ condition: 'latched' }), 'filled', 'alarm.state.latched'],
    ['latched, taken', alarm({ condition: 'latched', ack }), 'outline', 'alarm.state.latched'],
    ['frozen', alarm({ condition: 'frozen' }), 'filled', 'alarm.state.frozen'],
    ['a notice', alarm({ priority: 4 }), 'outline', 'alarm.state.active'],
    ['a notice that returned', alarm({ priority: 4, condition: 'normal' }), 'ticked', 'alarm.state.returned_plain'],
    ['shelved', alarm({ suppression: shelf }), 'struck', 'alarm.state.unacknowledged'],
  ] as const)('%s', (_, given, look, key) => {
    expect(markerLook(given, 'county')).toBe(look)
    expect(stateKey(given, 'county')).toBe(key)
  })

  it('shows each level of desk its own acknowledgement', () => {
    const byTown = alarm({ townAck: ack })
    expect([markerLook(byTown, 'county'), stateKey(byTown, 'county')]).toEqual(['filled', 'alarm.state.unacknowledged'])
    expect([markerLook(byTown, 'town'), stateKey(byTown, 'town')]).toEqual(['outline', 'alarm.state.acknowledged'])
    const byCounty = alarm({ ack })
    expect([markerLook(byCounty, 'town'), stateKey(byCounty, 'town')]).toEqual(['filled', 'alarm.state.unacknowledged'])
  })
})

describe('keys of the desk', () => {
  const key = (code: string, changes: Partial<KeyLike> = {}): KeyLike => ({
    code,
    shiftKey: false,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    repeat: false,
    isComposing: false,
    keyCode: 65,
    ...changes,
  })

  it('go by position, with and without shift', () => {
    expect(deskAction(key('KeyJ'), false)).toBe('next')
    expect(deskAction(key('ArrowUp'), false)).toBe('previous')
    expect(deskAction(key('KeyA'), false)).toBe('ack')
    expect(deskAction(key('KeyA', { shiftKey: true }), false)).toBe('ack_reason')
    expect(deskAction(key('Slash'), false)).toBe('search')
    expect(deskAction(key('Slash', { shiftKey: true }), false)).toBe('help')
    expect(deskAction(key('KeyR', { shiftKey: true }), false)).toBeNull()
  })

  it.each([
    ['while composing', { isComposing: true }],
    ['when an input method has taken the key', { keyCode: 229 }],
    ['on repeat', { repeat: true }],
    ['with control', { ctrlKey: true }],
    ['with the system key', { metaKey: true }],
    ['with alt', { altKey: true }],
  ])('do nothing %s', (_, changes) => {
    expect(deskAction(key('KeyA', changes), false)).toBeNull()
  })

  it('do nothing in a field', () => {
    expect(deskAction(key('KeyA'), true)).toBeNull()
  })
})

describe('latency', () => {
  it('has no figure before anything was measured, and forgets what is old', () => {
    const window = new LatencyWindow()
    expect(window.figures(0)).toBeNull()
    window.add(12, 0)
    expect(window.figures(1)).toEqual({ p50: 12, p99: 12, count: 1 })
    expect(window.figures(16 * 60_000)).toBeNull()
  })

  it('takes quantiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile([7], 0.99)]).toEqual([50, 99, 7])
  })

  it('takes the offset of the fastest message, and is never below zero', () => {
    const offset = new ClockOffset()
    expect(offset.ms).toBeNull()
    offset.add(10_000, 9_950)
    offset.add(15_000, 14_990)
    expect(offset.ms).toBe(50)
    const window = new LatencyWindow()
    window.add(-3, 0)
    expect(window.figures(0)?.p50).toBe(0)
  })
})

describe('paint log', () => {
  it('reports each painted state once, in batches of at most 500', () => {
    const log = new PaintLog()
    const many = Array.from({ length: 750 }, (_, index) => ({ ...alarm({ seq: index + 1 }), id: `a${index}` }))
    expect(log.painted(many)).toHaveLength(750)
    expect(log.painted(many)).toEqual([])
    expect(log.drain().map((batch) => batch.length)).toEqual([500, 250])
    expect(log.drain()).toEqual([])
    expect(log.painted([{ ...many[0]!, seq: 9_000 }])).toHaveLength(1)
    expect(log.drain()).toEqual([[9_000]])
  })

  it('forgets alarms that are over', () => {
    const log = new PaintLog()
    log.painted([alarm()])
    log.keepOnly(() => false)
    expect(log.painted([alarm()])).toHaveLength(1)
  })
})
