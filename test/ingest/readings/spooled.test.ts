// A hub whose readings are kept elsewhere: what is acknowledged is on its own disk, comes back in order, and reaches the store
// once, whatever happens to either.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { setUpInflux } from '../../../ingest/readings/influx-admin.ts'
import { createInfluxStore } from '../../../ingest/readings/influx-store.ts'
import type { RemoteStore, StoredInput } from '../../../ingest/readings/port.ts'
import { Spool } from '../../../ingest/readings/spool.ts'
import { createSpooledStore } from '../../../ingest/readings/spooled-store.ts'
import type { SpooledStore, SpooledStoreOptions } from '../../../ingest/readings/spooled-store.ts'
import { StoreUnavailableError, UnfitInputError } from '../../../ingest/readings/unavailable.ts'
import { imitateInflux } from '../../support/services/influx/server.ts'
import { readingStoreContract } from './contract.ts'
import { all, DAY, directory, event, KEEP, KINDS, reading, stored } from './county.ts'

const START = Math.floor(Date.now() / 1000) * 1000 - 2 * DAY
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const some = (from: number, count: number, given: object = {}): StoredInput[] =>
  Array.from({ length: count }, (_, index) => reading(from + index, { ts: START + (from + index) * 1000, ...given }))
const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1)

/** Keeps what it takes, and refuses while it is away. */
function remoteInMemory(): RemoteStore & { away: boolean; readonly taken: StoredInput[] } {
  const taken: StoredInput[] = []
  return {
    away: false,
    taken,
    start: async () => undefined,
    async append(inputs) {
      if (this.away) throw new StoreUnavailableError('away')
      for (const input of inputs)
        if (input.type === 'reading' && 'voltage_a' in input.values) throw new UnfitInputError('no metric voltage_a')
      taken.push(...inputs)
    },
    series: async () => [],
    counter: async () => null,
    latest: async () => [],
    events: async () => [],
    export: async function* () {},
    maintain: async () => undefined,
    stop: async () => undefined,
  }
}

function storeIn(path: string, remote: RemoteStore, given: Partial<SpooledStoreOptions> = {}): SpooledStore {
  const store = createSpooledStore({
    ...{ directory: path, kinds: KINDS, remote, problem: () => undefined, refused: () => undefined },
    ...given,
  })
  ends.push(() => store.stop())
  return store
}

async function caughtUp(store: SpooledStore): Promise<void> {
  while (store.behind > 0) await pause(5)
}

describe('readings on their way to another machine', () => {
  it('G1: are durable here while the store is away, and there once when it is back', async () => {
    const path = await directory()
    const remote = remoteInMemory()
    const problems: (string | null)[] = []
    const store = storeIn(path, remote, { problem: (sentence) => problems.push(sentence) })
    expect(await store.start()).toEqual({ position: 0 })
    remote.away = true
    await Promise.all([store.append(some(1, 10)), store.append(some(11, 10)), store.append([event(21)])])
    expect(store.behind).toBe(21)
    expect((await stored(store)).map(({ position }) => position)).toEqual(numbers(21))
    expect(await stored(store, 15)).toEqual([...some(16, 5), event(21)])
    remote.away = false
    await caughtUp(store)
    expect(remote.taken.map(({ position }) => position)).toEqual(numbers(21))
    expect(problems.slice(-2)).toEqual(['away', null])
  })

  it('G1: survive the hub: what was not shipped is shipped after the next start, in order', async () => {
    const path = await directory()
    const remote = remoteInMemory()
    remote.away = true
    const first = storeIn(path, remote)
    await first.start()
    await first.append(some(1, 50))
    await first.stop()
    await expect(first.append(some(51, 1))).rejects.toThrow(StoreUnavailableError)
    remote.away = false
    const second = storeIn(path, remote)
    expect(await second.start()).toEqual({ position: 50 })
    await second.append(some(51, 1))
    await caughtUp(second)
    expect(remote.taken.map(({ position }) => position)).toEqual(numbers(51))
    await second.stop()
    const third = storeIn(path, remote)
    expect(await third.start()).toEqual({ position: 51 })
    await caughtUp(third)
    expect(remote.taken).toHaveLength(51)
  })

  it('keep the position when every segment is gone but the newest, and lose no segment that is needed', async () => {
    const path = await directory()
    const remote = remoteInMemory()
    const store = storeIn(path, remote, { segmentBytes: 2_000 })
    await store.start()
    for (const n of numbers(60)) await store.append(some(n, 1))
    await caughtUp(store)
    const segments = async () => (await readdir(path)).filter((name) => name.endsWith('.spool')).length
    const before = await segments()
    expect(before).toBeGreaterThan(3)
    await store.maintain(Date.now(), KEEP, 30)
    const decided = await segments()
    expect(decided).toBeLessThan(before)
    expect((await stored(store, 30)).map(({ position }) => position)).toEqual(numbers(60).slice(30))
    await store.maintain(Date.now(), KEEP, 60)
    expect(await segments()).toBe(1)
    remote.away = true
    for (const n of numbers(60)) await store.append(some(60 + n, 1))
    await store.maintain(Date.now(), KEEP, 120)
    // Decided, and not in the store yet.
    expect((await stored(store, 60)).map(({ position }) => position)).toEqual(numbers(60).map((n) => n + 60))
    await store.stop()
    for (const name of await readdir(path)) if (name.endsWith('.spool')) await rm(join(path, name))
    // Whoever moved them away lost what was in them, not the count.
    expect((await storeIn(path, remote).start()).position).toBe(60)
  })

  it('G1: a failed write is told, nothing after it is taken, and a new start says what is stored', async () => {
    const path = await directory()
    const remote = remoteInMemory()
    const store = storeIn(path, remote, { segmentBytes: 1 })
    await store.start()
    await store.append(some(1, 3))
    await caughtUp(store)
    await rm(path, { recursive: true })
    await expect(store.append(some(4, 3))).rejects.toThrow(StoreUnavailableError)
    await expect(store.append(some(7, 3))).rejects.toThrow(StoreUnavailableError)
    await mkdir(path)
    await store.start()
    await store.append(some(4, 3))
    await caughtUp(store)
    expect(remote.taken.map(({ position }) => position)).toEqual(numbers(6))
  })

  it('what the store will never take is told and keeps nothing else; what this hub does not know is refused at once', async () => {
    const refused: number[] = []
    const remote = remoteInMemory()
    const store = storeIn(await directory(), remote, { refused: ({ position }) => refused.push(position) })
    await store.start()
    await expect(store.append(some(1, 1, { kind: 'camera' }))).rejects.toThrow(/no kind/)
    await store.append([...some(1, 5), ...some(6, 1, { values: { voltage_a: 220 } }), ...some(7, 5)])
    await caughtUp(store)
    expect(refused).toEqual([6])
    expect(remote.taken.map(({ position }) => position)).toEqual(numbers(11).filter((n) => n !== 6))
  })

  it('G1: whatever byte a crash ends at, every whole append is there and the rest is cut off', async () => {
    const path = await directory()
    const spool = new Spool(join(path, 'whole'))
    await spool.open(0)
    const appended: StoredInput[][] = []
    const ends: number[] = []
    const [name = ''] = await readdir(join(path, 'whole'))
    for (const [index, size] of [1, 3, 40, 1, 7].entries()) {
      const inputs = [...some(1 + index * 100, size), event(90 + index * 100, { data: { text: '重启\n"' } })]
      await spool.append(inputs)
      appended.push(inputs)
      ends.push((await readFile(join(path, 'whole', name))).length)
    }
    await spool.close()
    const bytes = await readFile(join(path, 'whole', name))
    let copies = 0
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), fc.boolean(), async (length, garbled) => {
        const torn = join(path, `torn-${++copies}`)
        await mkdir(torn)
        const content = Buffer.from(bytes.subarray(0, length))
        // A block that reached the disk out of order: the last byte is another.
        if (garbled && length > 0) content[length - 1] = (content[length - 1] ?? 0) ^ 1
        await writeFile(join(torn, name), content)
        const again = new Spool(torn)
        const { position, repaired } = await again.open(0)
        const whole = appended.filter((_, index) => (ends[index] ?? Infinity) <= (garbled ? length - 1 : length)).flat()
        expect(position).toBe(whole.at(-1)?.position ?? 0)
        expect(repaired === undefined).toBe(
          content.length === (ends[ends.findLastIndex((end) => end <= (garbled ? length - 1 : length))] ?? 0),
        )
        const next = some(1000, 2)
        await again.append(next)
        const read: StoredInput[] = []
        const reader = again.reader(0)
        for (let page = await reader.next(); page !== null; page = await reader.next()) read.push(...page)
        expect(read).toEqual([...whole, ...next])
        await again.close()
      }),
      { numRuns: 60 },
    )
  })

  it('after(position) is exact for any appends, segments and restarts', async () => {
    const batch = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }),
      restart: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 5 }), fc.nat(200), async (batches, after) => {
        const path = await directory()
        let spool = new Spool(path, 3_000)
        await spool.open(0)
        const model: StoredInput[] = []
        for (const { sizes, restart } of batches) {
          await Promise.all(
            sizes.map((size) => {
              const inputs = some((model.at(-1)?.position ?? 0) + 1, size)
              model.push(...inputs)
              return spool.append(inputs)
            }),
          )
          if (!restart) continue
          await spool.close()
          spool = new Spool(path, 3_000)
          expect((await spool.open(0)).position).toBe(model.at(-1)?.position ?? 0)
        }
        const read: StoredInput[] = []
        const reader = spool.reader(after)
        for (let page = await reader.next(); page !== null; page = await reader.next()) read.push(...page)
        expect(read).toEqual(model.filter(({ position }) => position > after))
        await spool.close()
      }),
      { numRuns: 30 },
    )
  })
})

const closing: (() => Promise<unknown>)[] = []
readingStoreContract(
  'A spool before InfluxDB (imitated)',
  { lastDeliveryWins: true },
  async () => {
    const { mkdtemp } = await import('node:fs/promises')
    const path = await mkdtemp(join((await import('node:os')).tmpdir(), 'zhian-spool-'))
    const influx = await imitateInflux()
    closing.push(
      () => influx.stop(),
      () => rm(path, { recursive: true, force: true }),
    )
    const at = { url: influx.url, token: influx.token, org: influx.org, bucket: 'zhian', retention: KEEP }
    await setUpInflux(at, () => undefined)
    const remote = createInfluxStore({ ...at, kinds: KINDS, now: Date.now })
    const store = createSpooledStore({
      ...{ directory: path, kinds: KINDS, remote, problem: () => undefined, refused: () => undefined },
    })
    await store.start()
    const asked =
      <Question extends unknown[], Answer>(ask: (...question: Question) => Promise<Answer>) =>
      async (...question: Question): Promise<Answer> => {
        await caughtUp(store)
        return ask(...question)
      }
    return {
      append: store.append,
      stop: store.stop,
      settle: () => caughtUp(store),
      series: asked(store.series),
      counter: asked(store.counter),
      latest: asked(store.latest),
      events: asked(store.events),
      export: async function* (query) {
        await caughtUp(store)
        yield* await all(store.export(query))
      },
    }
  },
  async () => {
    for (const end of closing.splice(0).toReversed()) await end()
  },
)
