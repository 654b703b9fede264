// The evidence that an alarm was seen: by whom, when, once each.
import { describe, expect, it } from 'vitest'
import type { JournalEntry } from '../../records/ledger.ts'
import type { Ledger } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import type { Scope } from '../../records/scope.ts'
import { entryOf, T0 } from './entries.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'

const append = (ledger: Ledger, ...entries: JournalEntry[]) =>
  ledger.journal.append({ entries, states: [], checkpoint: null })
const addUser = (ledger: Ledger, username: string, name: string) =>
  ledger.users.create(ADMIN, { username, name, role: 'duty', passwordHash: 'x', mustChange: false })
const shown = async (ledger: Ledger, alarmId: string, scope: Scope = EVERYTHING) =>
  (await ledger.alarms.get(scope, alarmId))?.shown

describe('what screens have shown', () => {
  it('is kept once a transition and user, the first time, in the order of time, across a restart', async () => {
    const directory = newDirectory()
    const first = await startedLedger(directory)
    await append(
      first,
      entryOf({ alarmId: 'a', priority: 1 }),
      entryOf({ alarmId: 'a', type: 're_raised', priority: 1 }),
    )
    const [zhou, he] = [await addUser(first, 'zhou', '周晓岚'), await addUser(first, 'he', '何一鸣')]
    const scope = EVERYTHING
    await first.shown.note([
      { seq: 1, userId: zhou.id, scope, at: T0 + 20 },
      { seq: 2, userId: zhou.id, scope, at: T0 + 40 },
    ])
    await first.shown.note([
      { seq: 1, userId: zhou.id, scope, at: T0 + 90 },
      { seq: 1, userId: he.id, scope, at: T0 + 30 },
    ])
    const expected = [
      { seq: 1, at: T0 + 20, user: { id: zhou.id, name: '周晓岚' } },
      { seq: 1, at: T0 + 30, user: { id: he.id, name: '何一鸣' } },
      { seq: 2, at: T0 + 40, user: { id: zhou.id, name: '周晓岚' } },
    ]
    expect(await shown(first, 'a')).toEqual(expected)
    await first.stop()
    const second = await startedLedger(directory)
    expect(await shown(second, 'a')).toEqual(expected)
    // Who is gone is not forgotten to have seen it, but not named any more.
    await second.users.delete(ADMIN, he.id)
    expect((await shown(second, 'a'))?.map(({ user }) => user.name)).toEqual(['周晓岚', he.id, '周晓岚'])
  })

  it('is of P1 to P3: a P4, and what the ledger has not, leave nothing behind', async () => {
    const ledger = await startedLedger(newDirectory())
    await append(ledger, ...([1, 2, 3, 4] as const).map((priority) => entryOf({ alarmId: `p${priority}`, priority })))
    const seqs = [0, 1, 2, 3, 4, 5, 2 ** 40]
    await ledger.shown.note(seqs.map((seq) => ({ seq, userId: 'u', scope: EVERYTHING, at: T0 })))
    await ledger.shown.note([])
    const counts = await Promise.all(['p1', 'p2', 'p3', 'p4'].map(async (id) => (await shown(ledger, id))?.length))
    expect(counts).toEqual([1, 1, 1, 0])
  })

  it('G9: a report from outside the scope is no evidence; nobody reads of steps outside theirs', async () => {
    const ledger = await startedLedger(newDirectory())
    const at = (siteId: string, type: 'raised' | 're_raised') => entryOf({ alarmId: 'a', siteId, type })
    // The device was moved between the two.
    await append(ledger, at('north', 'raised'), at('south', 're_raised'))
    const of = (siteId: string): Scope => ({ all: false, siteIds: [siteId], areaIds: [] })
    await ledger.shown.note(
      [1, 2].flatMap((seq) => [
        { seq, userId: 'north', scope: of('north'), at: T0 },
        { seq, userId: 'all', scope: EVERYTHING, at: T0 + 1 },
      ]),
    )
    const told = (list: Awaited<ReturnType<typeof shown>>) => list?.map(({ seq, user }) => `${seq} ${user.id}`)
    expect(told(await shown(ledger, 'a'))).toEqual(['1 north', '1 all', '2 all'])
    expect(told(await shown(ledger, 'a', of('south')))).toEqual(['2 all'])
    expect(await shown(ledger, 'a', of('north'))).toBeUndefined()
  })

  it('takes a report of thousands at once', async () => {
    const ledger = await startedLedger(newDirectory())
    await append(ledger, ...Array.from({ length: 2_500 }, (_, i) => entryOf({ alarmId: `a${i % 5}` })))
    await ledger.shown.note(
      Array.from({ length: 2_500 }, (_, i) => ({ seq: i + 1, userId: 'u', scope: EVERYTHING, at: T0 + i })),
    )
    expect((await shown(ledger, 'a3'))?.length).toBe(500)
  })
})
