// What a process reads when the ledger says that something is another now: what is named, in few questions, and nobody else.
import { describe, expect, it } from 'vitest'
import { takeChangedDevices } from '../../cluster/changed-devices.ts'
import type { DeviceIdentity, IdentityFilter } from '../../records/ledger.ts'
import type { LedgerChange } from '../../records/ledger/cluster.ts'

const COUNT = 5_000

/** A thousand sites of five devices, in ten areas of a county. */
class Devices {
  readonly asked: IdentityFilter[] = []
  read = 0
  private readonly all = Array.from({ length: COUNT }, (_, n) => {
    const site = n % 1_000
    return { id: `D${n}`, siteId: `S${site}`, areaIds: ['county', `A${site % 10}`] } as unknown as DeviceIdentity
  })

  async *identities(filter: IdentityFilter = {}): AsyncIterable<DeviceIdentity> {
    this.asked.push(filter)
    const { ids, siteId, areaId } = filter
    for (const device of this.all) {
      if (ids !== undefined && !ids.includes(device.id)) continue
      if (siteId !== undefined && device.siteId !== siteId) continue
      if (areaId !== undefined && !device.areaIds.includes(areaId)) continue
      this.read++
      yield device
    }
  }
}

async function taken(...changes: [what: LedgerChange['what'], id: string][]) {
  const devices = new Devices()
  const put = new Set<string>()
  const removed: string[] = []
  await takeChangedDevices(
    devices,
    changes.map(([what, id], index) => ({ seq: index + 1, what, id })),
    { put: ({ id }) => void put.add(id), remove: (id) => void removed.push(id) },
  )
  return { put, removed, questions: devices.asked.length, read: devices.read }
}

describe('devices that a change names', () => {
  it('an import of a thousand costs two questions, and none about the others', async () => {
    const answer = await taken(...Array.from({ length: 1_000 }, (_, n): ['device', string] => ['device', `D${n}`]))
    expect(answer.put.size).toBe(1_000)
    expect([answer.questions, answer.read, answer.removed]).toEqual([2, 1_000, []])
  })

  it('one that is gone is removed, one that is named twice is read once', async () => {
    const answer = await taken(['device', 'D7'], ['device', 'gone'], ['device', 'D7'])
    expect([[...answer.put], answer.removed, answer.read]).toEqual([['D7'], ['gone'], 1])
  })

  it('a site and an area take those along that stand there', async () => {
    const site = await taken(['site', 'S3'])
    expect([...site.put].toSorted()).toEqual(['D1003', 'D2003', 'D3', 'D3003', 'D4003'])
    const area = await taken(['area', 'A3'])
    expect(area.put.size).toBe(COUNT / 10)
    expect(area.read).toBe(COUNT / 10)
  })

  it('what is about something else reads nothing', async () => {
    const answer = await taken(['rules', 'gas'], ['user', 'u'], ['setting', 's'], ['session', 'x'])
    expect([answer.questions, answer.put.size, answer.removed]).toEqual([0, 0, []])
  })
})
