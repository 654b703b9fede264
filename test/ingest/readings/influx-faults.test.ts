// InfluxDB imitated, so that it fails on command: whatever befalls a write, every reading is stored once, or the append says no.
import { afterEach, describe, expect, it } from 'vitest'
import { setUpInflux } from '../../../ingest/readings/influx-admin.ts'
import { createInfluxStore } from '../../../ingest/readings/influx-store.ts'
import type { InfluxStoreOptions } from '../../../ingest/readings/influx-store.ts'
import type { RemoteStore } from '../../../ingest/readings/port.ts'
import { StoreUnavailableError, StoreUnusableError } from '../../../ingest/readings/unavailable.ts'
import { imitateInflux } from '../../support/services/influx/server.ts'
import type { ImitatedInflux, Mishap } from '../../support/services/influx/server.ts'
import { all, DAY, event, KEEP, KINDS, reading } from './county.ts'

const START = Math.floor(Date.now() / 1000) * 1000 - 2 * DAY
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function setUp(given: Partial<InfluxStoreOptions> = {}): Promise<{ influx: ImitatedInflux; store: RemoteStore }> {
  const influx = await imitateInflux()
  ends.push(() => influx.stop())
  const at = { url: influx.url, token: influx.token, org: influx.org, bucket: 'zhian', retention: KEEP }
  await setUpInflux(at, () => undefined)
  const store = createInfluxStore({ ...at, kinds: KINDS, now: Date.now, timeoutMs: 30_000, ...given })
  ends.push(() => store.stop())
  return { influx, store }
}

const some = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => reading(from + index, { ts: START + (from + index) * 1000 }))
const stored = async (store: RemoteStore): Promise<number[]> => {
  const read = await all(store.export({ deviceId: 'meter-1', kind: 'electricity', from: START, to: START + DAY }))
  return read.map(({ ts }) => (ts - START) / 1000)
}
const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1)

describe('when InfluxDB fails (imitated)', () => {
  const mishaps: readonly (readonly [string, Mishap])[] = [
    ['429 with Retry-After', { answers: 429, retryAfter: 1 }],
    ['503', { answers: 503 }],
    ['500 after all was taken', { answers: 500, takes: true }],
    ['a connection cut in the body', { breaks: 'in the body' }],
    ['a connection cut before the answer', { breaks: 'before the answer' }],
    ['silence', { silent: true }],
    ['silence after all was taken', { silent: true, takes: true }],
  ]
  for (const [name, mishap] of mishaps)
    it(`G1: ${name}: every reading arrives once`, async () => {
      const { influx, store } = await setUp({ timeoutMs: 1_000, patienceMs: 60_000 })
      await store.append(some(1, 10))
      influx.mishaps.push(mishap, mishap)
      const began = performance.now()
      await store.append(some(11, 10))
      if ('retryAfter' in mishap) expect(performance.now() - began).toBeGreaterThanOrEqual(1_900)
      expect(influx.mishaps).toEqual([])
      await store.append(some(21, 1))
      expect(await stored(store)).toEqual(numbers(21))
    })

  it('G1: rejects when patience ends, and nothing of the rejected batch hinders what comes after', async () => {
    const { influx, store } = await setUp({ patienceMs: 300 })
    influx.mishaps.push(...Array.from({ length: 3 }, (): Mishap => ({ answers: 503 })))
    await expect(store.append(some(1, 10))).rejects.toThrow(StoreUnavailableError)
    influx.mishaps.splice(0)
    await store.append(some(1, 20))
    expect(await stored(store)).toEqual(numbers(20))
  })

  it('G1: a server that is gone and comes back has every acknowledged reading once', async () => {
    const { influx, store } = await setUp({ patienceMs: 100 })
    const acknowledged: number[] = []
    const append = (from: number): Promise<void> =>
      store.append(some(from, 5)).then(() => void acknowledged.push(...numbers(5).map((n) => from + n - 1)))
    await append(1)
    await influx.stop()
    await expect(append(6)).rejects.toThrow(StoreUnavailableError)
    await expect(store.latest('meter-1', 'electricity')).rejects.toThrow(StoreUnavailableError)
    await influx.restart()
    // Whoever appends keeps what was refused and brings it again, and then what came meanwhile.
    await Promise.all([append(6), append(11)])
    expect(acknowledged).toEqual(numbers(15))
    expect(await stored(store)).toEqual(numbers(15))
  })

  it('writes thousands in a few gzipped requests, none of them fire-and-forget', async () => {
    const { influx, store } = await setUp()
    await Promise.all([store.append(some(1, 6_000)), store.append(some(6_001, 6_000)), store.append([event(1)])])
    expect(await stored(store)).toEqual(numbers(12_000))
    const readings = influx.writes.filter(({ bucket }) => bucket === 'zhian')
    expect(readings.reduce((sum, { lines }) => sum + lines, 0)).toBe(12_000)
    expect(readings.length).toBeLessThanOrEqual(4)
    expect(readings.every(({ gzip }) => gzip)).toBe(true)
  })

  it('what is older than the server keeps is counted, and its neighbours are stored', async () => {
    let tooOld = 0
    const { store } = await setUp({ tooOld: (points) => (tooOld += points) })
    await store.append([reading(1, { ts: START - 200 * DAY }), ...some(1, 3)])
    expect(tooOld).toBe(1)
    expect(await stored(store)).toEqual(numbers(3))
  })

  it('a wrong token and missing buckets are sentences, and are not tried again', async () => {
    const { influx, store } = await setUp()
    const at = { url: influx.url, org: influx.org, retention: KEEP, kinds: KINDS, now: Date.now }
    // If it were tried again, this would not end.
    const stranger = createInfluxStore({ ...at, token: 'another', bucket: 'zhian', patienceMs: Infinity })
    ends.push(() => stranger.stop())
    await expect(stranger.start()).rejects.toThrow(/ZHIAN_INFLUX_TOKEN/)
    await expect(stranger.append(some(1, 1))).rejects.toThrow(StoreUnusableError)
    const early = createInfluxStore({ ...at, token: influx.token, bucket: 'elsewhere' })
    ends.push(() => early.stop())
    await expect(early.start()).rejects.toThrow(/elsewhere, elsewhere_1m, elsewhere_1h, elsewhere_events.*influx:setup/)
    await store.start()
  })

  it('a name from outside is a string of the question, whatever it contains', async () => {
    const { influx, store } = await setUp()
    await store.append(some(1, 3))
    const deviceId = 'meter-1" or r.device != "'
    const query = { deviceId, kind: 'electricity', from: START, to: START + DAY }
    expect(await all(store.export(query))).toEqual([])
    expect(await store.series({ ...query, metric: 'residual_current', points: 3 })).toEqual([])
    expect(await store.latest(deviceId, 'electricity')).toEqual([])
    expect(await store.events({ ...query, limit: 3 })).toEqual([])
    expect(influx.queries).not.toEqual([])
    for (const flux of influx.queries) expect(flux).toContain('"meter-1\\" or r.device != \\""')
  })

  it('finishes what was appended when it stops, takes nothing afterwards, and stops twice', async () => {
    const { store } = await setUp()
    const appends = numbers(20).map((n) => store.append(some(n, 1)))
    const stopping = store.stop()
    await expect(store.append(some(99, 1))).rejects.toThrow(StoreUnavailableError)
    await Promise.all([...appends, stopping, store.stop()])
    expect(await stored(store)).toEqual(numbers(20))
  })
})
