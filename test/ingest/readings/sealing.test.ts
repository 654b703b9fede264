import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Database } from '../../../ingest/readings/database.ts'
import { all, DAY, directory, event, openStore, reading, sealAfter, START, stored, storeIn } from './county.ts'

const HOUR = 3_600_000
const range = { deviceId: 'meter-1', kind: 'electricity', metric: 'residual_current' }

describe('sealing', () => {
  it('goes on beside commits, which stay in order and complete', async () => {
    const store = await openStore({ sealRows: 1 })
    let position = 0
    const progress = { sealing: true }
    const seals = (async () => {
      for (let day = 0; day < 4; day++) await sealAfter(store, day)
      progress.sealing = false
    })()
    while (progress.sealing) {
      const batch = Array.from({ length: 200 }, () => {
        position += 1
        return reading(position, { deviceId: `meter-${position % 50}`, ts: START + (position % 4) * DAY + position })
      })
      await store.append(batch)
    }
    await seals
    expect(position).toBeGreaterThan(200)
    expect((await stored(store)).map((input) => input.position)).toEqual(
      Array.from({ length: position }, (_, i) => i + 1),
    )
  })

  it('leaves the day that is not over in the open table, and what is not decided as it was told', async () => {
    const store = await openStore()
    const ts = START + 23 * HOUR
    const twice = [
      reading(1, { ts, values: { residual_current: 900 } }),
      reading(2, { ts, values: { residual_current: 1 } }),
    ]
    await store.append(twice)
    await store.maintain(START + DAY + 60_000, { rawDays: 90, minuteDays: 365, hourDays: 1825 })
    expect(await stored(store)).toEqual(twice)
    await store.maintain(START + DAY + HOUR, { rawDays: 90, minuteDays: 365, hourDays: 1825 }, 1)
    expect(await stored(store)).toEqual(twice)
    await store.maintain(START + DAY + HOUR, { rawDays: 90, minuteDays: 365, hourDays: 1825 }, 2)
    expect(await stored(store)).toEqual([twice[1]])
  })

  it('keeps minutes and hours when the readings are dropped, hours when the minutes are, and then nothing', async () => {
    const store = await openStore()
    const inputs = Array.from({ length: 3 * 24 * 30 }, (_, index) =>
      reading(index + 1, { ts: START + index * 120_000, values: { residual_current: index % 7 } }),
    )
    await store.append(inputs)
    await store.append([event(inputs.length + 1)])
    const days = { from: START, to: START + 3 * DAY }
    const ask = (points: number): ReturnType<typeof store.series> => store.series({ ...range, ...days, points })
    const [byMinute, byHour, whole] = [await ask(3 * 24 * 30), await ask(72), await ask(1)]
    expect([byMinute.length, byHour.length, whole[0]?.count]).toEqual([2160, 72, 2160])
    const retention = { rawDays: 10, minuteDays: 30, hourDays: 100 }

    await store.maintain(START + 4 * DAY, retention)
    expect([await ask(2160), await ask(72), await ask(1)]).toEqual([byMinute, byHour, whole])

    await store.maintain(START + 20 * DAY, retention)
    expect(await all(store.export({ ...range, ...days }))).toEqual([])
    expect([await ask(2160), await ask(72), await ask(1)]).toEqual([byMinute, byHour, whole])
    expect(await store.events({ deviceId: 'meter-1', ...days, limit: 5 })).toHaveLength(1)

    // Roll-ups go by whole months: November's minutes stay until all of November is past 30 days.
    await store.maintain(START + 61 * DAY, retention)
    expect([await ask(2160), await ask(72), await ask(1)]).toEqual([byHour, byHour, whole])
    expect(await store.events({ deviceId: 'meter-1', ...days, limit: 5 })).toEqual([])

    await store.maintain(START + 140 * DAY, retention)
    expect(await ask(1)).toEqual([])
    expect(await store.latest('meter-1', 'electricity')).toHaveLength(1)
  })

  it('says of every bucket how many samples were late or suspect, from readings, minutes and hours alike', async () => {
    const path = await directory()
    const store = storeIn(path)
    await store.start()
    const ask = (points: number): ReturnType<typeof store.series> =>
      store.series({ ...range, from: START, to: START + DAY, points })
    await store.append([
      reading(1, { ts: START, receivedAt: START + 60_000 }),
      reading(2, { ts: START + 30_000, receivedAt: START + 90_001 }),
      reading(3, { ts: START + HOUR, quality: 'suspect' }),
      reading(4, { ts: START + 2 * HOUR }),
      // Sent again an hour later: it was there in time.
      reading(5, { ts: START + 2 * HOUR, receivedAt: START + 3 * HOUR }),
    ])
    const marks = async (points: number): Promise<unknown[]> =>
      (await ask(points)).map(({ count, late, suspect }) => ({ count, late, suspect }))
    const hours = [
      { count: 2, late: 1, suspect: undefined },
      { count: 1, late: undefined, suspect: 1 },
      { count: 1, late: undefined, suspect: undefined },
    ]
    expect(await marks(24)).toEqual(hours)
    await sealAfter(store, 0)
    expect(await marks(24)).toEqual(hours)
    await store.maintain(START + 40 * DAY, { rawDays: 10, minuteDays: 365, hourDays: 1825 })
    expect(await all(store.export({ ...range, from: START, to: START + DAY }))).toEqual([])
    expect([await marks(24), await marks(1440), await marks(1)]).toEqual([
      hours,
      hours,
      [{ count: 4, late: 1, suspect: 1 }],
    ])
  })

  it('opens a store of the first version, whose days mark nothing, and marks what comes', async () => {
    const path = await directory()
    const store = storeIn(path)
    await store.start()
    await store.append([reading(1)])
    await sealAfter(store, 0)
    await store.stop()
    const database = await Database.open({
      file: join(path, 'readings.duckdb'),
      temporary: join(path, 'temporary'),
      memoryLimitMb: 64,
    })
    const lane = await database.lane()
    const rolled = await lane.rows(`SELECT table_name FROM partitions WHERE level = 'hour'`)
    for (const { table_name: table } of rolled) {
      for (const count of ['late', 'suspect']) await lane.execute(`ALTER TABLE ${String(table)} DROP COLUMN ${count}`)
    }
    await lane.execute(`UPDATE meta SET value = 1 WHERE name = 'schema_version'`)
    database.close()
    expect(rolled).toHaveLength(1)
    await store.start()
    const ask = async (): Promise<unknown[]> =>
      (await store.series({ ...range, from: START, to: START + 2 * DAY, points: 2 })).map(({ late }) => late)
    expect(await ask()).toEqual([undefined])
    await store.append([reading(2, { ts: START + DAY, receivedAt: START + DAY + HOUR })])
    await sealAfter(store, 1)
    expect(await ask()).toEqual([undefined, 1])
  })

  it('answers from the same day before and after late readings touched it, and after a restart', async () => {
    const path = await directory()
    const store = storeIn(path)
    await store.start()
    const minutely = Array.from({ length: 1440 * 3 }, (_, index) => reading(index + 1, { ts: START + index * 20_000 }))
    await store.append(minutely)
    const ask = { ...range, from: START, to: START + DAY, points: 24 }
    await sealAfter(store, 0)
    const sealed = await store.series(ask)
    expect(sealed.reduce((sum, { count }) => sum + count, 0)).toBe(4320)
    await store.append([
      reading(5000, { ts: START + HOUR + 5, values: { residual_current: 1_000_000 } }),
      reading(5001, { ts: START, values: { residual_current: -1 } }),
    ])
    const late = await store.series(ask)
    expect(late[0]).toMatchObject({ min: -1, count: 180 })
    expect(late[1]).toMatchObject({ max: 1_000_000, count: 181 })
    expect(late.slice(2)).toEqual(sealed.slice(2))
    await sealAfter(store, 1)
    expect(await store.series(ask)).toEqual(late)
    await store.stop()
    await store.start()
    expect(await store.series(ask)).toEqual(late)
  })

  it('drops readings that come for a day whose readings are already dropped, and keeps its roll-ups', async () => {
    const store = await openStore()
    await store.append([reading(1)])
    const retention = { rawDays: 5, minuteDays: 365, hourDays: 1825 }
    await store.maintain(START + 8 * DAY, retention)
    await store.append([reading(2, { receivedAt: START + 8 * DAY })])
    await store.maintain(START + 9.5 * DAY, retention)
    expect(await store.series({ ...range, from: START, to: START + DAY, points: 1 })).toMatchObject([
      { count: 1, last: 1 },
    ])
  })
})
