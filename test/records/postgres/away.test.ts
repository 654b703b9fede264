// A PostgreSQL that does not answer.
import { describe, expect, it, onTestFinished } from 'vitest'
import { EVERYTHING } from '../../../records/scope.ts'
import { until } from '../../support/hub-process.ts'
import { startPostgres } from '../../support/services/postgres.ts'
import { entryOf } from '../entries.ts'
import { ADMIN, startedClusterLedger } from '../fixture.ts'

describe('a PostgreSQL that stands still', () => {
  it('fails what was asked in time, as something that may work again, and what is asked later is done', async () => {
    const server = await startPostgres()
    onTestFinished(() => server.dispose())
    const ledger = await startedClusterLedger(await server.database('ledger'))
    await ledger.partitions.ensure(64)
    const row = await ledger.partitions.take(1, 'me', 3_600_000)
    const journal = ledger.partitions.journal({ partition: 1, epoch: row?.epoch ?? 0 })
    await journal.append({ entries: [entryOf({ alarmId: 'a' })], states: [], checkpoint: 1 })
    server.freeze()
    onTestFinished(() => server.thaw())
    const asked = {
      append: journal.append({ entries: [entryOf({ alarmId: 'b' })], states: [], checkpoint: 2 }),
      taken: ledger.partitions.take(2, 'me', 10_000),
    }
    const outcomes = await Promise.allSettled(Object.values(asked))
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'LedgerError', code: 'unavailable' } })
    server.thaw()
    // Nobody knew whether it was done: the partition is taken again, and the ledger says.
    const again = await until('it answers', () => ledger.partitions.take(1, 'me', 3_600_000).catch(() => null))
    const head = await ledger.journal.head()
    expect([again.decided, head]).toEqual(again.decided === 2 ? [2, 2] : [1, 1])
    const next = ledger.partitions.journal({ partition: 1, epoch: again.epoch })
    await next.append({ entries: [entryOf({ alarmId: 'c' })], states: [], checkpoint: 3 })
    expect((await ledger.journal.after(EVERYTHING, 0, 10)).map(({ transition }) => transition.seq)).toEqual(
      Array.from({ length: head + 1 }, (_, i) => i + 1),
    )
    await ledger.devices.create(ADMIN, { id: 'D1', kind: 'smoke', name: '烟感' })
  })

  it('does not hold up the end of a process', async () => {
    const server = await startPostgres()
    onTestFinished(() => server.dispose())
    const ledger = await startedClusterLedger(await server.database('ledger'))
    server.freeze()
    onTestFinished(() => server.thaw())
    const lost = ledger.settings.set('a', 'b').catch((error: unknown) => error)
    await ledger.stop()
    server.thaw()
    await lost
  })
})
