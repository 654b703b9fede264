// A real VictoriaMetrics, killed, cut off and frozen: what was acknowledged is there once, and what it cannot be used for is
// said.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { EventLog } from '../../../ingest/readings/event-log.ts'
import type { RemoteStore } from '../../../ingest/readings/port.ts'
import { StoreUnavailableError, StoreUnusableError } from '../../../ingest/readings/unavailable.ts'
import { createVictoriaStore } from '../../../ingest/readings/victoria-store.ts'
import { startVictoria, VICTORIA_MISSING } from '../../support/services/victoria.ts'
import type { VictoriaServer } from '../../support/services/victoria.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { all, DAY, KEEP, KINDS, reading } from './county.ts'

const START = Math.floor(Date.now() / 1000) * 1000 - 2 * DAY
const NO_EVENTS: EventLog = { add: async () => undefined, events: async () => [], retain: async () => undefined }

describe.skipIf(VICTORIA_MISSING)('when VictoriaMetrics fails', () => {
  let server: VictoriaServer
  const ends: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    server = await startVictoria()
  })
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })
  afterAll(() => server?.dispose())

  function storeAt(
    url: string,
    given: { timeoutMs?: number; patienceMs?: number; keepDays?: number } = {},
  ): RemoteStore {
    const store = createVictoriaStore({
      ...{ url, kinds: KINDS, events: NO_EVENTS, now: Date.now, keepDays: 90, confirmEveryMs: 0 },
      ...{ timeoutMs: 30_000, patienceMs: 60_000 },
      ...given,
    })
    ends.push(() => store.stop())
    return store
  }
  let devices = 0
  const someDevice = (): string => `meter-${++devices}`
  const some = (deviceId: string, from: number, count: number) =>
    Array.from({ length: count }, (_, index) =>
      reading(from + index, { deviceId, ts: START + (from + index) * 1000, values: { energy: from + index } }),
    )
  const stored = async (store: RemoteStore, deviceId: string): Promise<number[]> => {
    const read = await all(store.export({ deviceId, kind: 'electricity', from: START, to: START + DAY }))
    expect(read.map(({ values }) => values['energy'])).toEqual(read.map(({ ts }) => (ts - START) / 1000))
    return read.map(({ ts }) => (ts - START) / 1000)
  }
  const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1)

  it('G1: killed the moment it has acknowledged, five times over, it has everything acknowledged, once', async () => {
    const store = storeAt(server.url, { patienceMs: 500 })
    const device = someDevice()
    const acknowledged: number[] = []
    for (let round = 0; round < 5; round++) {
      const from = 1 + round * 400
      await until(() => store.append(some(device, from, 200)))
      acknowledged.push(...numbers(200).map((n) => from + n - 1))
      // The next one is on its way when the process dies; whether it was taken is not known.
      const doubtful = store.append(some(device, from + 200, 200)).then(
        () => acknowledged.push(...numbers(200).map((n) => from + 200 + n - 1)),
        () => undefined,
      )
      await server.kill()
      await doubtful
      await server.restart()
    }
    const read = await stored(store, device)
    expect(acknowledged.filter((n) => !read.includes(n))).toEqual([])
    // What was refused is brought again; what of it had been taken is not doubled.
    await until(() => store.append(some(device, 1, 2000)))
    expect(await stored(store, device)).toEqual(numbers(2000))
  })

  it('G1: killed and started again while appends wait, they go through and arrive once', async () => {
    const store = storeAt(server.url)
    const device = someDevice()
    await store.append(some(device, 1, 100))
    await server.kill()
    const waiting = Promise.all([store.append(some(device, 101, 100)), store.append(some(device, 201, 100))])
    await expect(store.latest(device, 'electricity')).rejects.toThrow(StoreUnavailableError)
    await server.restart()
    await waiting
    expect(await stored(store, device)).toEqual(numbers(300))
  })

  it('G1: a connection cut in the middle of a body, again and again, doubles and loses nothing', async () => {
    const proxy = await startTcpProxy({ port: server.port })
    ends.push(() => proxy.stop())
    const store = storeAt(`http://127.0.0.1:${proxy.port}`)
    const device = someDevice()
    await store.append(some(device, 1, 10))
    for (const [index, bytes] of [300, 5_000, 9_000].entries()) {
      proxy.cutAfter('up', bytes)
      await store.append(some(device, 11 + index * 3000, 3000))
    }
    expect(await stored(store, device)).toEqual(numbers(9010))
  })

  it('G1: a frozen link is given up after a while, and what waits goes through when it thaws', async () => {
    const proxy = await startTcpProxy({ port: server.port })
    ends.push(() => proxy.stop())
    const impatient = storeAt(`http://127.0.0.1:${proxy.port}`, { timeoutMs: 300, patienceMs: 500 })
    const device = someDevice()
    await until(() => impatient.append(some(device, 1, 10)))
    proxy.freeze()
    await expect(impatient.append(some(device, 11, 10))).rejects.toThrow(StoreUnavailableError)
    proxy.thaw()
    await until(() => impatient.append(some(device, 11, 10)))
    expect(await stored(storeAt(server.url), device)).toEqual(numbers(20))
  })

  it('leaves no snapshot behind', async () => {
    const store = storeAt(server.url)
    for (const n of numbers(5)) await store.append(some(someDevice(), n, 1))
    const listed = (await (await fetch(`${server.url}/snapshot/list`)).json()) as { snapshots: string[] }
    // Those of processes that were killed between making and deleting one may be there.
    const before = listed.snapshots.length
    await store.append(some(someDevice(), 9, 1))
    const after = (await (await fetch(`${server.url}/snapshot/list`)).json()) as { snapshots: string[] }
    expect(after.snapshots.length).toBe(before)
  })

  it('refuses a server that would double, hide or drop readings, naming every flag', async () => {
    const careless = await startVictoria({ flags: ['-retentionPeriod=1', '-snapshotAuthKey=x'] })
    ends.push(() => careless.dispose())
    await expect(storeAt(careless.url).start()).rejects.toThrow(StoreUnusableError)
    await expect(storeAt(careless.url).start()).rejects.toThrow(
      /-dedup\.minScrapeInterval=1ms -search\.latencyOffset=0s -retentionPeriod=90d -snapshotAuthKey=/,
    )
    const store = storeAt(careless.url)
    await expect(store.append(some(someDevice(), 1, 1))).rejects.toThrow(StoreUnusableError)
    await storeAt(server.url).start()
    await expect(storeAt(server.url, { keepDays: 10_000 }).start()).rejects.toThrow(/-retentionPeriod=10000d/)
  })

  it('a name from outside is a string of the question, whatever it contains', async () => {
    const store = storeAt(server.url)
    const device = someDevice()
    await store.append(some(device, 1, 3))
    const deviceId = `nobody",device=~"meter.*`
    const query = { deviceId, kind: 'electricity', from: START, to: START + DAY }
    expect(await all(store.export(query))).toEqual([])
    expect(await store.series({ ...query, metric: 'energy', points: 3 })).toEqual([])
    expect(await store.latest(deviceId, 'electricity')).toEqual([])
    expect(await store.counter({ ...query, metric: 'energy' })).toBeNull()
    await expect(store.append(some(deviceId, 1, 1))).rejects.toThrow(/no device id/)
    expect(await store.maintain(Date.now(), KEEP)).toBeUndefined()
  })

  it('finishes what was appended when it stops, takes nothing afterwards, and stops twice', async () => {
    const store = storeAt(server.url)
    const device = someDevice()
    const appends = numbers(20).map((n) => store.append(some(device, n, 1)))
    const stopping = store.stop()
    await expect(store.append(some(device, 99, 1))).rejects.toThrow(StoreUnavailableError)
    await Promise.all([...appends, stopping, store.stop()])
    expect(await stored(storeAt(server.url), device)).toEqual(numbers(20))
  })
})

/** As a caller does that must not lose anything: again, until it is taken. */
async function until(append: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await append()
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      await pause(50)
    }
  }
}
