// What `npm run influx:setup` makes, and what is read when the readings themselves are gone. InfluxDB is imitated: its tasks are
// run by the test.
import { afterEach, describe, expect, it } from 'vitest'
import { rollUpTask, setUpInflux } from '../../../ingest/readings/influx-admin.ts'
import { createInfluxStore } from '../../../ingest/readings/influx-store.ts'
import { dayOf, dayStart } from '../../../ingest/readings/schema.ts'
import { imitateInflux } from '../../support/services/influx/server.ts'
import { parseFlux } from '../../support/services/influx/flux-syntax.ts'
import { all, DAY, event, KEEP, KINDS, reading } from './county.ts'
import { exact, modelSeries } from './model.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const TODAY = dayStart(dayOf(Date.now()))
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

describe('influx:setup (imitated server)', () => {
  it('makes what is missing, and done again changes nothing; a changed policy is carried over', async () => {
    const influx = await imitateInflux()
    ends.push(() => influx.stop())
    const at = { url: influx.url, token: influx.token, org: influx.org, bucket: 'zhian', retention: KEEP }
    const done: string[] = []
    await setUpInflux(at, (line) => done.push(line))
    expect(done.filter((line) => line.includes('made'))).toHaveLength(7)
    const days = Object.fromEntries(
      [...influx.buckets].map(([name, { everySeconds }]) => [name, everySeconds / 86_400]),
    )
    expect(days).toEqual({ zhian: 90, zhian_1m: 365, zhian_1h: 1825, zhian_events: 365 })
    expect(influx.tasks.map(({ name, status }) => [name, status])).toEqual([
      ['zhian_1m from zhian', 'active'],
      ['zhian_1h from zhian', 'active'],
    ])
    done.length = 0
    await setUpInflux(at, (line) => done.push(line))
    expect(done.filter((line) => !line.includes('there'))).toEqual([])
    expect(influx.tasks).toHaveLength(2)
    await setUpInflux({ ...at, retention: { ...KEEP, rawDays: 3 } }, (line) => done.push(line))
    // Three days would be dropped before they are rolled up.
    expect(done.filter((line) => line.includes('from now on'))).toEqual(['bucket zhian: keeps 12 days from now on'])
    expect(done.join('\n')).not.toContain(influx.token)
  })

  it('its tasks are Flux that is understood', () => {
    const task = rollUpTask({ name: 'a "name"', every: '1h', from: 'raw', to: 'rolled' })
    expect(parseFlux(task).map(({ is }) => is)).toEqual([
      'import',
      'option',
      'assign',
      'assign',
      ...Array.from({ length: 6 }, () => 'expression'),
    ])
  })
})

describe('beyond the retention of readings (InfluxDB imitated)', () => {
  it('reads what the nightly tasks rolled up: late samples, marks, restarts of a counter', async () => {
    const influx = await imitateInflux()
    ends.push(() => influx.stop())
    const at = { url: influx.url, token: influx.token, org: influx.org, bucket: 'zhian', retention: KEEP }
    await setUpInflux(at, () => undefined)
    let now = Date.now()
    const store = createInfluxStore({ ...at, kinds: KINDS, now: () => now })
    ends.push(() => store.stop())
    const start = TODAY - 10 * DAY
    const inputs = Array.from({ length: 2 * 24 * 4 }, (_, index) => {
      const ts = start + index * 15 * MINUTE
      return reading(index, {
        ts,
        receivedAt: ts + (index % 7 === 0 ? DAY : 100),
        quality: index % 11 === 0 ? 'suspect' : 'device',
        values: { residual_current: (index * 37) % 50, energy: index < 100 ? 50 + index / 2 : (index - 100) / 2 },
      })
    })
    await store.append(inputs)
    // Four nights: whatever day the server counts in, these two are past.
    for (const night of [0, 1, 2, 3]) for (const { flux } of influx.tasks) influx.run(flux, Date.now() + night * DAY)
    const query = { deviceId: 'meter-1', kind: 'electricity', from: start, to: start + 3 * DAY }
    const seriesOf = (points: number) => store.series({ ...query, metric: 'residual_current', points })
    const exactly = (points: number) => modelSeries(inputs, 'meter-1', 'residual_current', query.from, query.to, points)
    const counted = await store.counter({ ...query, metric: 'energy' })

    // Readings gone, minutes there.
    now = start + 95 * DAY
    influx.expire(now)
    expect(await all(store.export(query))).toEqual([])
    for (const points of [3, 72, 288]) expect((await seriesOf(points)).map(exact)).toEqual(exactly(points).map(exact))
    const minutes = await store.counter({ ...query, metric: 'energy' })
    expect(minutes).toMatchObject({ consumed: counted?.consumed, falls: 1, days: counted?.days })

    // Minutes gone, hours there; the window begins within one.
    now = start + 400 * DAY
    influx.expire(now)
    for (const points of [3, 72]) expect((await seriesOf(points)).map(exact)).toEqual(exactly(points).map(exact))
    expect(await store.counter({ ...query, metric: 'energy' })).toEqual(minutes)
    const cut = await store.series({ ...query, metric: 'residual_current', from: start + HOUR / 2, points: 3 })
    expect(cut[0]).toMatchObject({ t: start + HOUR / 2 })

    // Across the edge: one bucket from hours and readings.
    await store.append([reading(999, { ts: now - HOUR, receivedAt: now, values: { residual_current: 1000 } })])
    const [whole] = await store.series({ ...query, metric: 'residual_current', to: now, points: 1 })
    const [old] = exactly(1)
    expect(whole).toMatchObject({ count: (old?.count ?? 0) + 1, max: 1000, last: 1000, min: old?.min })
    expect(await store.latest('meter-1', 'electricity')).toMatchObject([{ metric: 'residual_current', value: 1000 }])
  })

  it('who opened a door is forgotten after thirty days, the event stays', async () => {
    const influx = await imitateInflux()
    ends.push(() => influx.stop())
    const at = { url: influx.url, token: influx.token, org: influx.org, bucket: 'zhian', retention: KEEP }
    await setUpInflux(at, () => undefined)
    const store = createInfluxStore({ ...at, kinds: { ...KINDS, access: [] }, now: Date.now })
    ends.push(() => store.stop())
    const opened = (day: number) =>
      event(1, { kind: 'access', name: 'opened', ts: TODAY - day * DAY, data: { method: 'card', person: 'p-1' } })
    await store.append([opened(40), opened(31), opened(29)])
    await store.maintain(Date.now(), KEEP)
    const events = await store.events({ deviceId: 'meter-1', from: TODAY - 50 * DAY, to: TODAY, limit: 9 })
    expect(events.map(({ data }) => data)).toEqual([
      { method: 'card', person: 'p-1' },
      { method: 'card' },
      { method: 'card' },
    ])
    expect(events[2]).toMatchObject({ kind: 'access', name: 'opened', type: 'event' })
  })
})
