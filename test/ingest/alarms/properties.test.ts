// What holds for every life of every device.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alarmSchema } from '../../../contract/alarms.ts'
import { KINDS } from '../../../contract/kinds/table.ts'
import type { Kind } from '../../../contract/kinds/kind.ts'
import { decide, nextDeadline } from '../../../ingest/alarms/engine.ts'
import { isSilent } from '../../../ingest/alarms/silence.ts'
import { openAlarms, parseState } from '../../../ingest/alarms/state.ts'
import type { EngineTransition, Input } from '../../../ingest/alarms/types.ts'
import { Life, worlds } from './worlds.ts'

const RUNS = { numRuns: 150 }
const engineAlarmSchema = alarmSchema.omit({ seq: true, deviceName: true, siteId: true, place: true })

/** Follows each alarm from its first transition to its last. */
function expectLawful(transitions: readonly EngineTransition[]): void {
  const lives = Map.groupBy(transitions, (t) => t.alarm.id)
  for (const life of lives.values()) {
    expect(life[0]?.type).toBe('raised')
    for (const [i, { type, reason, alarm }] of life.entries()) {
      const before = life[i - 1]?.alarm
      expect(engineAlarmSchema.safeParse(alarm).error).toBeUndefined()
      expect(alarm.reason).toBe(reason)
      expect(alarm.closedAt !== null).toBe(type === 'closed')
      if (!before) continue
      expect(before.closedAt, 'nothing follows the end').toBeNull()
      expect([alarm.ruleId, alarm.ruleVersion, alarm.channel, alarm.raisedAt]).toEqual([
        before.ruleId,
        before.ruleVersion,
        before.channel,
        before.raisedAt,
      ])
      expect(alarm.occurrences - before.occurrences).toBe(type === 're_raised' ? 1 : 0)
      if (type === 'raised') expect.unreachable('an alarm is raised once')
      if (type === 'returned' || type === 'frozen') expect(before.condition).toBe('active')
      if (type === 'unfrozen') expect(before.condition).toBe('frozen')
      if (type === 're_raised') expect(['normal', 'latched']).toContain(before.condition)
      if (type === 'reset')
        expect([before.condition, before.ack !== null || before.priority === 4]).toEqual(['latched', true])
      if (type === 'level_changed') expect([alarm.level, alarm.priority]).not.toEqual([before.level, before.priority])
      // Each level of desk takes it once, and for itself alone.
      if (type === 'acknowledged') {
        const [own, other] =
          reason === 'town_acknowledged' ? (['townAck', 'ack'] as const) : (['ack', 'townAck'] as const)
        expect([before[own] ?? null, alarm[own] != null, alarm[other]]).toEqual([null, true, before[other]])
      }
      if (type === 'closed') expect(alarm.condition).toBe('normal')
      // What was found out holds until there is something new to look at.
      if (alarm.verdict !== before.verdict) expect(['verdict', 're_raised', 'level_changed']).toContain(type)
    }
  }
}

describe('for every life of every device', () => {
  it('the engine never throws, leaves its arguments alone, and no sequence of transitions breaks the table', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort()
    fc.assert(
      fc.property(worlds({ maxLength: 60, waits: 100_000 }), ({ device, turns }) => {
        // States are deep-frozen and pass through JSON: a write to them, or a loss, would fail here.
        expectLawful(new Life(device).live(turns).transitions)
      }),
      RUNS,
    )
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before)
  })

  it('the same inputs give the same transitions with the same ids', () => {
    fc.assert(
      fc.property(worlds(), ({ device, turns }) => {
        const once = new Life(device).live(turns)
        const again = new Life(device).live(turns)
        expect(again.transitions).toEqual(once.transitions)
        expect(again.state).toEqual(once.state)
      }),
      RUNS,
    )
  })

  it('a message that comes twice tells nothing the second time', () => {
    fc.assert(
      fc.property(worlds(), ({ device, turns }) => {
        const life = new Life(device)
        for (const turn of turns) {
          life.turn({ after: turn.after, move: { move: 'input', input: { type: 'tick' } } })
          if (turn.move.move !== 'input' || !('position' in turn.move.input)) {
            life.turn({ after: 0, move: turn.move })
            continue
          }
          const input = life.told(turn.move.input)
          life.decide(input)
          expect(life.decide({ ...input, position: ++life.position } as Input)).toEqual([])
        }
      }),
      RUNS,
    )
  })

  it('a message that comes again later tells nothing either, but that its device is there', () => {
    fc.assert(
      fc.property(worlds(), fc.array(fc.nat(), { maxLength: 5 }), ({ device, turns }, picks) => {
        const life = new Life(device)
        const heard: Input[] = []
        for (const { after, move } of turns) {
          life.now += after
          if (move.move !== 'input' || !('position' in move.input)) {
            life.turn({ after: 0, move })
            continue
          }
          const input = life.told(move.input)
          heard.push(input)
          life.decide(input)
        }
        life.decide({ type: 'tick' })
        for (const pick of picks) {
          const again = heard[pick % Math.max(heard.length, 1)]
          if (!again) return
          const told = life.decide({ ...again, position: ++life.position } as Input)
          // It ends a silence; a return that waited through the silence waits on.
          const isAbout = ({ type, alarm }: EngineTransition) => alarm.ruleId !== 'device.silent' && type !== 'unfrozen'
          expect(told.filter(isAbout)).toEqual([])
        }
      }),
      RUNS,
    )
  })

  it('a deadline is due once: a tick at it moves it on, an early tick changes nothing', () => {
    fc.assert(
      fc.property(worlds(), ({ device, turns }) => {
        const life = new Life(device).live(turns)
        life.decide({ type: 'tick' })
        for (let i = 0; i < 20; i++) {
          const due = nextDeadline(life.rules, life.state)
          if (due === null) return
          expect(due).toBeGreaterThan(life.now)
          life.now = due - 1
          expect(life.decide({ type: 'tick' })).toEqual([])
          life.now = due
          life.decide({ type: 'tick' })
        }
      }),
      RUNS,
    )
  })

  it('G4: no alarm of a silent device returns or closes by itself', () => {
    fc.assert(
      fc.property(worlds({ waits: 100 }), ({ device, turns }) => {
        const life = new Life(device).live(turns)
        const isMeasured = (ruleId: string) => ['threshold', 'event'].includes(life.rules.byId.get(ruleId)?.type ?? '')
        const silent = () => isSilent(life.rules, life.state.tracks)
        for (let i = 0; i < 50; i++) {
          const due = nextDeadline(life.rules, life.state)
          if (due === null) break
          life.now = Math.max(due, life.now)
          const wasSilent = silent()
          const ended = life
            .decide({ type: 'tick' })
            .filter((t) => isMeasured(t.alarm.ruleId) && (t.type === 'returned' || t.type === 'closed'))
          if (wasSilent) expect(ended).toEqual([])
        }
        for (const alarm of openAlarms(life.state)) {
          if (silent() && isMeasured(alarm.ruleId)) expect(alarm.condition).not.toBe('active')
        }
      }),
      RUNS,
    )
  })

  it('every alarm that was raised can reach its end by good evidence and human acts', () => {
    fc.assert(
      fc.property(worlds(), ({ device, turns }) => {
        const life = new Life(device).live(turns)
        recover(life, KINDS[device.kind])
        expect(openAlarms(life.state)).toEqual([])
      }),
      RUNS,
    )
  })

  it('a state that passed through JSON decides as before', () => {
    fc.assert(
      fc.property(worlds(), ({ device, turns }) => {
        const { state, rules, now } = new Life(device).live(turns)
        const tick: Input = { type: 'tick' }
        expect(decide(rules, parseState(JSON.stringify(state)), tick, now + 1e6)).toEqual(
          decide(rules, state, tick, now + 1e6),
        )
      }),
      RUNS,
    )
  })
})

/** The device reports that all is well, for a day if need be, and people do what is theirs. */
function recover(life: Life, kind: Kind): void {
  const values = Object.fromEntries(kind.metrics.map((m) => [m.name, GOOD[m.name] ?? 0]))
  const say = (
    said: { type: 'reading'; values: Record<string, number> } | { type: 'event'; name: string; data: object },
  ) => life.decide(life.told({ position: 0, ts: 0, receivedAt: 0, quality: 'device', ...said } as Input))
  // Past anything that was measured ahead of time.
  life.now += 600_000
  for (const ruleId of ['hub.disk', 'hub.store']) {
    life.decide({ type: 'hub', ruleId, channel: '', active: false, value: null })
  }
  const returns = kind.events.filter((event) => event.role === 'return')
  for (let minute = 0; minute < 26 * 60 && openAlarms(life.state).length > 0; minute++) {
    say({ type: 'reading', values })
    if (minute === 0) {
      for (const { name } of returns)
        for (const channel of ['', 'a', 'b', 'n']) say({ type: 'event', name, data: { channel } })
      say({ type: 'event', name: 'self_test', data: { ok: true } })
    }
    for (const { id } of openAlarms(life.state)) {
      for (const name of ['field_verified', 'ack', 'reset'] as const) {
        const by = { id: 'u1', name: '值班员' }
        const answer = { alarmId: id, seq: null, by, reason: null, comment: null }
        life.decide({ type: 'act', act: name === 'ack' ? { ...answer, name, level: 'county' } : { ...answer, name } })
      }
    }
    life.now += 60_000
    life.decide({ type: 'tick' })
  }
}

/** Where 0 is not a good value. */
const GOOD: Record<string, number> = {
  battery: 100,
  battery_voltage: 3.6,
  voltage_a: 230,
  voltage_b: 230,
  voltage_c: 230,
  water_pressure: 1,
}
