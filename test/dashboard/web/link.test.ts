// G3 on the page: what the link machine claims, and that what it shows is the ledger's own fold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import type { AlarmEvent, ResumeReply } from '../../../contract/feed.ts'
import { DEAD_AFTER_SECONDS, FEED_PROTOCOL } from '../../../contract/feed.ts'
import { LinkMachine, isWhole } from '../../../dashboard/web/src/feed/link.ts'
import type { Effect } from '../../../dashboard/web/src/feed/link.ts'
import { FakeJournal } from './fake-journal.ts'
import { SORTS, alarmOf, worldOf } from './fake-world.ts'

const world = worldOf({ sites: 2, devices: 16, longNames: false }, 0)
const device = world.devices[0]!
const sort = SORTS[0]!

const hello = (head: number, protocol = FEED_PROTOCOL, ledger = 'one') => ({
  protocol,
  serverTime: 0,
  head,
  ledger,
  user: { id: 'u', name: '周', role: 'duty' },
})
const beat = (head: number) => ({ serverTime: 0, head })

/** A ledger of one alarm after another, and the events a connection would get of it. */
function ledgerOf(count: number): FakeJournal {
  const journal = new FakeJournal()
  for (let index = 0; index < count; index += 1) append(journal, `a${index}`, 'raised', {})
  return journal
}
function append(journal: FakeJournal, id: string, type: AlarmEvent['type'], changes: Partial<Alarm>): void {
  const before = journal.alarms.get(id) ?? alarmOf(id, 0, journal.head, device, sort)
  journal.append(
    { ...before, ...changes },
    { at: journal.head, type, reason: 'threshold', by: null, comment: null, receivedAt: 0 },
  )
}
const replay = (journal: FakeJournal, cursor: number): ResumeReply => ({
  ok: true,
  mode: 'replay',
  events: journal.after('all', cursor),
  head: journal.head,
})
const snapshot = (journal: FakeJournal): ResumeReply => ({
  ok: true,
  mode: 'snapshot',
  alarms: journal.open('all'),
  head: journal.head,
})

const sorted = (alarms: readonly Alarm[]) => alarms.toSorted((a, b) => (a.id < b.id ? -1 : 1))
const resumes = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'resume')

/** A machine that is live at the head of the ledger. */
function live(journal: FakeJournal, now = 0): LinkMachine {
  const machine = new LinkMachine()
  machine.hello(hello(journal.head), now)
  machine.resumed(snapshot(journal), now)
  return machine
}

describe('the link', () => {
  it('is not live before the first list has come', () => {
    const machine = new LinkMachine()
    expect(machine.link.phase).toBe('connecting')
    expect(machine.hello(hello(3), 0)).toEqual([{ do: 'resume', cursor: null }])
    expect(machine.link).toEqual({ phase: 'catching_up', behind: null })
    machine.resumed(snapshot(ledgerOf(3)), 10)
    expect(machine.link.phase).toBe('live')
    expect(machine.caughtUp).toBeNull()
  })

  it('G3: a cursor of another ledger, from before a backup was restored, is not sent', () => {
    const machine = live(ledgerOf(5), 1_000)
    machine.disconnected(4_000)
    expect(machine.hello(hello(9, FEED_PROTOCOL, 'restored'), 9_000)).toEqual([{ do: 'resume', cursor: null }])
  })

  it('G3: says how many it caught up on after a cut, and is not live before', () => {
    const journal = ledgerOf(5)
    const machine = live(journal, 1_000)
    machine.disconnected(4_000)
    expect(machine.link).toEqual({ phase: 'disconnected', since: 1_000 })
    append(journal, 'a9', 'raised', {})
    append(journal, 'a9', 'returned', { condition: 'normal' })
    expect(machine.hello(hello(journal.head), 9_000)).toEqual([{ do: 'resume', cursor: 5 }])
    expect(machine.link).toEqual({ phase: 'catching_up', behind: 2 })
    machine.resumed(replay(journal, 5), 9_010)
    expect(machine.link.phase).toBe('live')
    expect(machine.caughtUp).toMatchObject({ mode: 'replay', count: 2, head: 7 })
  })

  it('G3: a transition whose predecessor was not heard is a gap, and nothing is applied until it is filled', () => {
    const journal = ledgerOf(2)
    const machine = live(journal)
    append(journal, 'b', 'raised', {})
    append(journal, 'c', 'raised', {})
    const [, second] = journal.after('all', 2)
    const { applied, effects } = machine.event(second!, 1)
    expect(applied).toBe(false)
    expect(effects).toEqual([{ do: 'resume', cursor: 2 }])
    expect(machine.link.phase).toBe('catching_up')
    expect(machine.alarms.get('c')).toBeUndefined()
    machine.resumed(replay(journal, 2), 2)
    expect(sorted(machine.alarms.list())).toEqual(sorted(journal.open('all')))
    expect(machine.link.phase).toBe('live')
  })

  it('G3: a heartbeat whose head is ahead of the cursor ends live and resumes', () => {
    const machine = live(ledgerOf(2))
    expect(machine.heartbeat(beat(2), 1)).toEqual([])
    expect(machine.link.phase).toBe('live')
    expect(machine.heartbeat(beat(4), 2)).toEqual([{ do: 'resume', cursor: 2 }])
    expect(machine.link).toEqual({ phase: 'catching_up', behind: 2 })
  })

  it('G3: a replay with a hole in its chain is not believed: a snapshot is asked for', () => {
    const journal = ledgerOf(6)
    const machine = live(ledgerOf(2))
    machine.disconnected(1)
    machine.hello(hello(6), 2)
    const whole = replay(journal, 2) as Extract<ResumeReply, { mode: 'replay' }>
    const holed = { ...whole, events: whole.events.filter((event) => event.seq !== 4) }
    expect(machine.resumed(holed, 3)).toEqual([{ do: 'resume', cursor: null }])
    expect(machine.link.phase).toBe('catching_up')
    machine.resumed(snapshot(journal), 4)
    expect(machine.caughtUp).toMatchObject({ mode: 'snapshot', count: 6 })
    expect(sorted(machine.alarms.list())).toEqual(sorted(journal.open('all')))
  })

  it('says so when nothing was missed during a cut', () => {
    const journal = ledgerOf(2)
    const machine = live(journal)
    machine.disconnected(1)
    machine.hello(hello(2), 2)
    machine.resumed(replay(journal, 2), 3)
    expect(machine.caughtUp).toMatchObject({ mode: 'replay', count: 0, head: 2 })
  })

  it('a replay that ends before its head is not believed either', () => {
    const journal = ledgerOf(4)
    expect(isWhole(journal.after('all', 1), 1, 4)).toBe(true)
    expect(isWhole(journal.after('all', 1), 1, 5)).toBe(false)
    expect(isWhole([], 4, 4)).toBe(true)
  })

  it('takes the snapshot of a ledger that is behind its cursor: a backup was restored', () => {
    const machine = live(ledgerOf(9))
    machine.disconnected(1)
    machine.hello(hello(3), 2)
    machine.resumed(snapshot(ledgerOf(3)), 3)
    expect(machine.cursor).toBe(3)
    expect(machine.link.phase).toBe('live')
  })

  it('a transition that comes between a resume and its reply waits for it', () => {
    const journal = ledgerOf(3)
    const machine = new LinkMachine()
    machine.hello(hello(3), 0)
    append(journal, 'late', 'raised', {})
    expect(machine.event(journal.after('all', 3)[0]!, 1).applied).toBe(false)
    machine.resumed(snapshot(ledgerOf(3)), 2)
    expect(machine.alarms.get('late')).toBeDefined()
    expect(machine.link.phase).toBe('live')
  })

  it('G3: fifteen seconds without a heartbeat are a dead link, whatever the socket says', () => {
    const machine = live(ledgerOf(1), 0)
    machine.heartbeat(beat(1), 5_000)
    expect(machine.tick(5_000 + DEAD_AFTER_SECONDS * 1000 - 1)).toEqual([])
    expect(machine.tick(5_000 + DEAD_AFTER_SECONDS * 1000)).toEqual([{ do: 'reconnect' }])
    expect(machine.link).toEqual({ phase: 'disconnected', since: 5_000 })
  })

  it('asks again when a resume is refused or never answered', () => {
    const machine = live(ledgerOf(1), 0)
    expect(resumes(machine.heartbeat(beat(2), 1_000))).toHaveLength(1)
    machine.resumeFailed(1_000)
    expect(machine.tick(1_500)).toEqual([])
    expect(machine.link.phase).toBe('catching_up')
    expect(machine.tick(3_000)).toEqual([{ do: 'resume', cursor: 1 }])
  })

  it('reloads the page for another protocol', () => {
    expect(new LinkMachine().hello(hello(1, FEED_PROTOCOL + 1), 0)).toEqual([{ do: 'reload' }])
  })
})

describe('G3: the list of a page', () => {
  /** What may happen to a page's feed. */
  const step = fc.oneof(
    fc.record({
      do: fc.constant('transition' as const),
      id: fc.integer({ min: 0, max: 5 }),
      closes: fc.boolean(),
      lost: fc.boolean(),
      twice: fc.boolean(),
    }),
    fc.record({ do: fc.constantFrom('cut' as const, 'beat' as const, 'old' as const) }),
  )

  it('is the ledger’s fold after any mix of live, lost, repeated and replayed transitions', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, snapshots) => {
        const journal = new FakeJournal()
        const machine = new LinkMachine()
        let sentTo = 0
        let now = 0
        const answer = (effects: readonly Effect[]): void => {
          for (const effect of effects) {
            if (effect.do !== 'resume') continue
            const useSnapshot = snapshots || effect.cursor === null
            sentTo = journal.head
            answer(
              machine.resumed(useSnapshot ? snapshot(journal) : replay(journal, effect.cursor as number), (now += 1)),
            )
          }
        }
        answer(machine.hello(hello(0), now))
        for (const event of steps) {
          now += 1
          if (event.do === 'transition') {
            append(journal, `a${event.id}`, event.closes ? 'closed' : 'raised', { closedAt: event.closes ? 1 : null })
            const sent = { ...journal.entries.at(-1)!, prev: sentTo }
            sentTo = journal.head
            if (!event.lost) answer(machine.event(sent, now).effects)
            if (!event.lost && event.twice) answer(machine.event(sent, now).effects)
            // Live is only ever claimed for what has been heard: a lost transition shows at the next sign of life.
          } else if (event.do === 'cut') {
            machine.disconnected(now)
            expect(machine.link.phase).toBe('disconnected')
            sentTo = journal.head
            answer(machine.hello(hello(journal.head), now))
          } else if (event.do === 'beat') answer(machine.heartbeat(beat(journal.head), now))
          else if (journal.entries[0] !== undefined)
            answer(machine.event({ ...journal.entries[0], prev: 0 }, now).effects)
        }
        answer(machine.heartbeat(beat(journal.head), now + 1))
        expect(machine.link.phase).toBe('live')
        expect(machine.cursor).toBe(journal.head)
        expect(sorted(machine.alarms.list())).toEqual(sorted(journal.open('all')))
      }),
      { numRuns: 300 },
    )
  })
})
