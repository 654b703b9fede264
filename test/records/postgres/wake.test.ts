// Who waits for something new is told, also after the connection was lost.
import { describe, expect, it } from 'vitest'
import type { Wake } from '../../../records/ledger/cluster.ts'
import { until } from '../../support/hub-process.ts'
import { entryOf } from '../entries.ts'
import { ADMIN, newDatabase, startedClusterLedger, typedInto } from '../fixture.ts'

async function listening(url: string) {
  const ledger = await startedClusterLedger(url)
  const woken = new Set<Wake>()
  const stop = ledger.onWake((what) => woken.add(what))
  await until('it listens', () => woken.size === 3)
  woken.clear()
  return { ledger, woken, stop }
}

describe('waking', () => {
  it('tells of transitions, changes and answers of other processes, of each by its name', async () => {
    const url = await newDatabase()
    const { woken, stop } = await listening(url)
    const other = await startedClusterLedger(url)
    await other.partitions.ensure(64)
    const row = await other.partitions.take(0, 'other', 60_000)
    const journal = other.partitions.journal({ partition: 0, epoch: row?.epoch ?? 0 })

    woken.clear()
    await journal.append({ entries: [entryOf({ alarmId: 'a' })], states: [], checkpoint: 1 })
    await until('a transition is told', () => woken.size > 0)
    expect([...woken]).toEqual(['transition'])

    woken.clear()
    await other.answers.add({ requestId: 'r', body: '{}' })
    await until('an answer is told', () => woken.size > 0)
    expect([...woken]).toEqual(['answer'])

    woken.clear()
    await other.settings.set('word', 'new')
    await until('a change is told', () => woken.size > 0)
    expect([...woken]).toEqual(['change'])

    // Quiet states are nobody's news, and whoever stopped listening hears nothing.
    woken.clear()
    await journal.append({ entries: [], states: [{ deviceId: 'd', position: 2, state: '' }], checkpoint: 2 })
    stop()
    const again = new Promise<Wake>((resolve) => other.onWake((what) => what === 'transition' && resolve(what)))
    await journal.append({ entries: [entryOf({ alarmId: 'b' })], states: [], checkpoint: 3 })
    expect(await again).toBe('transition')
    expect([...woken]).toEqual([])
  })

  it('is made up for after a lost connection: everything once, and then as before', async () => {
    const url = await newDatabase()
    const { ledger, woken } = await listening(url)
    const cut = await typedInto(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'zhian wake'`,
    )
    expect(cut).toHaveLength(1)
    await until('it listens again', () => woken.size === 3)
    woken.clear()
    await ledger.devices.create(ADMIN, { id: 'D1', kind: 'smoke', name: '烟感' })
    await until('the change is told', () => woken.has('change'))
  })
})
