// How appends are gathered for a store on another machine.
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../../ingest/readings/unavailable.ts'
import { WriteGroups } from '../../../ingest/readings/write-groups.ts'

/** Ends no wait by itself: what goes through did not wait for it. */
const FOR_EVER = 3_600_000

describe('groups of appends', () => {
  it('gather while one is on its way, go in order, and are never divided', async () => {
    const written: number[][] = []
    const gate = Promise.withResolvers<void>()
    const groups = new WriteGroups<number>({
      ...{ everyMs: () => 0, most: 4 },
      async write(items) {
        written.push([...items])
        await gate.promise
      },
    })
    const order: number[] = []
    const appends = [[1], [2, 3], [4, 5], [6], [7, 8, 9, 10, 11]].map((items, index) =>
      groups.append(items).then(() => order.push(index)),
    )
    await pause(0)
    expect(written).toEqual([[1, 2, 3]])
    gate.resolve()
    await Promise.all(appends)
    expect(written).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9, 10, 11],
    ])
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  it('a failed group fails alone', async () => {
    let writes = 0
    const groups = new WriteGroups<number>({
      ...{ everyMs: () => 0, most: 1 },
      write: () => (++writes === 1 ? Promise.reject(new Error('no')) : Promise.resolve()),
    })
    const [first, second] = await Promise.allSettled([groups.append([1]), groups.append([2])])
    expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled'])
  })

  it('where a group has its price few wait, many do not, and a stop waits for nobody', async () => {
    const written: number[] = []
    const groups = new WriteGroups<number>({
      ...{ everyMs: (waiting) => (waiting < 3 ? FOR_EVER : 0), most: 100 },
      async write(items) {
        written.push(items.length)
      },
    })
    await groups.append([1])
    const few = groups.append([2])
    await pause(20)
    expect(written).toEqual([1])
    await Promise.all([few, groups.append([3, 4])])
    expect(written).toEqual([1, 3])
    await groups.append([5, 6, 7])
    const last = groups.append([8])
    await Promise.all([groups.stop(), groups.stop(), last])
    expect(written).toEqual([1, 3, 3, 1])
    await expect(groups.append([9])).rejects.toThrow(StoreUnavailableError)
  })
})
