// What an alarm shows, and the seams of the engine that stories do not reach.
import { describe, expect, it } from 'vitest'
import type { Attributes } from '../../../contract/http/devices.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import { compileRules } from '../../../ingest/alarms/compile.ts'
import { decide, nextDeadline } from '../../../ingest/alarms/engine.ts'
import { isOnline, learn, reportInterval } from '../../../ingest/alarms/silence.ts'
import { initialState, openAlarms, parseState, StateFormatError } from '../../../ingest/alarms/state.ts'
import type { EngineTransition, Input } from '../../../ingest/alarms/types.ts'
import { EPOCH, profileOf, rulesFor } from '../../stories/story.ts'

/** A device to talk to; `at` in seconds since the epoch of the tests, hub time and sample time alike. */
function device(kind: KindName, attributes: Attributes = {}, rules = rulesFor(kind)) {
  let compiled = compileRules(profileOf(kind, attributes), rules)
  let state = initialState(compiled.profile, EPOCH)
  let position = 0
  const take = (at: number, input: Input): readonly EngineTransition[] => {
    const decision = decide(compiled, state, input, EPOCH + at * 1000)
    state = decision.state
    return decision.transitions
  }
  const stored = (at: number, ts = at) =>
    ({ position: ++position, ts: EPOCH + ts * 1000, receivedAt: EPOCH + at * 1000, quality: 'device' }) as const
  return {
    take,
    reads: (at: number, values: Record<string, number>, ts = at) =>
      take(at, { ...stored(at, ts), type: 'reading', values }),
    says: (at: number, name: string, data = {}) => take(at, { ...stored(at), type: 'event', name, data }),
    deadline: () => nextDeadline(compiled, state),
    state: () => state,
    compiled: () => compiled,
    setRules: (next: typeof rules) => void (compiled = compileRules(profileOf(kind, attributes), next)),
  }
}

describe('what an alarm shows', () => {
  it('says what, how bad, by which rule, with value, limit and unit, and since when', () => {
    const [raised] = device('gas').reads(20, { gas_lel: 12.5 }, 8)
    expect(raised).toEqual({
      type: 'raised',
      reason: 'threshold',
      sampleTs: EPOCH + 8_000,
      by: null,
      comment: null,
      alarm: {
        id: 'd7-1',
        deviceId: 'dev-1',
        kind: 'gas',
        category: 'gas',
        ruleId: 'gas.gas_lel',
        ruleVersion: 1,
        signal: 'gas_lel',
        channel: '',
        level: 'warn',
        priority: 2,
        condition: 'active',
        ack: null,
        suppression: null,
        mode: 'normal',
        latched: true,
        title: { zh: '燃气低限报警', en: 'Gas low-limit alarm' },
        value: 12.5,
        limit: 10,
        unit: '%LEL',
        reason: 'threshold',
        occurrences: 1,
        raisedAt: EPOCH + 8_000,
        clearedAt: null,
        updatedAt: EPOCH + 20_000,
        closedAt: null,
        verdict: null,
      },
    })
  })

  it('has the words of its level, and of a power cut', () => {
    const gas = device('gas')
    gas.reads(0, { gas_lel: 12 })
    expect(gas.reads(1, { gas_lel: 26 })[0]?.alarm.title.zh).toBe('燃气高限报警')
    expect(device('gas').take(240, { type: 'tick' })[0]?.alarm.title.zh).toBe('失联')

    const cut = device('gas')
    expect(cut.says(0, 'mains_lost')[0]?.alarm.title).toEqual({ zh: '停电', en: 'Power cut' })
    const [risen] = cut.take(700, { type: 'tick' })
    expect([risen?.type, risen?.alarm.priority, risen?.alarm.title.zh]).toEqual(['level_changed', 3, '停电'])
  })

  it('was raised when the delay ran out in sample time, whether a sample or a timer found out', () => {
    const bySample = device('electricity')
    bySample.reads(100, { residual_current: 350 }, 60)
    expect(bySample.reads(101, { residual_current: 350 }, 90)[0]?.alarm.raisedAt).toBe(EPOCH + 65_000)
    const byTimer = device('electricity')
    byTimer.reads(100, { residual_current: 350 }, 60)
    const [raised] = byTimer.take(105, { type: 'tick' })
    expect([raised?.sampleTs, raised?.alarm.raisedAt]).toEqual([null, EPOCH + 65_000])
  })

  it('keeps who took it, when and why', () => {
    const gas = device('gas')
    gas.reads(0, { gas_lel: 30 })
    const by = { id: 'u1', name: '值班员' }
    const act = {
      name: 'ack',
      level: 'county',
      alarmId: 'd7-1',
      seq: 1,
      by,
      reason: 'dispatched',
      comment: '已派人',
    } as const
    const [told] = gas.take(60, { type: 'act', act })
    expect([told?.by, told?.comment]).toEqual([by, '已派人'])
    expect(told?.alarm.ack).toEqual({ by, at: EPOCH + 60_000, reason: 'dispatched', comment: '已派人' })
  })

  it('a flag has the value that the device sent with it, if it did, and no limit', () => {
    expect(device('gas').says(0, 'gas_high', { value: 31 })[0]?.alarm).toMatchObject({ value: 31, limit: null })
    expect(device('gas').says(0, 'gas_high', { value: '31' })[0]?.alarm).toMatchObject({ value: null, limit: null })
  })
})

describe('versions of rules', () => {
  it('a new version decides from the next sample on; the alarm keeps the one that raised it', () => {
    const rules = rulesFor('charger')
    const charger = device('charger', {}, rules)
    charger.reads(0, { session_seconds: 9 * 3600 })
    const stricter = rules.map((rule) => ({ ...rule, version: 2 }))
    charger.setRules(stricter)
    const [risen] = charger.reads(60, { session_seconds: 11 * 3600 })
    expect([risen?.type, risen?.alarm.ruleVersion]).toEqual(['level_changed', 1])
    charger.reads(120, { session_seconds: 0 })
    const by = { id: 'u1', name: '值班员' }
    charger.take(130, {
      type: 'act',
      act: { name: 'ack', level: 'county', alarmId: 'd7-1', seq: 1, by, reason: null, comment: null },
    })
    expect(openAlarms(charger.state())).toEqual([])
    expect(charger.reads(180, { session_seconds: 9 * 3600 })[0]?.alarm.ruleVersion).toBe(2)
  })

  it('a level that a new version dropped holds until the next sample, which is judged without it', () => {
    const rules = rulesFor('charger')
    const charger = device('charger', {}, rules)
    charger.reads(0, { session_seconds: 11 * 3600 })
    charger.setRules(
      rules.map((rule) =>
        rule.type === 'threshold' && rule.id === 'charger.session_seconds'
          ? { ...rule, version: 2, variants: rule.variants.map((v) => ({ ...v, levels: v.levels.slice(0, 1) })) }
          : rule,
      ),
    )
    expect(charger.take(10, { type: 'tick' })).toEqual([])
    const [eased] = charger.reads(60, { session_seconds: 11 * 3600 + 60 })
    expect([eased?.type, eased?.alarm.level]).toEqual(['level_changed', 'warn'])
  })

  it('an alarm whose rule is withdrawn is frozen at once and may be closed on site', () => {
    const gas = device('gas')
    gas.reads(0, { gas_lel: 30 })
    gas.setRules([])
    expect(gas.deadline()).toBe(0)
    expect(gas.take(1, { type: 'tick' }).map((t) => [t.type, t.reason])).toEqual([['frozen', 'human']])
    expect(gas.deadline()).toBeNull()
    const act = {
      name: 'field_verified',
      alarmId: 'd7-1',
      seq: 1,
      by: { id: 'u1', name: '值班员' },
      reason: '已看',
      comment: null,
    }
    expect(gas.take(2, { type: 'act', act } as Input).map((t) => [t.type, t.comment])).toEqual([['closed', '已看']])
  })
})

describe('an ordinary reading', () => {
  it('keeps time, dot and order, and shares the rest of the state', () => {
    const gas = device('gas')
    gas.take(0, { type: 'connection', connected: false })
    const before = gas.state()
    expect(gas.reads(30, { gas_lel: 2, battery: 90, constructor: 1 } as Record<string, number>)).toEqual([])
    const after = gas.state()
    expect(isOnline(before)).toBe(false)
    expect(isOnline(after)).toBe(true)
    expect(after.newest).toEqual({ gas_lel: EPOCH + 30_000, battery: EPOCH + 30_000 })
    expect([after.heardAt, after.receivedAt, after.position]).toEqual([EPOCH + 30_000, EPOCH + 30_000, 1])
    expect(after.tracks).toBe(before.tracks)
  })

  it('leads to the same state as when it is taken apart with care', () => {
    const quick = device('gas')
    const careful = device('gas')
    quick.reads(30, { gas_lel: 2 })
    const input = {
      type: 'reading',
      position: 1,
      ts: EPOCH + 30_000,
      receivedAt: EPOCH + 30_000,
      quality: 'device',
    } as const
    // A bad metric that no rule reads makes the reading extraordinary, and changes nothing.
    careful.take(30, { ...input, values: { gas_lel: 2 }, badMetrics: ['rssi'] })
    expect(careful.state()).toEqual(quick.state())
  })
})

describe('what slips past the door is not believed', () => {
  it('G4: a value that is no number freezes like any bad one, and never clears', () => {
    const gas = device('gas')
    gas.reads(0, { gas_lel: 30 })
    expect(gas.reads(60, { gas_lel: Number.NaN }).map((t) => t.type)).toEqual(['frozen'])
    expect(openAlarms(gas.state()).map((a) => a.condition)).toEqual(['frozen'])
  })
})

describe('the interval', () => {
  it('is learned upwards only, follows a steady device and shrugs at one outage', () => {
    const steady = Array<number>(12)
      .fill(300)
      .reduce<number | null>((known, gap) => learn(known, 60, gap), null)
    expect(steady).toBe(300)
    expect(learn(steady, 60, 86_400)).toBe(375)
    expect(learn(learn(steady, 60, 86_400), 60, 300)).toBe(300)
    expect(learn(null, 60, 5)).toBeNull()
    expect(learn(steady, 60, 0), 'a message with many samples').toBe(300)
    expect(learn(70, 60, 5)).toBeNull()
  })

  it('is learned from ordinary readings, unless the device states it', () => {
    const [silent, stated] = [device('electricity'), device('electricity', { reportEverySeconds: 100 })]
    for (let i = 0; i < 10; i++) for (const meter of [silent, stated]) meter.reads(i * 100, { power: 1 })
    expect([silent.state().interval, stated.state().interval]).toEqual([100, null])
  })

  it('as stated by the device outranks what was learned', () => {
    const stated = device('gas', { reportEverySeconds: 20 })
    expect(reportInterval(stated.compiled(), { interval: 300 })).toBe(20)
    expect(reportInterval(device('gas').compiled(), { interval: 300 })).toBe(300)
    expect(reportInterval(device('smoke').compiled(), { interval: null })).toBe(86_400)
  })
})

describe('the state', () => {
  it('of another format, or no state at all, is refused with a word', () => {
    expect(() => parseState('{"format":2}')).toThrow(StateFormatError)
    expect(() => parseState('[]')).toThrow(StateFormatError)
    expect(() => parseState('null')).toThrow(StateFormatError)
    expect(() => parseState('{"format":')).toThrow(StateFormatError)
  })

  it('stays small whatever a device says', () => {
    const gas = device('gas')
    for (let i = 0; i < 3000; i++) {
      gas.says(i, i % 2 ? 'fault' : 'fault_cleared', { part: `part${i}`, channel: `c${i}` })
      gas.says(i, 'setting_changed', { by: 'local' })
      gas.reads(i, { gas_lel: i % 7 === 0 ? 30 : 1, [`metric${i}`]: 1 })
    }
    expect(JSON.stringify(gas.state()).length).toBeLessThan(10_000)
  })

  it('remembers many momentary events, and takes what is older than all of them as known', () => {
    const meter = device('electricity')
    for (let i = 0; i < 40; i++) meter.says(i * 2, 'arc_fault')
    const again = (at: number) =>
      meter.take(100, {
        ...{ position: 99, receivedAt: EPOCH, quality: 'device' as const },
        type: 'event',
        name: 'arc_fault',
        data: {},
        ts: EPOCH + at * 1000,
      })
    const by = { id: 'u1', name: '值班员' }
    meter.take(90, {
      type: 'act',
      act: { name: 'ack', level: 'county', alarmId: 'd7-1', seq: 1, by, reason: null, comment: null },
    })
    expect([again(0), again(16), again(78)]).toEqual([[], [], []])
    expect(again(79).map((t) => [t.type, t.reason])).toEqual([
      ['re_raised', 'repeated'],
      ['returned', 'momentary'],
    ])
  })

  it('knows how many alarms there were: an act on a closed one is told from one on nobody’s', () => {
    const gas = device('gas')
    gas.reads(0, { gas_lel: 30 })
    gas.take(1, { type: 'lifecycle', to: 'retired' })
    const refusal = (alarmId: string) => {
      const act = {
        name: 'ack',
        level: 'county',
        alarmId,
        seq: 1,
        by: { id: 'u1', name: '值班员' },
        reason: null,
        comment: null,
      } as const
      return decide(gas.compiled(), gas.state(), { type: 'act', act }, EPOCH).refusal
    }
    expect(['d7-1', 'd7-2', 'd8-1', 'd7-0', 'd7-01', '', 'd7-1 '].map(refusal)).toEqual([
      'closed',
      ...Array<string>(6).fill('not_found'),
    ])
  })
})
