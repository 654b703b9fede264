// Several processes write one journal.
import { describe, expect, it } from 'vitest'
import { partitionOf } from '../../../contract/partitions.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { until } from '../../support/hub-process.ts'
import { newDatabase, startedClusterLedger } from '../fixture.ts'
import { startOwner } from './owners.ts'

const TRANSITIONS = 5_000

describe('one journal of several processes', () => {
  it(`G3: has no gap after ${TRANSITIONS} transitions, its reader missed none, and the audit chain is whole`, async () => {
    const url = await newDatabase()
    const ledger = await startedClusterLedger(url)
    await ledger.partitions.ensure(64)
    const owners = ['a', 'b', 'c'].map((name, i) => startOwner(url, name, [i, 10 + i], 10_000))
    const each = () => owners.map(({ acknowledged, acts }) => Math.min(acknowledged.length, acts()))
    await until('every process writes', () => Math.min(...each()) > 0, 120_000)

    // Reads on from where it is, as dashboards do, while they write.
    const read: number[] = []
    const told = new Map<number, string>()
    const readOn = async (): Promise<void> => {
      for (const { transition } of await ledger.journal.after(EVERYTHING, read.length, 700)) {
        read.push(transition.seq)
        told.set(transition.seq, transition.alarm.deviceId)
      }
    }
    while (read.length < TRANSITIONS) await readOn()
    for (const owner of owners) await owner.finish()
    const head = await ledger.journal.head()
    while (read.length < head) await readOn()

    expect(read).toEqual(Array.from({ length: head }, (_, i) => i + 1))
    const acknowledged = owners.flatMap((owner) => owner.acknowledged)
    // Each transition was acknowledged once, by the one whose it was.
    expect(acknowledged.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBe(head)
    for (const { partition, first, last } of acknowledged)
      for (let seq = first; seq <= last; seq++) expect(partitionOf(told.get(seq) ?? '')).toBe(partition)
    // A batch that raised nothing took no number.
    expect(acknowledged.some(({ first, last }) => last < first)).toBe(true)

    const people = owners.reduce((sum, { acts }) => sum + acts(), 0)
    const acts = acknowledged.filter(({ round, first, last }) => round % 3 === 0 && first <= last)
    expect(await ledger.audit.verify()).toMatchObject({ ok: true, rows: people + acts.length })
    // And every owner's mark stands at what it was last told.
    for (const { partition, decided } of await ledger.partitions.all()) {
      const last = acknowledged.findLast((one) => one.partition === partition)
      expect([partition, decided]).toEqual([partition, last?.round ?? 0])
    }
  })
})
