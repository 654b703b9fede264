// PostgreSQL itself is killed, and comes back.
import { describe, expect, it, onTestFinished } from 'vitest'
import { EVERYTHING } from '../../../records/scope.ts'
import { until } from '../../support/hub-process.ts'
import { startPostgres } from '../../support/services/postgres.ts'
import { entryOf } from '../entries.ts'
import { startedClusterLedger } from '../fixture.ts'
import { deviceOf } from './owners.ts'

const ROUNDS = 3
const PARTITIONS = [0, 1, 2]

describe('a PostgreSQL that is killed', () => {
  it(`G1 G2: ${ROUNDS} times has lost nothing that was acknowledged, and the processes go on by themselves`, async () => {
    const server = await startPostgres()
    onTestFinished(() => server.dispose())
    const ledger = await startedClusterLedger(await server.database('ledger'))
    const wakes: string[] = []
    ledger.onWake((what) => wakes.push(what))
    await ledger.partitions.ensure(64)
    const acknowledged = new Map<number, string>()

    const journalUntilItFails = async (partition: number, round: number): Promise<void> => {
      const row = await until(`partition ${partition} is taken`, () =>
        ledger.partitions.take(partition, 'me', 3_600_000).catch(() => null),
      )
      const journal = ledger.partitions.journal({ partition, epoch: row.epoch })
      const deviceId = deviceOf(partition, 0)
      try {
        for (let i = row.decided + 1; ; i++) {
          const entries = Array.from({ length: 1 + (i % 30) }, (_, j) =>
            entryOf({ alarmId: `${round}-${i}-${j}`, deviceId }),
          )
          const states = [{ deviceId, position: i, state: String(i) }]
          const { committed } = await journal.append({ entries, states, checkpoint: i })
          for (const { transition } of committed) acknowledged.set(transition.seq, transition.alarm.id)
        }
      } catch {
        // Killed; taken again in the next round.
      }
    }

    for (let round = 0; round < ROUNDS; round++) {
      const before = acknowledged.size
      const owners = Promise.all(PARTITIONS.map((partition) => journalUntilItFails(partition, round)))
      await until('it journals', () => acknowledged.size > before + 100, 100_000)
      await server.kill()
      await owners
      wakes.length = 0
      await server.restart()
      const head = await until('it reads again', () => ledger.journal.head().catch(() => null))
      const kept = new Map<number, string>()
      while (kept.size < head)
        for (const { transition } of await ledger.journal.after(EVERYTHING, kept.size, 1_000))
          kept.set(transition.seq, transition.alarm.id)
      expect([...kept.keys()]).toEqual(Array.from({ length: head }, (_, i) => i + 1))
      for (const [seq, alarmId] of acknowledged) expect(kept.get(seq)).toBe(alarmId)
      await until('everybody is woken', () => new Set(wakes).size === 3)
    }
    expect(await ledger.audit.verify()).toMatchObject({ ok: true })
  })
})
