// Which devices are in which partition of the scaled-out form: known to the ledger in both forms.
import { describe, expect, it } from 'vitest'
import { partitionOf } from '../../contract/partitions.ts'
import type { IdentityFilter } from '../../records/ledger.ts'
import { MIGRATIONS } from '../../records/migrations/all.ts'
import { ADMIN, collect, newDirectory, startedLedger, typedByHand } from './fixture.ts'

const IDS = Array.from({ length: 300 }, (_, i) => `SMOKE-${i}`)

async function county(directory: string) {
  const ledger = await startedLedger(directory)
  const [a, b] = [
    await ledger.places.createSite(ADMIN, { name: '槐荫12号', area: '示范县/青禾街道/槐荫社区' }),
    await ledger.places.createSite(ADMIN, { name: '单家商行', area: '示范县/乐清镇' }),
  ]
  const rows = IDS.map((id, i) => ({ line: i + 2, id, kind: 'smoke' as const, name: id }))
  await ledger.devices.import(ADMIN, rows)
  for (const [i, id] of IDS.slice(0, 9).entries())
    await ledger.devices.update(ADMIN, id, { siteId: i % 3 === 0 ? a.id : b.id })
  await ledger.devices.create(ADMIN, { id: 'GAS-1', kind: 'gas', name: '燃气' })
  const states = IDS.map((deviceId, position) => ({ deviceId, position, state: '{}' }))
  await ledger.journal.append({ entries: [], states, checkpoint: 1 })
  return { ledger, a, b }
}

describe('partitions of devices', () => {
  it('are written with each device and each state', async () => {
    const directory = newDirectory()
    await county(directory)
    for (const [table, id] of [
      ['device', 'id'],
      ['device_state', 'device_id'],
    ]) {
      const rows = await typedByHand(directory, `select ${id} as id, "partition" from ${table}`)
      expect(rows.length).toBeGreaterThanOrEqual(IDS.length)
      for (const row of rows as { id: string; partition: number }[])
        expect([row.id, row.partition]).toEqual([row.id, partitionOf(row.id)])
    }
  })

  it('are found for devices and states of before', async () => {
    const directory = newDirectory()
    const { ledger } = await county(directory)
    await ledger.stop()
    const { number } = MIGRATIONS.find(({ name }) => name === 'partitions') ?? { number: 0 }
    const written = () =>
      Promise.all(
        ['device', 'device_state'].map((table) => typedByHand(directory, `select * from ${table} order by 1`)),
      )
    const before = await written()
    for (const table of ['device', 'device_state'])
      await typedByHand(
        directory,
        `drop index ${table}_partition`,
        `alter table ${table} drop column "partition"`,
        `delete from migration where number >= ${number}`,
      )
    await (await startedLedger(directory, { migrations: MIGRATIONS.slice(0, number) })).stop()
    expect(await written()).toEqual(before)
  })

  it('and ids, a site, or an area choose among the identities', async () => {
    const { ledger, a, b } = await county(newDirectory())
    const every = await collect(ledger.devices.identities())
    expect(every).toHaveLength(IDS.length + 1)
    const chosen = (filter: IdentityFilter) => collect(ledger.devices.identities(filter))
    const partition = partitionOf('SMOKE-4')
    expect(await chosen({ partition })).toEqual(every.filter(({ id }) => partitionOf(id) === partition))
    expect((await chosen({ ids: ['SMOKE-7', 'none', 'GAS-1'] })).map(({ id }) => id)).toEqual(['GAS-1', 'SMOKE-7'])
    expect(await chosen({ ids: [] })).toEqual([])
    expect(await chosen({ siteId: a.id })).toEqual(every.filter(({ siteId }) => siteId === a.id))
    const wholeCounty = every.find(({ id }) => id === 'SMOKE-0')?.areaIds[0]
    const town = every.find(({ id }) => id === 'SMOKE-1')?.areaIds[1]
    expect((await chosen({ areaId: wholeCounty })).map(({ id }) => id)).toEqual(IDS.slice(0, 9))
    expect(await chosen({ areaId: town })).toEqual(every.filter(({ siteId }) => siteId === b.id))
    expect(await chosen({ areaId: town, siteId: a.id })).toEqual([])
  })
})
