// Arcs and smoke at one site, delivered in any order, some twice, as the network may deliver them.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { corroborate } from '../../../ingest/alarms/corroboration.ts'
import { decide } from '../../../ingest/alarms/engine.ts'
import { initialState, openAlarms, parseState } from '../../../ingest/alarms/state.ts'
import type { EngineTransition, Input } from '../../../ingest/alarms/types.ts'
import { Devices } from '../../../ingest/devices.ts'
import type { Placement, Runtime } from '../../../ingest/devices.ts'
import { SiteWatch } from '../../../ingest/site-watch.ts'
import { EPOCH, profileOf, rulesFor } from '../../stories/story.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import type { RuleKind, VersionedRule } from '../../../contract/rules.ts'

const MINUTE = 60_000
const RUNS = { numRuns: 300 }

/** Minutes since the beginning. */
interface Said {
  readonly who: 'meter' | 'smoke'
  readonly what: 'arc_fault' | 'smoke_alarm' | 'smoke_cleared'
  readonly at: number
}

const at = (siteId: string | null): Placement => ({ deviceName: '', siteId, areaIds: [], place: [] })

class House {
  readonly devices: Devices
  readonly transitions: EngineTransition[] = []
  private watch: SiteWatch
  private position = 0

  constructor(siteId: string | null = 's1') {
    const rules = new Map<RuleKind, VersionedRule[]>()
    this.devices = new Devices((kind) => {
      const known = rules.get(kind as KindName) ?? rulesFor(kind as KindName)
      rules.set(kind as KindName, known)
      return known
    })
    this.add('meter', 'electricity', siteId)
    this.add('smoke', 'smoke', siteId)
    this.watch = new SiteWatch(this.devices)
  }

  add(name: string, kind: KindName, siteId: string | null): void {
    this.devices.put({ ...profileOf(kind), uid: name, deviceId: name }, at(siteId), EPOCH)
  }

  of(name: string): Runtime {
    const runtime = this.devices.get(name)
    if (!runtime) throw new Error(`nobody is called ${name}`)
    return runtime
  }

  hears({ who, what, at }: Said): void {
    const stored = { position: ++this.position, ts: EPOCH + at * MINUTE, receivedAt: EPOCH, quality: 'device' } as const
    this.take(this.of(who), { ...stored, type: 'event', name: what, data: {} })
  }

  take(runtime: Runtime, input: Input): void {
    const { state, transitions } = decide(runtime.rules, runtime.state, input, EPOCH)
    runtime.state = state
    this.transitions.push(...transitions)
    if (input.type === 'corroborated') return
    for (const told of this.watch.after(runtime)) this.take(told.runtime, told.input)
  }

  /** Memory is lost; the ledger has the states, perhaps of some devices older ones. */
  restart(older: Readonly<Record<string, string>> = {}): void {
    this.watch = new SiteWatch(this.devices)
    for (const runtime of this.devices.all())
      runtime.state = parseState(older[runtime.profile.deviceId] ?? JSON.stringify(runtime.state))
    for (const runtime of this.devices.all())
      for (const told of this.watch.after(runtime)) this.take(told.runtime, told.input)
  }

  alarm(name = 'meter') {
    return openAlarms(this.of(name).state)[0]
  }

  /** What is still to be told, if every device is compared with every other. */
  left() {
    const all = [...this.devices.all()]
    return all.flatMap((runtime) => corroborate(runtime, all))
  }
}

const arcs = fc.uniqueArray(fc.nat({ max: 40 }), { minLength: 1, maxLength: 5 })
const smokes = fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 3 })

/** All of it in some order, some of it twice. */
function delivered(said: readonly Said[]): fc.Arbitrary<Said[]> {
  return fc
    .array(fc.constantFrom(...said), { maxLength: 5 })
    .chain((twice) => fc.shuffledSubarray([...said, ...twice], { minLength: said.length + twice.length }))
}

const scenes = (clears: fc.Arbitrary<number[]>) =>
  fc.tuple(arcs, smokes, clears).chain(([arc, smoke, cleared]) => {
    const said: Said[] = [
      ...arc.map((at): Said => ({ who: 'meter', what: 'arc_fault', at })),
      ...smoke.map((at): Said => ({ who: 'smoke', what: 'smoke_alarm', at })),
      ...cleared.map((at): Said => ({ who: 'smoke', what: 'smoke_cleared', at: at + 0.5 })),
    ]
    return delivered(said).map((order) => ({ arc, smoke, order }))
  })

/** Three in ten minutes. */
const repeated = (arc: readonly number[]): boolean => {
  const times = [...arc].sort((a, b) => a - b)
  return times.some((from, i) => (times[i + 2] ?? Infinity) - from <= 10)
}

describe('an arc and what stands at its site', () => {
  it('smoke that nobody cleared: the level depends on the times alone, not on the order of arrival', () => {
    fc.assert(
      fc.property(scenes(fc.constant([])), ({ arc, smoke, order }) => {
        const house = new House()
        for (const said of order) house.hears(said)
        const together = smoke.length > 0 && arc.some((at) => at >= Math.min(...smoke) - 5)
        expect(house.alarm()?.priority).toBe(together || repeated(arc) ? 1 : 2)
      }),
      RUNS,
    )
  })

  it('an arc within five minutes of a smoke alarm is urgent in every order, also if the smoke was cleared', () => {
    fc.assert(
      fc.property(scenes(smokes), ({ arc, smoke, order }) => {
        const house = new House()
        for (const said of order) house.hears(said)
        if (arc.some((a) => smoke.some((s) => Math.abs(a - s) <= 5))) expect(house.alarm()?.priority).toBe(1)
      }),
      RUNS,
    )
  })

  it('nothing is left to tell after a decision, nothing is told twice, and no second alarm is made', () => {
    fc.assert(
      fc.property(scenes(smokes), ({ order }) => {
        const house = new House()
        for (const said of order) {
          house.hears(said)
          expect(house.left()).toEqual([])
        }
        const told = house.transitions.length
        house.restart()
        expect(house.transitions.length).toBe(told)
        expect(house.transitions.filter((t) => t.reason === 'corroboration').length).toBeLessThanOrEqual(1)
        expect(new Set(house.transitions.map((t) => t.alarm.id)).size).toBeLessThanOrEqual(2)
      }),
      RUNS,
    )
  })

  it('G2: killed between the transactions of the two devices, the restart tells what is missing, whichever is missing', () => {
    for (const [first, second] of [
      [
        { who: 'meter', what: 'arc_fault', at: 0 },
        { who: 'smoke', what: 'smoke_alarm', at: 1 },
      ],
      [
        { who: 'smoke', what: 'smoke_alarm', at: 0 },
        { who: 'meter', what: 'arc_fault', at: 1 },
      ],
    ] as const) {
      const house = new House()
      house.hears(first)
      const before = JSON.stringify(house.of('meter').state)
      house.hears(second)
      expect(house.alarm()?.priority).toBe(1)
      // The smoke's transaction was taken, the meter's was not.
      house.restart({ meter: before })
      if (second.who === 'meter') house.hears(second)
      const alarm = house.alarm()
      expect([alarm?.priority, alarm?.reason, alarm?.latched]).toEqual([1, 'corroboration', true])
    }
  })

  it('a device at another site, or without one, is no witness; one that moves away is none any more', () => {
    const smoke: Said = { who: 'smoke', what: 'smoke_alarm', at: 0 }
    const arc: Said = { who: 'meter', what: 'arc_fault', at: 1 }
    const apart = new House(null)
    apart.hears(arc)
    apart.hears(smoke)
    expect(apart.alarm()?.priority).toBe(2)

    const moved = new House()
    moved.hears(arc)
    moved.add('smoke', 'smoke', 's2')
    moved.hears(smoke)
    expect(moved.alarm()?.priority).toBe(2)
    moved.add('meter', 'electricity', 's2')
    moved.take(moved.of('meter'), { type: 'tick' })
    expect(moved.alarm()?.priority).toBe(1)
  })

  it('a device that was deleted is told nothing', () => {
    const house = new House()
    house.hears({ who: 'meter', what: 'arc_fault', at: 0 })
    const gone = house.of('meter')
    house.devices.remove('meter')
    house.hears({ who: 'smoke', what: 'smoke_alarm', at: 1 })
    expect(openAlarms(gone.state)[0]?.priority).toBe(2)
    expect([...house.devices.neighbours(house.of('smoke'))]).toEqual([house.of('smoke')])
  })

  it('is decided by the state alone: an input for an alarm that is closed, worse or nobody’s changes nothing', () => {
    const house = new House()
    const meter = house.of('meter')
    const input = { type: 'corroborated', ruleId: 'electricity.arc_fault', channel: '', at: EPOCH } as const
    const none = decide(meter.rules, initialState(meter.profile, EPOCH), input, EPOCH)
    expect(none.transitions).toEqual([])
    house.hears({ who: 'meter', what: 'arc_fault', at: 0 })
    house.take(meter, input)
    house.take(meter, input)
    house.take(meter, { ...input, ruleId: 'constructor' })
    expect(house.transitions.map((t) => t.type)).toEqual(['raised', 'returned', 'level_changed'])
  })
})
