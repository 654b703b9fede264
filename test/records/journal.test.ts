import { describe, expect, it } from 'vitest'
import { JOURNAL_BATCH } from '../../records/ledger.ts'
import type { JournalBatch } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { entryOf, T0 } from './entries.ts'
import { collect, newDirectory, startedLedger } from './fixture.ts'

const batchOf = (...entries: JournalBatch['entries']): JournalBatch => ({ entries, states: [], checkpoint: null })

describe('the journal', () => {
  it('numbers transitions from 1 without gaps, in the order of the calls', async () => {
    const { journal } = await startedLedger(newDirectory())
    expect(await journal.head()).toBe(0)
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        journal.append(batchOf(...Array.from({ length: i % 4 }, (_, j) => entryOf({ alarmId: `a${i}-${j}` })))),
      ),
    )
    const committed = answers.flatMap((answer) => answer.committed)
    expect(committed.map(({ transition }) => transition.seq)).toEqual(committed.map((_, i) => i + 1))
    expect(await journal.after(EVERYTHING, 0, 1_000)).toEqual(committed)
    expect(answers.at(-1)?.head).toBe(committed.length)
  })

  it('keeps each alarm as its newest transition left it', async () => {
    const { journal, alarms } = await startedLedger(newDirectory())
    await journal.append(batchOf(entryOf({ alarmId: 'a' }), entryOf({ alarmId: 'b', priority: 1 })))
    await journal.append(
      batchOf(
        entryOf({ alarmId: 'a', type: 're_raised', at: T0 + 1 }),
        entryOf({ alarmId: 'a', type: 'closed', at: T0 + 2, closedAt: T0 + 2 }),
      ),
    )
    const a = await alarms.get(EVERYTHING, 'a')
    expect(a).toMatchObject({ seq: 4, condition: 'normal', closedAt: T0 + 2, contacts: [] })
    expect(a?.transitions.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'raised'],
      [3, 're_raised'],
      [4, 'closed'],
    ])
    expect((await alarms.open(EVERYTHING)).map(({ id }) => id)).toEqual(['b'])
    expect(await journal.snapshot(EVERYTHING)).toEqual({ head: 4, alarms: await alarms.open(EVERYTHING) })
  })

  it('G2: a restart finds every transition, alarm, state and checkpoint', async () => {
    const directory = newDirectory()
    const first = await startedLedger(directory)
    await first.journal.append({
      entries: [entryOf({ alarmId: 'a', siteId: 's', areaIds: ['county', 'town'] })],
      states: [
        { deviceId: 'd1', position: 6, state: '{"old":true}' },
        { deviceId: 'd1', position: 7, state: '{"pending":{"since":1}}' },
        { deviceId: 'd2', position: 9, state: '{}' },
      ],
      checkpoint: 5,
    })
    const before = await first.journal.after(EVERYTHING, 0, 10)
    await first.stop()

    const second = await startedLedger(directory)
    expect(await second.journal.after(EVERYTHING, 0, 10)).toEqual(before)
    expect(before[0]).toMatchObject({ siteId: 's', areaIds: ['county', 'town'], receivedAt: T0 - 3 })
    expect(await collect(second.journal.deviceStates())).toEqual([
      { deviceId: 'd1', position: 7, state: '{"pending":{"since":1}}' },
      { deviceId: 'd2', position: 9, state: '{}' },
    ])
    expect(await second.journal.positions()).toEqual({ checkpoint: 5, newest: 9 })
  })

  it('reads states of more devices than one page holds', async () => {
    const { journal } = await startedLedger(newDirectory())
    const states = Array.from({ length: 2_500 }, (_, i) => ({ deviceId: `d${i}`, position: i, state: String(i) }))
    await journal.append({ entries: [], states, checkpoint: null })
    const found = await collect(journal.deviceStates())
    expect(new Map(found.map((state) => [state.deviceId, state]))).toEqual(
      new Map(states.map((state) => [state.deviceId, state])),
    )
    expect(await journal.head()).toBe(0)
  })

  it('G8: writes what a person did to an alarm into the audit chain, without their words', async () => {
    const { journal, audit } = await startedLedger(newDirectory())
    const by = { id: 'u-duty', name: '张三' }
    await journal.append(batchOf(entryOf({ alarmId: 'a' }), entryOf({ alarmId: 'a', type: 'acknowledged', by })))
    const { items } = await audit.list({ limit: 10 })
    expect(items).toMatchObject([
      { actorId: 'u-duty', address: '127.0.0.1', action: 'alarm.acknowledged', subject: 'alarm:a' },
    ])
    expect(JSON.stringify(items)).not.toContain('张三')
    expect(await audit.verify()).toMatchObject({ ok: true, rows: 1 })
  })

  it('writes a batch of any size whole or not at all', async () => {
    const { journal, alarms } = await startedLedger(newDirectory())
    const entries = Array.from({ length: 3 * JOURNAL_BATCH + 1 }, (_, i) => entryOf({ alarmId: `a${i}` }))
    const spoilt = [...entries.slice(0, -1), { ...entryOf({ alarmId: 'z' }), receivedAt: Number.NaN }]
    await expect(journal.append(batchOf(...spoilt))).rejects.toThrow(/cannot be bound/)
    expect(await journal.head()).toBe(0)
    const { head, committed } = await journal.append(batchOf(...entries))
    expect([head, committed.length, (await alarms.open(EVERYTHING)).length]).toEqual([1501, 1501, 1501])
  })

  it('a batch that fails leaves no trace, and the next one takes its numbers', async () => {
    const { journal, alarms } = await startedLedger(newDirectory())
    await journal.append(batchOf(entryOf({ alarmId: 'a' })))
    const unbindable = { ...entryOf({ alarmId: 'b' }), receivedAt: Number.NaN }
    await expect(journal.append(batchOf(entryOf({ alarmId: 'c' }), unbindable))).rejects.toThrow(/cannot be bound/)
    expect(await journal.head()).toBe(1)
    expect(await alarms.get(EVERYTHING, 'c')).toBeNull()
    const { committed } = await journal.append(batchOf(entryOf({ alarmId: 'd' })))
    expect(committed[0]?.transition.seq).toBe(2)
  })
})

describe('lists of alarms', () => {
  it('filter, page and count', async () => {
    const { journal, alarms } = await startedLedger(newDirectory())
    await journal.append(
      batchOf(
        ...Array.from({ length: 90 }, (_, i) =>
          entryOf({
            alarmId: `a${String(i).padStart(2, '0')}`,
            deviceId: i % 2 === 0 ? 'even' : 'odd',
            priority: i % 3 === 0 ? 1 : 3,
            closedAt: i < 30 ? T0 + 5 : null,
            siteId: i % 5 === 0 ? 'five' : null,
          }),
        ),
      ),
    )
    const everyId: string[] = []
    let cursor: string | undefined
    do {
      const page = await alarms.list(EVERYTHING, { limit: 40, cursor })
      expect(page.total).toBe(90)
      everyId.push(...page.items.map(({ id }) => id))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(everyId).toEqual([...new Set(everyId)])
    expect(everyId).toHaveLength(90)

    const total = async (query: object) => (await alarms.list(EVERYTHING, { limit: 1, ...query })).total
    expect(await total({ open: true })).toBe(60)
    expect(await total({ open: false })).toBe(30)
    expect(await total({ priority: 1 })).toBe(30)
    expect(await total({ deviceId: 'odd', open: true })).toBe(30)
    expect(await total({ siteId: 'five' })).toBe(18)
    expect(await total({ from: T0, to: T0 + 1 })).toBe(90)
    expect(await total({ to: T0 })).toBe(0)
  })

  it('refuse a cursor that was made up', async () => {
    const { alarms } = await startedLedger(newDirectory())
    for (const cursor of ['?', 'bm90IGpzb24', Buffer.from('["x",1]').toString('base64url')]) {
      await expect(alarms.list(EVERYTHING, { limit: 1, cursor })).rejects.toMatchObject({ code: 'invalid' })
    }
  })
})
