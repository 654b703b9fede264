// What a cluster does once: one process does it, and another goes on from its mark when it ends, dies, or loses the ledger.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Duty } from '../../../cluster/duty.ts'
import { tellTelephones } from '../../../hub/push/on-duty.ts'
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { ClusterLedger, Duties } from '../../../records/ledger/cluster.ts'
import { createPostgresLedger } from '../../../records/postgres-ledger.ts'
import { until } from '../../support/hub-process.ts'
import { POSTGRES_MISSING, startPostgres } from '../../support/services/postgres.ts'
import type { PostgresServer } from '../../support/services/postgres.ts'
import { entryOf } from '../../records/entries.ts'
import { PARTITIONS, partitionOf } from '../../../contract/partitions.ts'

describe.skipIf(POSTGRES_MISSING)('a duty', () => {
  let postgres: PostgresServer
  let ledger: ClusterLedger
  beforeAll(async () => {
    postgres = await startPostgres()
    ledger = createPostgresLedger({
      url: await postgres.database('duties'),
      defaultRules: [],
      hashDeviceToken: (token) => token,
    })
    await ledger.start()
  })
  afterAll(async () => {
    await ledger.stop()
    await postgres.dispose()
  })

  function process(name: string, holder: string, leaseMs: number, duties: Duties = ledger.duties) {
    const state = { begun: [] as (number | null)[], ended: 0, mark: null as number | null, failures: 0 }
    const duty = new Duty({
      duties,
      name,
      holder,
      leaseMs,
      begin: async (mark) => {
        state.begun.push(mark)
        state.mark = mark
        return { mark: () => state.mark, stop: async () => void (state.ended += 1) }
      },
      failed: () => void (state.failures += 1),
    })
    return { duty, state }
  }

  it('is one process’s at a time, and the next goes on from its mark when it ends', async () => {
    let refused = 0
    const counted: Duties = {
      ...bound(ledger.duties),
      hold: async (...asked) => {
        const held = await ledger.duties.hold(...asked)
        if (held === null) refused += 1
        return held
      },
    }
    const [one, two] = [process('handed over', 'one', 8_000), process('handed over', 'two', 8_000, counted)]
    one.duty.start()
    await until('the first has it', () => one.duty.isHeld)
    expect(one.state.begun).toEqual([null])
    two.duty.start()
    one.state.mark = 41
    await until('the second was refused', () => refused > 0)
    expect(two.duty.isHeld).toBe(false)
    one.state.mark = 42
    await one.duty.stop()
    expect(one.state.ended).toBe(1)
    await until('the second has it', () => two.duty.isHeld)
    expect(two.state.begun).toEqual([42])
    await two.duty.stop()
  })

  it('outlives its holder: one that says nothing more loses it, and its mark is what it said last', async () => {
    let dead = false
    const silent: Duties = {
      ...bound(ledger.duties),
      renew: (...asked) => (dead ? Promise.reject(new Error('gone')) : ledger.duties.renew(...asked)),
      release: (...asked) => (dead ? Promise.reject(new Error('gone')) : ledger.duties.release(...asked)),
    }
    const [one, two] = [process('outlived', 'one', 4_000, silent), process('outlived', 'two', 4_000)]
    one.duty.start()
    await until('the first has it', () => one.duty.isHeld)
    one.state.mark = 7
    await until('its mark is written', async () => {
      const held = await ledger.duties.hold('outlived', 'one', 4_000)
      return held?.mark === 7
    })
    dead = true
    two.duty.start()
    await until('the second has it', () => two.duty.isHeld)
    expect(two.state.begun).toEqual([7])
    // Cut off from the ledger, the first has ended by its own clock.
    await until('the first has ended', () => !one.duty.isHeld)
    expect(one.state.ended).toBe(1)
    await Promise.all([one.duty.stop(), two.duty.stop()])
  })

  it('a mark never goes back, and nobody marks what is somebody else’s', async () => {
    await ledger.duties.hold('marks', 'one', 60_000)
    expect(await ledger.duties.renew('marks', 'one', 60_000, 9)).toBe(true)
    expect(await ledger.duties.renew('marks', 'one', 60_000, 4)).toBe(true)
    expect(await ledger.duties.hold('marks', 'two', 60_000)).toBeNull()
    expect(await ledger.duties.renew('marks', 'two', 60_000, 99)).toBe(false)
    await ledger.duties.release('marks', 'two')
    expect(await ledger.duties.hold('marks', 'two', 60_000)).toBeNull()
    await ledger.duties.release('marks', 'one')
    expect(await ledger.duties.hold('marks', 'two', 60_000)).toEqual({ mark: 9 })
  })

  it('telephones: what was told and not settled is told again by the next, and what is long past by nobody', async () => {
    await ledger.partitions.ensure(PARTITIONS)
    const row = await ledger.partitions.take(partitionOf('d1'), 'test', 3_600_000)
    if (row === null) throw new Error('not taken')
    const journal = ledger.partitions.journal(row)
    const commit = async (alarmId: string, at = Date.now()): Promise<number> => {
      const entries = [entryOf({ alarmId, deviceId: 'd1', at })]
      return (await journal.append({ entries, states: [], checkpoint: null })).head
    }
    const telling = () => {
      const heard: string[] = []
      const push = {
        oldestOpen: null as number | null,
        heard: (committed: readonly CommittedTransition[]) =>
          void heard.push(...committed.map(({ transition }) => transition.alarm.id)),
        begin: () => undefined,
        leave: () => undefined,
      }
      const begin = (mark: number | null) =>
        tellTelephones({ ledger, push, now: Date.now, failed: () => undefined }, mark)
      return { heard, push, begin }
    }
    await commit('before anybody told')
    const first = telling()
    const one = await first.begin(null)
    await commit('long past', Date.now() - 2 * 3_600_000)
    const open = await commit('under way')
    await commit('told')
    await until('it has heard all', () => first.heard.length === 2)
    expect(first.heard).toEqual(['under way', 'told'])
    first.push.oldestOpen = open
    expect(one.mark()).toBe(open - 1)
    await one.stop()
    const second = telling()
    const two = await second.begin(one.mark())
    await until('the next has heard what is not settled', () => second.heard.length === 2)
    expect(second.heard).toEqual(['under way', 'told'])
    await until('everything is settled', () => two.mark() === open + 1)
    await two.stop()
  })
})

const bound = (duties: Duties): Duties => ({
  hold: (...asked) => duties.hold(...asked),
  renew: (...asked) => duties.renew(...asked),
  release: (...asked) => duties.release(...asked),
})
