// Who owns a partition, and what becomes of the writes of somebody who no longer does.
import { describe, expect, it } from 'vitest'
import { partitionOf } from '../../../contract/partitions.ts'
import type { JournalBatch } from '../../../records/ledger.ts'
import { FencedOut } from '../../../records/ledger/cluster.ts'
import type { ClusterLedger } from '../../../records/ledger/cluster.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { until } from '../../support/hub-process.ts'
import { entryOf } from '../entries.ts'
import { collect, heldBack, newDatabase, startedClusterLedger, typedInto } from '../fixture.ts'
import { deviceOf, startOwner } from './owners.ts'

/** Longer than any test takes. */
const LEASE = 3_600_000

async function twoProcesses(): Promise<{ url: string; one: ClusterLedger; two: ClusterLedger }> {
  const url = await newDatabase()
  const one = await startedClusterLedger(url)
  const two = await startedClusterLedger(url)
  await one.partitions.ensure(64)
  return { url, one, two }
}

async function taken(ledger: ClusterLedger, partition: number, owner: string, leaseMs = LEASE) {
  const row = await ledger.partitions.take(partition, owner, leaseMs)
  if (row === null) throw new Error(`${owner} did not get partition ${partition}`)
  return { partition, epoch: row.epoch, row }
}

const batchOf = (partition: number, position: number, alarmId = 'x'): JournalBatch => ({
  entries: [entryOf({ alarmId, deviceId: deviceOf(partition, 0) })],
  states: [{ deviceId: deviceOf(partition, 0), position, state: `at ${position}` }],
  checkpoint: position,
  answers: [{ requestId: `request ${position}`, body: ([first]) => String(first?.transition.seq) }],
})

describe('partitions', () => {
  it('are made once, and never in another number', async () => {
    const { one, two } = await twoProcesses()
    await Promise.all([one.partitions.ensure(64), two.partitions.ensure(64)])
    expect((await one.partitions.all()).map(({ partition }) => partition)).toEqual(
      Array.from({ length: 64 }, (_, i) => i),
    )
    await expect(two.partitions.ensure(32)).rejects.toMatchObject({ name: 'LedgerUnusable' })
  })

  it('have one owner until the lease ends or is given back, and a new epoch with each', async () => {
    const { url, one, two } = await twoProcesses()
    const first = await taken(one, 3, 'one')
    expect(first.row).toMatchObject({ epoch: 1, owner: 'one', decided: 0, stored: 0 })
    expect(first.row.until - first.row.now).toBeCloseTo(LEASE, -4)
    expect(await two.partitions.take(3, 'two', LEASE)).toBeNull()
    expect(await one.partitions.renew([first, { partition: 4, epoch: 1 }], LEASE)).toEqual([{ partition: 3, epoch: 1 }])
    // One's own: taken anew.
    const again = await taken(one, 3, 'one')
    expect(again.epoch).toBe(2)
    expect(await one.partitions.renew([first], LEASE)).toEqual([])
    // Given back; the old epoch gives nothing back.
    await one.partitions.release(first)
    expect(await two.partitions.take(3, 'two', LEASE)).toBeNull()
    await one.partitions.release(again)
    expect((await taken(two, 3, 'two')).epoch).toBe(3)
    // Run out.
    await typedInto(url, 'update part set until = until - 3600001 where partition = 3')
    expect((await taken(one, 3, 'one')).epoch).toBe(4)
    expect(await two.partitions.renew([{ partition: 3, epoch: 3 }], LEASE)).toEqual([])
  })

  it('are taken by one of many who ask at once', async () => {
    const { one, two } = await twoProcesses()
    const asked = await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? one : two).partitions.take(9, `owner ${i}`, LEASE)),
    )
    expect(asked.filter((row) => row !== null)).toHaveLength(1)
  })

  it('keep the mark of the store, which never goes back and only its owner moves', async () => {
    const { one, two } = await twoProcesses()
    const held = await taken(one, 5, 'one')
    expect(await one.partitions.markStored(held, 70)).toBe(true)
    expect(await one.partitions.markStored(held, 60)).toBe(true)
    await one.partitions.release(held)
    const next = await taken(two, 5, 'two')
    expect(next.row.stored).toBe(70)
    expect(await one.partitions.markStored(held, 90)).toBe(false)
    expect((await one.partitions.all())[5]?.stored).toBe(70)
  })
})

describe('the journal of a partition', () => {
  it('G1 G2: moves the mark with what it writes, and the next owner finds all of it', async () => {
    const { one, two } = await twoProcesses()
    const held = await taken(one, 7, 'one')
    const journal = one.partitions.journal(held)
    const others = one.partitions.journal(await taken(one, 8, 'one'))
    await journal.append(batchOf(7, 11))
    await others.append(batchOf(8, 99, 'of another'))
    // Quiet: states and the mark move, no number is taken, and a mark never goes back.
    const quiet = { deviceId: deviceOf(7, 1), position: 12, state: 'quiet' }
    expect(await journal.append({ entries: [], states: [quiet], checkpoint: 12 })).toEqual({ head: 2, committed: [] })
    await journal.append({ entries: [], states: [], checkpoint: 10 })
    await journal.append({ entries: [], states: [], checkpoint: null })
    await one.partitions.release(held)

    const next = await taken(two, 7, 'two')
    expect(next.row.decided).toBe(12)
    const found = two.partitions.journal(next)
    expect((await collect(found.deviceStates())).map(({ position }) => position).toSorted()).toEqual([11, 12])
    expect(await found.positions()).toEqual({ checkpoint: 12, newest: 12 })
    expect((await found.snapshot(EVERYTHING)).alarms.map(({ id }) => id)).toEqual(['x'])
    expect(await two.answers.find('request 11')).toBe('1')
    expect(await two.partitions.statesOf([quiet.deviceId])).toEqual([quiet])
  })

  it('G1: writes nothing for an owner whose epoch is over', async () => {
    const { one, two } = await twoProcesses()
    const held = await taken(one, 7, 'one')
    const journal = one.partitions.journal(held)
    await journal.append(batchOf(7, 1))
    await one.partitions.release(held)
    const next = await taken(two, 7, 'two')
    const late = [journal.append(batchOf(7, 2)), journal.append({ entries: [], states: [], checkpoint: 3 })]
    for (const append of late) await expect(append).rejects.toBeInstanceOf(FencedOut)
    expect(await two.journal.head()).toBe(1)
    expect(await two.answers.find('request 2')).toBeNull()
    expect(await two.partitions.journal(next).positions()).toEqual({ checkpoint: 1, newest: 1 })
  })

  it('takes nothing more after an append that failed: what follows was decided on top of it', async () => {
    const { one } = await twoProcesses()
    const journal = one.partitions.journal(await taken(one, 7, 'one'))
    const spoilt = { ...entryOf({ alarmId: 'y', deviceId: deviceOf(7, 0) }), receivedAt: Number.NaN }
    const appends = [
      journal.append(batchOf(7, 1)),
      journal.append({ entries: [spoilt], states: [], checkpoint: 2 }),
      journal.append(batchOf(7, 3)),
    ]
    const outcomes = await Promise.allSettled(appends)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await journal.positions()).toEqual({ checkpoint: 1, newest: 1 })
    // Taken again it goes on from there.
    const again = one.partitions.journal(await taken(one, 7, 'one'))
    expect((await again.append(batchOf(7, 2))).head).toBe(2)
  })

  it('G1 G2: of a connection that is cut off in the middle is as it was, and the process goes on with a new one', async () => {
    const { url, one } = await twoProcesses()
    const held = await taken(one, 7, 'one')
    const journal = one.partitions.journal(held)
    await journal.append(batchOf(7, 1))
    // Somebody has the head: the append waits in the middle of its transaction, its states already written.
    const free = await heldBack(url, 'update head set seq = seq')
    const cut = journal.append(batchOf(7, 2))
    const outcome = cut.then(
      () => 'written',
      () => 'failed',
    )
    await until('it waits for the head', async () => {
      const waiting = await typedInto(
        url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like 'update "head"%'`,
      )
      return waiting.length > 0
    })
    expect(await outcome).toBe('failed')
    await free()
    const again = await taken(one, 7, 'one')
    expect([again.epoch, again.row.decided]).toEqual([held.epoch + 1, 1])
    const next = one.partitions.journal(again)
    expect((await collect(next.deviceStates())).map(({ position }) => position)).toEqual([1])
    expect((await next.append(batchOf(7, 2))).head).toBe(2)
    expect(await one.answers.find('request 2')).toBe('2')
  })

  it('G2: an owner that stood still holds nobody up for long, and finds itself fenced when it goes on', async () => {
    const { url, one } = await twoProcesses()
    const owner = startOwner(url, 'frozen', [20, 21, 22, 23], 1_500)
    await until(
      'it journals in all of them',
      () => new Set(owner.acknowledged.map((a) => a.partition)).size === 4,
      120_000,
    )
    owner.signal('SIGSTOP')
    // Wherever it stood still, in the middle of transactions too: its partitions and the head come free.
    for (const partition of [20, 21, 22, 23]) {
      const row = await until(`partition ${partition} is free`, () => one.partitions.take(partition, 'one', LEASE))
      const journal = one.partitions.journal({ partition, epoch: row.epoch })
      await journal.append({ ...batchOf(partition, row.decided + 1_000_000, `after ${partition}`), answers: [] })
    }
    const head = await one.journal.head()
    owner.signal('SIGCONT')
    await until('it knows', () => owner.fencedOut.length === 4, 60_000)
    await owner.finish()
    expect(await one.journal.head()).toBe(head)
    // What it was told is durable is there.
    const seqs = (await one.journal.after(EVERYTHING, 0, head)).map(({ transition }) => transition)
    expect(seqs.map(({ seq }) => seq)).toEqual(Array.from({ length: head }, (_, i) => i + 1))
    for (const { partition, first, last } of owner.acknowledged)
      for (let seq = first; seq <= last; seq++) expect(partitionOf(seqs[seq - 1]?.alarm.deviceId ?? '')).toBe(partition)
  })
})
