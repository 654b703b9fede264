// Appends of several partitions in one transaction: what each of them promises by itself, it promises in company too.
import { describe, expect, it } from 'vitest'
import type { JournalBatch } from '../../../records/ledger.ts'
import { FencedOut } from '../../../records/ledger/cluster.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { entryOf } from '../entries.ts'
import { newDatabase, startedClusterLedger, typedInto } from '../fixture.ts'
import { deviceOf } from './owners.ts'

const LEASE = 60_000
const PARTITIONS = 12

const batchOf = (partition: number, position: number, deviceId = deviceOf(partition, 0)): JournalBatch => ({
  entries: [0, 1].map((n) => entryOf({ alarmId: `${partition}/${position}/${n}`, deviceId })),
  states: [{ deviceId, position, state: `at ${position}` }],
  checkpoint: position,
  answers: [
    {
      requestId: `request ${partition}/${position}`,
      body: (committed) => committed.map(({ transition }) => transition.seq).join(' '),
    },
  ],
})

async function owned() {
  const url = await newDatabase()
  const ledger = await startedClusterLedger(url)
  await ledger.partitions.ensure(64)
  const held = await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => {
      const row = await ledger.partitions.take(partition, 'one', LEASE)
      if (row === null) throw new Error(`partition ${partition} is not free`)
      return { partition, epoch: row.epoch }
    }),
  )
  const journals = held.map((one) => ledger.partitions.journal(one))
  return { url, ledger, held, journals }
}

describe('appends of many partitions at once', () => {
  it('are told their own transitions, one gapless sequence between them, and their answers', async () => {
    const { ledger, journals } = await owned()
    const rounds = [10, 20, 30]
    const told = await Promise.all(
      journals.flatMap((journal, partition) => rounds.map((position) => journal.append(batchOf(partition, position)))),
    )
    const seqs = told.flatMap(({ committed }) => committed.map(({ transition }) => transition.seq))
    expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: seqs.length }, (_, i) => i + 1))
    for (const [i, { committed }] of told.entries()) {
      const [partition, position] = [Math.floor(i / rounds.length), rounds[i % rounds.length]]
      expect(committed.map(({ transition }) => transition.alarm.id)).toEqual([
        `${partition}/${position}/0`,
        `${partition}/${position}/1`,
      ])
      const [first, second] = committed.map(({ transition }) => transition.seq)
      expect(second).toBe((first ?? 0) + 1)
      expect(await ledger.answers.find(`request ${partition}/${position}`)).toBe(`${first} ${second}`)
    }
    // As it stands in the ledger, and in the order of each partition.
    const kept = await ledger.journal.after(EVERYTHING, 0, 1_000)
    expect(kept.map(({ transition }) => transition.seq)).toEqual(seqs.toSorted((a, b) => a - b))
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const own = kept.filter(({ transition }) => transition.alarm.id.startsWith(`${partition}/`))
      expect(own.map(({ transition }) => transition.alarm.id.split('/')[1])).toEqual(
        rounds.flatMap((position) => [String(position), String(position)]),
      )
    }
    const rows = (await ledger.partitions.all()).slice(0, PARTITIONS)
    expect(rows.map(({ decided }) => decided)).toEqual(rows.map(() => 30))
  })

  it('do not carry one that is fenced out, and are not stopped by it', async () => {
    const { url, ledger, journals } = await owned()
    await typedInto(url, 'update part set epoch = epoch + 1 where partition in (3, 7)')
    const settled = await Promise.allSettled(
      journals.map((journal, partition) => journal.append(batchOf(partition, 5))),
    )
    const lost = settled.flatMap((one, partition) => (one.status === 'rejected' ? [[partition, one.reason]] : []))
    expect(lost.map(([partition]) => partition)).toEqual([3, 7])
    for (const [, reason] of lost) expect(reason).toBeInstanceOf(FencedOut)
    const kept = await ledger.journal.after(EVERYTHING, 0, 1_000)
    expect(kept).toHaveLength((PARTITIONS - 2) * 2)
    expect(kept.map(({ transition }) => transition.seq)).toEqual(kept.map((_, i) => i + 1))
    expect((await ledger.partitions.all())[3]?.decided).toBe(0)
    // Nothing is taken on top of it.
    await expect(journals[3]?.append(batchOf(3, 6))).rejects.toBeInstanceOf(FencedOut)
    expect(await ledger.answers.find('request 3/5')).toBeNull()
  })

  it('are not stopped by one whose data the database refuses', async () => {
    const { ledger, journals } = await owned()
    const broken = batchOf(4, 5)
    const [entry] = broken.entries
    if (entry === undefined) throw new Error('no entry')
    const nameless = {
      ...broken,
      entries: [{ ...entry, transition: { ...entry.transition, at: null as unknown as number } }],
    }
    const settled = await Promise.allSettled(
      journals.map((journal, partition) => journal.append(partition === 4 ? nameless : batchOf(partition, 5))),
    )
    expect(settled.flatMap(({ status }, partition) => (status === 'rejected' ? [partition] : []))).toEqual([4])
    const kept = await ledger.journal.after(EVERYTHING, 0, 1_000)
    expect(kept).toHaveLength((PARTITIONS - 1) * 2)
    expect(kept.map(({ transition }) => transition.seq)).toEqual(kept.map((_, i) => i + 1))
    expect((await ledger.partitions.all())[4]?.decided).toBe(0)
  })

  it('and leases that are renewed meanwhile never wait for each other', async () => {
    const { ledger, held, journals } = await owned()
    let renewing = true
    const renewals = (async () => {
      let count = 0
      for (; renewing; count++) expect(await ledger.partitions.renew(held.toReversed(), LEASE)).toHaveLength(PARTITIONS)
      return count
    })()
    for (let position = 1; position <= 20; position++)
      await Promise.all(journals.map((journal, partition) => journal.append(batchOf(partition, position))))
    renewing = false
    expect(await renewals).toBeGreaterThan(0)
  })
})
