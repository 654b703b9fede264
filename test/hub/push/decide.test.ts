import { describe, expect, it } from 'vitest'
import type { Transition } from '../../../contract/alarms.ts'
import { decidePush, isNight, payloadOf, summaryOf } from '../../../hub/push/decide.ts'
import { entryOf } from '../../records/entries.ts'

const HOUR = 3_600_000
/** 2026-11-22 00:00 in Shanghai. */
const MIDNIGHT = Date.UTC(2026, 10, 21, 16)
const NOON = MIDNIGHT + 12 * HOUR

function transition(alarm: Partial<Transition['alarm']> = {}, settings: Partial<Transition> = {}): Transition {
  const base = entryOf({ alarmId: 'alarm-1', deviceId: 'DEV-1' }).transition
  return { ...base, type: 'raised', ...settings, seq: 1, alarm: { ...base.alarm, seq: 1, priority: 2, ...alarm } }
}

describe('what telephones are told', () => {
  it('is that something began or got worse, and nothing else', () => {
    const told = (settings: Partial<Transition>) => decidePush(transition({}, settings), NOON).tell
    expect(told({ type: 'raised' })).toBe(true)
    expect(told({ type: 're_raised' })).toBe(true)
    expect(told({ type: 'level_changed', reason: 'level_risen' })).toBe(true)
    expect(told({ type: 'level_changed', reason: 'corroboration' })).toBe(true)
    expect(told({ type: 'level_changed', reason: 'level_fallen' })).toBe(false)
    for (const type of ['returned', 'acknowledged', 'closed', 'commented', 'verdict', 'frozen', 'shelved'] as const)
      expect([type, told({ type })]).toEqual([type, false])
    expect(decidePush(transition({ closedAt: NOON }), NOON)).toEqual({ tell: false, because: 'no_news' })
  })

  it('keeps the night from 22:00 to 06:00 in Shanghai, except for P1 and P2', () => {
    expect([21.99, 22, 23.99, 24, 29.99, 30].map((hour) => isNight(MIDNIGHT + hour * HOUR))).toEqual([
      ...[false, true, true, true, true, false],
    ])
    for (const hour of [0, 3, 5.9, 6, 12, 21.9, 22, 23]) {
      const at = MIDNIGHT + hour * HOUR
      const night = hour < 6 || hour >= 22
      for (const priority of [1, 2] as const)
        expect(decidePush(transition({ priority }), at)).toMatchObject({ tell: true, urgency: 'high' })
      expect(decidePush(transition({ priority: 3 }), at)).toEqual(
        night ? { tell: false, because: 'night' } : { tell: true, urgency: 'normal', ttlSeconds: 4 * 3_600 },
      )
      expect(decidePush(transition({ priority: 4 }), at)).toEqual({ tell: false, because: 'advice' })
    }
  })

  it('G5: leaves out what was set aside, and what is no real operation', () => {
    const suppression = { type: 'shelved', by: null, reason: 'x', at: 1, until: null } as const
    for (const alarm of [{ suppression }, { mode: 'drill' }, { mode: 'maintenance' }] as const)
      expect(decidePush(transition({ ...alarm, priority: 1 }), NOON)).toEqual({ tell: false, because: 'set_aside' })
  })

  it('names signal and place, and no person', () => {
    const { alarm } = transition()
    const one = transition({
      place: ['示范县', '青禾街道', '槐荫社区', '12 号'],
      deviceName: '共用厨房',
      priority: 1,
      ack: { by: { id: 'u', name: '王大姐' }, at: 1, reason: null, comment: '租客张三' },
    })
    const payload = payloadOf(one, 'delivery-1', 'zh')
    expect(payload).toMatchObject({
      id: 'delivery-1',
      alarmId: alarm.id,
      priority: 1,
      body: '槐荫社区 · 12 号 · 共用厨房',
    })
    expect(payload.title).toBe(`■ 紧急 ${alarm.title.zh}`)
    expect(JSON.stringify(payload)).not.toMatch(/王大姐|张三/)
    expect(payloadOf(one, 'delivery-1', 'en').title).toBe(`■ Critical ${alarm.title.en}`)
    expect(summaryOf(7, 'd', 'zh', NOON).title).toBe('另有 7 条报警')
  })
})
