import { describe, expect, it } from 'vitest'
import { all, DAY, directory, event, KINDS, openStore, reading, sealAfter, START, stored, storeIn } from './county.ts'

describe('what only the embedded store does', () => {
  it('gives back what was appended, in order of position, open and sealed', async () => {
    const store = await openStore()
    const inputs = [
      reading(1, { quality: 'suspect', values: { residual_current: 12.3, energy: 99_999_999.99 } }),
      event(2, { data: { by: 'local', text: '重启 "1"' } }),
      reading(3, { deviceId: 'gas-1', kind: 'gas', quality: 'received', values: { lel: 0 } }),
      event(4, { type: 'status', name: 'offline', data: {} }),
      reading(5, { values: {} }),
    ]
    await store.append(inputs.slice(0, 2))
    await store.append(inputs.slice(2))
    expect(await stored(store)).toEqual(inputs)
    expect(await stored(store, 3)).toEqual(inputs.slice(3))
    await sealAfter(store, 0)
    expect(await stored(store)).toEqual(inputs)
    expect(await stored(store, 4)).toEqual(inputs.slice(4))
    expect(await stored(store, 5)).toEqual([])
  })

  it('says the highest position at start, also when its row is gone', async () => {
    const path = await directory()
    const first = storeIn(path)
    expect(await first.start()).toEqual({ position: 0 })
    await first.append([reading(7), reading(9)])
    await first.stop()
    const second = storeIn(path)
    expect(await second.start()).toEqual({ position: 9 })
    await second.maintain(START + 120 * DAY, { rawDays: 90, minuteDays: 90, hourDays: 90 })
    expect(await stored(second)).toEqual([])
    await second.stop()
    const third = storeIn(path)
    expect(await third.start()).toEqual({ position: 9 })
  })

  it('merges one (device, ts): other metrics join, the last value of a metric wins', async () => {
    const store = await openStore()
    const ts = START + 1000
    await store.append([
      reading(1, { ts, values: { residual_current: 1, voltage_a: 220 } }),
      reading(2, { ts, values: { residual_current: 2 } }),
      reading(3, { ts, values: { energy: 5 }, quality: 'suspect' }),
      reading(4, { ts: ts + 1 }),
    ])
    const merged = reading(3, { ts, values: { residual_current: 2, voltage_a: 220, energy: 5 }, quality: 'suspect' })
    const range = { deviceId: 'meter-1', kind: 'electricity', from: START, to: START + DAY }
    expect(await all(store.export(range))).toEqual([merged, reading(4, { ts: ts + 1 })])
    await sealAfter(store, 0)
    expect(await all(store.export(range))).toEqual([merged, reading(4, { ts: ts + 1 })])
    // A late delivery of the same sample, after its day was sealed.
    await store.append([reading(5, { ts, values: { voltage_a: 221 } })])
    const again = { ...merged, position: 5, quality: 'device', values: { ...merged.values, voltage_a: 221 } }
    expect((await all(store.export(range)))[0]).toEqual(again)
    await sealAfter(store, 1)
    expect((await all(store.export(range)))[0]).toEqual(again)
  })

  it('stores 100,000 duplicate deliveries as one row each', async () => {
    const store = await openStore()
    const samples = Array.from({ length: 1000 }, (_, index) => ({
      deviceId: `meter-${index % 10}`,
      ts: START + index * 1000,
      values: { residual_current: index },
    }))
    let position = 0
    const appends: Promise<void>[] = []
    for (let round = 0; round < 100; round++) {
      appends.push(store.append(samples.map((sample) => reading(++position, sample))))
      if (round === 50) await store.maintain(START + 1.5 * DAY, { rawDays: 90, minuteDays: 365, hourDays: 1825 })
    }
    await Promise.all(appends)
    const counts = async (): Promise<number> => {
      let count = 0
      for (let device = 0; device < 10; device++) {
        const range = { deviceId: `meter-${device}`, kind: 'electricity', from: START, to: START + DAY }
        for (const bucket of await store.series({ ...range, metric: 'residual_current', points: 7 }))
          count += bucket.count
        expect(await all(store.export(range))).toHaveLength(100)
      }
      return count
    }
    expect(await counts()).toBe(1000)
    await sealAfter(store, 3)
    expect(await counts()).toBe(1000)
    expect(await stored(store)).toHaveLength(1000)
  })

  it('commits in the order of the calls, and counts what is not durable yet', async () => {
    const store = await openStore()
    const order: number[] = []
    const appends = Array.from({ length: 500 }, (_, index) =>
      store.append([reading(index + 1)]).then(() => order.push(index + 1)),
    )
    expect(store.backlog).toBe(500)
    await Promise.all(appends)
    expect(store.backlog).toBe(0)
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect((await stored(store)).map(({ position }) => position)).toEqual(order)
  })

  it('widens: a new metric and a new kind, with old rows, sealed rows and both orders of columns', async () => {
    const path = await directory()
    const narrow = storeIn(path)
    await narrow.start()
    await narrow.append([reading(1)])
    await sealAfter(narrow, 0)
    await narrow.append([reading(2)])
    await narrow.stop()
    const kinds = { smoke: ['smoke_level'], electricity: ['power', ...KINDS.electricity, 'frequency'], gas: ['lel'] }
    const wide = storeIn(path, { kinds })
    expect(await wide.start()).toEqual({ position: 2 })
    const news = [
      reading(3, { values: { power: 9, energy: 8, frequency: 50 } }),
      reading(4, { deviceId: 's', kind: 'smoke', values: { smoke_level: 1 } }),
    ]
    await wide.append(news)
    expect(await stored(wide)).toEqual([reading(1), reading(2), ...news])
    await sealAfter(wide, 1)
    expect(await stored(wide)).toEqual([reading(1), reading(2), ...news])
    expect(await wide.latest('meter-1', 'electricity')).toEqual([
      { metric: 'power', value: 9, ts: START + 3000 },
      { metric: 'residual_current', value: 2, ts: START + 2000 },
      { metric: 'energy', value: 8, ts: START + 3000 },
      { metric: 'frequency', value: 50, ts: START + 3000 },
    ])
    await wide.stop()
    // Older code, which does not know the new metric, still reads and writes.
    const old = storeIn(path)
    await old.start()
    await old.append([reading(5)])
    expect((await stored(old, 4)).at(-1)).toEqual(reading(5))
  })

  it('refuses names that are no names', async () => {
    const path = await directory()
    expect(() => storeIn(path, { kinds: { 'x"; DROP TABLE meta': [] } })).toThrow(/kind/)
    expect(() => storeIn(path, { kinds: { gas: ['le"l'] } })).toThrow(/metric/)
    expect(() => storeIn(path, { kinds: { gas: ['lel', 'lel'] } })).toThrow(/doubled/)
    expect(() => storeIn(path, { kinds: { gas: ['position'] } })).toThrow(/reserved/)
  })

  it('knows the newest value of each metric, over late readings, sealing and restart', async () => {
    const path = await directory()
    const store = storeIn(path)
    await store.start()
    await store.append([
      reading(1, { ts: START + 5000, values: { residual_current: 5, voltage_a: 220 } }),
      reading(2, { ts: START + 3000, values: { residual_current: 3, energy: 1 } }),
      reading(3, { ts: START + 5000, values: { residual_current: 6 } }),
    ])
    const newest = [
      { metric: 'residual_current', value: 6, ts: START + 5000 },
      { metric: 'voltage_a', value: 220, ts: START + 5000 },
      { metric: 'energy', value: 1, ts: START + 3000 },
    ]
    expect(await store.latest('meter-1', 'electricity')).toEqual(newest)
    await store.stop()
    await store.start()
    expect(await store.latest('meter-1', 'electricity')).toEqual(newest)
    await sealAfter(store, 0)
    await store.append([reading(4, { ts: START + 4000, values: { residual_current: 4, energy: 2 } })])
    const later = [...newest.slice(0, 2), { metric: 'energy', value: 2, ts: START + 4000 }]
    expect(await store.latest('meter-1', 'electricity')).toEqual(later)
    await sealAfter(store, 1)
    await store.stop()
    await store.start()
    expect(await store.latest('meter-1', 'electricity')).toEqual(later)
    expect(await store.latest('meter-1', 'gas')).toEqual([])
    expect(await store.latest('nobody', 'gas')).toEqual([])
  })

  it('lists events newest first, redeliveries once', async () => {
    const store = await openStore()
    await store.append([
      event(1),
      event(2, { name: 'muted' }),
      event(3, { ts: START + 1000 }),
      event(4, { deviceId: 'other' }),
    ])
    const query = { deviceId: 'meter-1', from: START, to: START + 40 * DAY, limit: 10 }
    expect(await store.events(query)).toEqual([event(2, { name: 'muted' }), event(1)])
    await store.maintain(START + 2 * DAY, { rawDays: 90, minuteDays: 365, hourDays: 1825 })
    await store.append([event(5, { ts: START + 1000 }), event(6, { ts: START + 31 * DAY })])
    const newest = event(6, { ts: START + 31 * DAY })
    expect(await store.events(query)).toEqual([newest, event(2, { name: 'muted' }), event(1)])
    await store.maintain(START + 33 * DAY, { rawDays: 90, minuteDays: 365, hourDays: 1825 })
    expect(await store.events(query)).toEqual([newest, event(2, { name: 'muted' }), event(1)])
    expect(await store.events({ ...query, limit: 1 })).toEqual([newest])
    expect(await store.events({ ...query, to: START + 1500 })).toEqual([event(1)])
  })

  it('finishes what was appended when it stops, takes nothing afterwards, and stops twice', async () => {
    const path = await directory()
    const store = storeIn(path)
    await store.start()
    const appends = Array.from({ length: 50 }, (_, index) => store.append([reading(index + 1)]))
    const stopping = store.stop()
    await expect(store.append([reading(99)])).rejects.toThrow(/closing/)
    await Promise.all([...appends, stopping, store.stop()])
    await expect(store.append([reading(99)])).rejects.toThrow(/not started/)
    expect(await store.start()).toEqual({ position: 50 })
  })
})
