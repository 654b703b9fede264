// An oracle that cannot fail proves nothing: each is given histories that are broken in one way, and must name that way.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { Alarm } from '../../../contract/alarms.ts'
import { MAX_REPLAY } from '../../../contract/feed.ts'
import type { AlarmEvent } from '../../../contract/feed.ts'
import type { TakenSnapshot } from '../../support/api.ts'
import { account, FAULTLESS as TOLD_ALL } from '../screen-account.ts'
import { judgeActs } from './officer.ts'
import { countFaults, judgeHistory, NO_FAULTS, stepsOwed } from './owed.ts'
import type { Sample, Step } from './owed.ts'
import { timeOutside } from './outages.ts'
import { isLoud } from './schedule.ts'
import { judgeStore } from './stored.ts'

const samples: readonly Sample[] = [false, true, true, false, false, true, false].map((loud, i) => ({
  ts: 1_000 + i,
  loud,
}))
const STEPS = stepsOwed(samples)

/** A ledger as the hub would have written it. */
function ledgerOf(steps: readonly (Step & { readonly deviceId: string })[]): CommittedTransition[] {
  const alarms = new Map<string, number>()
  return steps.map(({ deviceId, type, sampleTs }, index) => {
    const raises = (alarms.get(deviceId) ?? 0) + (type === 'raised' ? 1 : 0)
    alarms.set(deviceId, raises)
    const seq = index + 1
    const alarm = { id: `${deviceId}/${raises}`, seq, deviceId } as Alarm
    const transition = {
      seq,
      at: sampleTs,
      sampleTs,
      type,
      reason: 'threshold',
      by: null,
      comment: null,
      alarm,
    } as const
    return { transition, receivedAt: sampleTs, siteId: null, areaIds: [] }
  })
}
const of = (deviceId: string) => STEPS.map((step) => ({ deviceId, ...step }))
/** Two devices, interleaved as they come. */
const FAULTLESS = of('a').flatMap((step, index) => [step, { ...(of('b')[index] as Step), deviceId: 'b' }])
const OWED = new Map([
  ['a', STEPS],
  ['b', STEPS],
])

describe('what is owed for a device’s samples', () => {
  it('is a raise with the first sample over the limit, and a return and a close with the first within it', () => {
    expect(STEPS).toEqual([
      { type: 'raised', sampleTs: 1_001 },
      { type: 'returned', sampleTs: 1_003 },
      { type: 'closed', sampleTs: 1_003 },
      { type: 'raised', sampleTs: 1_005 },
      { type: 'returned', sampleTs: 1_006 },
      { type: 'closed', sampleTs: 1_006 },
    ])
    expect(stepsOwed([])).toEqual([])
    expect(stepsOwed([{ ts: 1, loud: true }])).toEqual([{ type: 'raised', sampleTs: 1 }])
  })

  it('comes from a schedule in which every device begins within its limit and is over it in every round', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (device, quiet, loud) => {
          const said = Array.from({ length: 5 * (quiet + loud) }, (_, n) => isLoud(device, n, { quiet, loud }))
          expect(said[0]).toBe(false)
          const second = said.slice(quiet + loud, 2 * (quiet + loud))
          expect(second.filter(Boolean)).toHaveLength(loud)
        },
      ),
    )
  })
})

describe('the oracle of the ledger', () => {
  const judge = (steps: readonly (Step & { deviceId: string })[]) => judgeHistory(OWED, ledgerOf(steps))

  it('finds nothing in a faultless history', () => {
    expect(judge(FAULTLESS)).toEqual(NO_FAULTS)
  })

  it('finds every single step that is left out', () => {
    for (let left = 0; left < FAULTLESS.length; left++) {
      const { lost, gaps } = judge(FAULTLESS.filter((_, index) => index !== left))
      const { deviceId, type, sampleTs } = FAULTLESS[left] as (typeof FAULTLESS)[number]
      expect(lost).toEqual([`${deviceId} ${type} ${sampleTs}`])
      expect(gaps).toEqual([])
    }
  })

  it('finds every single step that stands twice, at once or much later', () => {
    for (const step of FAULTLESS)
      for (const at of [FAULTLESS.indexOf(step), FAULTLESS.length]) {
        const { doubled } = judge(FAULTLESS.toSpliced(at, 0, step))
        expect(doubled).toEqual([`${step.deviceId} ${step.type} ${step.sampleTs}`])
      }
  })

  it('finds steps that nothing caused', () => {
    expect(judge([...FAULTLESS, { deviceId: 'a', type: 'raised', sampleTs: 999 }]).invented).toEqual(['a raised 999'])
    expect(judge([...FAULTLESS, { deviceId: 'b', type: 'frozen', sampleTs: 1_006 }]).invented).toEqual([
      'b frozen 1006',
    ])
  })

  it('finds any two steps of one device in the wrong order, and lets devices overtake each other', () => {
    for (let first = 0; first + 2 < FAULTLESS.length; first++) {
      const swapped = FAULTLESS.slice()
      swapped[first] = FAULTLESS[first + 2] as (typeof FAULTLESS)[number]
      swapped[first + 2] = FAULTLESS[first] as (typeof FAULTLESS)[number]
      expect(judge(swapped).outOfOrder.length).toBeGreaterThan(0)
    }
    expect(judge([...of('b'), ...of('a')])).toEqual(NO_FAULTS)
  })

  it('finds a gap and a repetition in the sequence', () => {
    const ledger = ledgerOf(FAULTLESS)
    const renumbered = (change: (seq: number) => number) =>
      ledger.map(({ transition, ...rest }) => ({ ...rest, transition: { ...transition, seq: change(transition.seq) } }))
    expect(
      judgeHistory(
        OWED,
        renumbered((seq) => (seq > 4 ? seq + 1 : seq)),
      ).gaps,
    ).toEqual([6])
    expect(
      judgeHistory(
        OWED,
        renumbered((seq) => (seq > 4 ? seq - 1 : seq)),
      ).gaps,
    ).toEqual([4])
    expect(
      judgeHistory(
        OWED,
        renumbered((seq) => seq + 1),
      ).gaps,
    ).toEqual([2])
  })

  it('finds alarms whose steps are mixed up', () => {
    const ledger = ledgerOf(FAULTLESS)
    const [raised] = ledger
    const second = ledger.map((one) =>
      one.transition.alarm.id === 'a/2'
        ? { ...one, transition: { ...one.transition, alarm: { ...one.transition.alarm, id: 'a/1' } } }
        : one,
    )
    expect(raised?.transition.alarm.id).toBe('a/1')
    expect(judgeHistory(OWED, second).mixedUp).toEqual(['a raised 1005'])
  })

  it('counts a device that is not in the ledger at all as wholly lost', () => {
    const faults = judge(of('a'))
    expect(faults.lost).toHaveLength(STEPS.length)
    expect(countFaults(faults)).toBe(STEPS.length)
  })
})

describe('the oracle of acts', () => {
  const taken = [{ deviceId: 'a', ts: 1, acknowledged: true, answered: true }]
  const step = (type: Step['type']) => ({ deviceId: 'a', type, sampleTs: 1 })
  const [raised, acknowledged] = [step('raised'), step('acknowledged')]
  const judge = (steps: readonly (Step & { deviceId: string })[]) => judgeActs(taken, ledgerOf(steps))
  const NONE = { lostAlarms: [], doubledAlarms: [], lostActs: [], doubledActs: [] }

  it('asks for what was answered, and for nothing more', () => {
    expect(judge([raised, acknowledged])).toEqual(NONE)
    expect(judgeActs([{ deviceId: 'a', ts: 1, acknowledged: false, answered: false }], [])).toEqual(NONE)
  })

  it('finds an alarm and an act that are lost or stand twice', () => {
    expect(judge([acknowledged])).toEqual({ ...NONE, lostAlarms: ['a'] })
    expect(judge([raised])).toEqual({ ...NONE, lostActs: ['a'] })
    expect(judge([raised, raised, acknowledged])).toEqual({ ...NONE, doubledAlarms: ['a'] })
    expect(judge([raised, acknowledged, acknowledged])).toEqual({ ...NONE, doubledActs: ['a'] })
  })
})

describe('the account of a screen', () => {
  /** Every third alarm stays open. */
  const ledger = Array.from({ length: MAX_REPLAY + 2_000 }, (_, index): CommittedTransition => {
    const seq = index + 1
    const pair = Math.ceil(seq / 2)
    const closes = seq % 2 === 0 && pair % 3 !== 0
    const alarm = { id: `${pair}`, seq, deviceId: 'a', closedAt: closes ? seq : null } as Alarm
    const transition = { seq, type: closes ? 'closed' : 'raised', alarm } as CommittedTransition['transition']
    return { transition, receivedAt: null, siteId: null, areaIds: [] }
  })
  const events = ledger.map(({ transition }) => transition as unknown as AlarmEvent)
  const openAt = (head: number): Alarm[] => {
    const open = new Map<string, Alarm>()
    for (const { alarm } of events.slice(0, head))
      if (alarm.closedAt === null) open.set(alarm.id, alarm)
      else open.delete(alarm.id)
    return [...open.values()]
  }
  /** What a screen holds that was told all but what lies between, and had the snapshot for that. */
  const away = (cursor: number, head: number, alarms = openAt(head)) => {
    const snapshots: TakenSnapshot[] = [{ cursor, head, alarms }]
    return account({ seen: [...events.slice(0, cursor), ...events.slice(head)], gaps: [], snapshots }, ledger)
  }

  it('finds nothing where all was told', () => {
    expect(account({ seen: events, gaps: [], snapshots: [] }, ledger)).toEqual(TOLD_ALL)
  })

  it('takes a snapshot for what is more than a replay, and for nothing less', () => {
    expect(away(1_000, 1_001 + MAX_REPLAY)).toEqual({ ...TOLD_ALL, snapshots: 1 })
    expect(away(1_000, 1_000 + MAX_REPLAY).missed).toHaveLength(MAX_REPLAY)
  })

  it('finds what is missing beside the snapshot', () => {
    const [cursor, head] = [1_000, 1_001 + MAX_REPLAY]
    const seen = [...events.slice(0, cursor - 1), ...events.slice(head + 1)]
    const { missed } = account({ seen, gaps: [], snapshots: [{ cursor, head, alarms: openAt(head) }] }, ledger)
    expect(missed).toEqual([cursor, head + 1])
  })

  it('finds an alarm that a snapshot leaves out, one that is over, and one of an earlier state', () => {
    const head = 1_001 + MAX_REPLAY
    const good = openAt(head)
    const over = events.find(({ alarm }) => alarm.closedAt !== null)?.alarm as Alarm
    const earlier = good.map((alarm, index) => (index === 7 ? { ...alarm, seq: alarm.seq - 1 } : alarm))
    for (const alarms of [good.slice(1), [...good, over], [...good.slice(1), over], earlier])
      expect(away(1_000, head, alarms).wrongSnapshots).toEqual([head])
  })
})

describe('the oracle of the store', () => {
  const sent = new Map([['a', [1, 2, 3, 4]]])
  const acknowledged = new Map([['a', [1, 2, 3]]])
  const judge = (m: readonly number[], n: readonly number[]) =>
    judgeStore(['m', 'n'], acknowledged, sent, new Map([['a', new Map([['m', m] as const, ['n', n] as const])]]))

  it('takes what was acknowledged once, and what was only sent or not', () => {
    expect(judge([1, 2, 3], [3, 2, 1])).toEqual({ missing: [], doubled: [], invented: [] })
    expect(judge([1, 2, 3, 4], [1, 2, 3])).toEqual({ missing: [], doubled: [], invented: [] })
  })

  it('finds a metric that is missing, one that stands twice, and one that was never sent', () => {
    expect(judge([1, 3], [1, 2, 3]).missing).toEqual(['a m 2'])
    expect(judge([1, 2, 3], [1, 2, 3, 2]).doubled).toEqual(['a n 2'])
    expect(judge([1, 2, 3, 5], [1, 2, 3]).invented).toEqual(['a m 5'])
    expect(judgeStore(['m'], acknowledged, sent, new Map()).missing).toEqual(['a m 1', 'a m 2', 'a m 3'])
  })
})

describe('time outside of outages', () => {
  it('leaves out what is broken, also where outages overlap', () => {
    expect(timeOutside([], 10, 30)).toBe(20)
    expect(timeOutside([{ from: 12, to: 15 }], 10, 30)).toBe(17)
    expect(
      timeOutside(
        [
          { from: 5, to: 15 },
          { from: 25, to: 99 },
        ],
        10,
        30,
      ),
    ).toBe(10)
    expect(
      timeOutside(
        [
          { from: 14, to: 18 },
          { from: 12, to: 16 },
          { from: 13, to: 14 },
        ],
        10,
        30,
      ),
    ).toBe(14)
    expect(timeOutside([{ from: 40, to: 50 }], 10, 30)).toBe(20)
  })

  it('is never more than all of it nor less than nothing', () => {
    const instant = fc.integer({ min: 0, max: 100 })
    fc.assert(
      fc.property(fc.array(fc.tuple(instant, instant)), instant, instant, (pairs, a, b) => {
        const outages = pairs.map(([x, y]) => ({ from: Math.min(x, y), to: Math.max(x, y) }))
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const broken = Array.from({ length: to - from }, (_, i) => from + i).filter((at) =>
          outages.some((outage) => outage.from <= at && at < outage.to),
        )
        expect(timeOutside(outages, from, to)).toBe(to - from - broken.length)
      }),
    )
  })
})
