// What every reading store owes whoever asks it, whichever engine keeps the readings. Run against each of them.
//
// Two deliveries of one (device, ts) are the same here unless a trait says otherwise: which of two different values stays is
// an engine's own business.
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LATE_AFTER_MS } from '../../../contract/payloads.ts'
import type { ReadingQueries, StoredEvent, StoredInput, StoredReading } from '../../../ingest/readings/port.ts'
import { dayOf, dayStart } from '../../../ingest/readings/schema.ts'
import { until } from '../../support/hub-process.ts'
import { all, DAY, event, reading } from './county.ts'
import { exact, merged, modelSeries, reckoned } from './model.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
/** Midnight in China three weeks ago: old enough to be sealed, young enough to be kept. */
const START = dayStart(dayOf(Date.now()) - 21)

export interface StoreUnderTest extends ReadingQueries {
  append(inputs: readonly StoredInput[]): Promise<void>
  stop(): Promise<void>
  /** Whatever the engine does with readings between their arrival and the question. */
  settle(): Promise<void>
}

export interface Traits {
  /** Of two values of a metric for one (device, ts) the one delivered later stays. */
  readonly lastDeliveryWins: boolean
}

/** `open` gives a started store, new or one that has seen other devices; `close` ends what it needed. */
export function readingStoreContract(
  name: string,
  traits: Traits,
  open: () => Promise<StoreUnderTest>,
  close: () => Promise<unknown> = () => Promise.resolve(),
): void {
  describe(`${name} keeps the contract of a reading store`, () => {
    let store: StoreUnderTest
    beforeAll(async () => {
      store = await open()
    })
    afterAll(async () => {
      await store?.stop()
      await close()
    })

    // One store for all of them, and devices of their own.
    let devices = 0
    const someDevice = (): string => `d-${++devices}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
    let position = 0
    const said = (deviceId: string, given: Partial<StoredReading>): StoredReading =>
      reading(++position, { deviceId, receivedAt: given.ts ?? 0, ...given })
    const happened = (deviceId: string, given: Partial<StoredEvent>): StoredEvent =>
      event(++position, { deviceId, receivedAt: given.ts ?? 0, ...given })
    const everything = (deviceId: string, kind = 'electricity') => ({
      deviceId,
      kind,
      from: START,
      to: START + 8 * DAY,
    })
    const exported = async (deviceId: string, kind?: string): Promise<StoredReading[]> =>
      unplaced(await all(store.export(everything(deviceId, kind))))

    it('gives readings back as they were, in order of time', async () => {
      const device = someDevice()
      const inputs = [
        said(device, {
          ts: START + 3000,
          receivedAt: START + 3450,
          values: { residual_current: 12.3, energy: 99_999_999.99 },
        }),
        said(device, { ts: START + 1000, quality: 'suspect', values: { voltage_a: 220 } }),
        said(device, { ts: START + 2000, quality: 'received', values: { residual_current: 0, voltage_a: -0.01 } }),
        said(device, { ts: START + 5 * DAY, receivedAt: START + 6 * DAY, values: {} }),
      ]
      await store.append(inputs.slice(0, 3))
      await store.append(inputs.slice(3))
      await store.settle()
      expect(await exported(device)).toEqual(unplaced(inputs).toSorted((a, b) => a.ts - b.ts))
      expect(
        unplaced(await all(store.export({ ...everything(device), from: START + 2000, to: START + 3000 }))),
      ).toEqual(unplaced(inputs.slice(2, 3)))
    })

    it('keeps every step of 0.01 up to 99,999,999', async () => {
      const device = someDevice()
      const energies = [99_999_998.99, 99_999_999, 0.01, 123_456.78, 0.1 + 0.2, 1e-3]
      await store.append(energies.map((energy, index) => said(device, { ts: START + index, values: { energy } })))
      await store.settle()
      const read = (await exported(device)).map(({ values }) => values['energy'] ?? NaN)
      expect(read.map((energy) => Number(energy.toPrecision(14)))).toEqual(
        energies.map((energy) => Number(energy.toPrecision(14))),
      )
    })

    it('merges one (device, ts): other metrics join', async () => {
      const device = someDevice()
      const ts = START + HOUR
      await store.append([
        said(device, { ts, values: { residual_current: 1, voltage_a: 220 } }),
        said(device, { ts: ts + 1, values: { energy: 3 } }),
      ])
      await store.append([said(device, { ts, values: { residual_current: 1, energy: 5 } })])
      await store.settle()
      await store.append([said(device, { ts: ts + 1, values: { voltage_a: 230 } })])
      expect((await exported(device)).map(({ ts: at, values }) => [at - ts, values])).toEqual([
        [0, { residual_current: 1, voltage_a: 220, energy: 5 }],
        [1, { voltage_a: 230, energy: 3 }],
      ])
    })

    const stays = traits.lastDeliveryWins ? 'the one delivered later stays' : 'exactly one stays'
    it(`of two values for one (device, ts) ${stays}`, async () => {
      const device = someDevice()
      const ts = START + HOUR
      await store.append([said(device, { ts, values: { residual_current: 2 } })])
      await store.append([said(device, { ts, values: { residual_current: 1 } })])
      await store.settle()
      const read = (await exported(device)).map(({ values }) => values['residual_current'])
      expect(read).toHaveLength(1)
      expect(traits.lastDeliveryWins ? [1] : [1, 2]).toContain(read[0])
    })

    it('G1: stores 20,000 duplicate deliveries as one reading each', async () => {
      const device = someDevice()
      const samples = Array.from({ length: 200 }, (_, index) => ({
        ts: START + index * 1000,
        values: { residual_current: index },
      }))
      await Promise.all(Array.from({ length: 100 }, () => store.append(samples.map((sample) => said(device, sample)))))
      await store.settle()
      expect(await exported(device)).toHaveLength(200)
      const buckets = await store.series({ ...everything(device), metric: 'residual_current', points: 7 })
      expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(200)
    })

    it('refuses an unknown kind or metric or a value that is no number, and only that batch', async () => {
      const device = someDevice()
      const at = (index: number, given: Partial<StoredReading> = {}) => said(device, { ts: START + index, ...given })
      const good = [store.append([at(1)]), store.append([at(2, { values: { energy: 2 } })])]
      const refused = [
        expect(store.append([at(3), at(4, { kind: 'camera' })])).rejects.toThrow(/no kind "camera"/),
        expect(store.append([at(3), at(5, { values: { nope: 1 } })])).rejects.toThrow(/no metric/),
        expect(store.append([at(3, { values: { voltage_a: 1, energy: NaN } })])).rejects.toThrow(/finite/),
      ]
      good.push(store.append([at(6, { values: { energy: 1 } })]))
      await Promise.all([...refused, ...good])
      await store.settle()
      expect((await exported(device)).map(({ ts }) => ts - START)).toEqual([1, 2, 6])
    })

    it('commits in the order of the calls', async () => {
      const device = someDevice()
      const order: number[] = []
      await Promise.all(
        Array.from({ length: 300 }, (_, index) =>
          store.append([said(device, { ts: START + index })]).then(() => order.push(index)),
        ),
      )
      expect(order).toEqual(Array.from({ length: 300 }, (_, index) => index))
      expect(await exported(device)).toHaveLength(300)
    })

    it('knows the newest value of each metric, over late readings', async () => {
      const device = someDevice()
      const now = Math.floor(Date.now() / 1000) * 1000
      await store.append([
        said(device, { ts: now - 5000, values: { residual_current: 5, voltage_a: 220 } }),
        said(device, { ts: now - 20 * DAY, values: { residual_current: 3, energy: 1 } }),
        said(device, { ts: now - 5000, values: { residual_current: 5 } }),
      ])
      const newest = [
        { metric: 'residual_current', value: 5, ts: now - 5000 },
        { metric: 'voltage_a', value: 220, ts: now - 5000 },
        { metric: 'energy', value: 1, ts: now - 20 * DAY },
      ]
      expect(await store.latest(device, 'electricity')).toEqual(newest)
      await store.settle()
      await store.append([said(device, { ts: now - 6000, values: { residual_current: 4, energy: 2 } })])
      expect(await store.latest(device, 'electricity')).toEqual([
        ...newest.slice(0, 2),
        { metric: 'energy', value: 2, ts: now - 6000 },
      ])
      expect(await store.latest(device, 'gas')).toEqual([])
      expect(await store.latest(someDevice(), 'gas')).toEqual([])
    })

    it('lists events and statuses newest first, redeliveries once', async () => {
      const device = someDevice()
      const first = happened(device, { ts: START + 1000, data: { by: 'local', text: '重启 "1" \\ \n,=' } })
      const later = happened(device, { ts: START + 2000, name: 'muted', quality: 'received' })
      await store.append([first, later, happened(someDevice(), { ts: START + 1500 })])
      await store.settle()
      const status = happened(device, {
        type: 'status',
        ts: START + DAY,
        name: 'offline',
        data: {},
        receivedAt: START + 2 * DAY,
      })
      await store.append([status, { ...first, position: ++position }])
      const query = { deviceId: device, from: START, to: START + 8 * DAY, limit: 10 }
      expect(unplaced(await store.events(query))).toEqual(unplaced([status, later, first]))
      expect(unplaced(await store.events({ ...query, limit: 1 }))).toEqual(unplaced([status]))
      expect(unplaced(await store.events({ ...query, to: START + 2000 }))).toEqual(unplaced([first]))
      expect(await store.events({ ...query, deviceId: someDevice() })).toEqual([])
    })

    it('knows nothing of devices and metrics that nobody stored, and makes no gap up', async () => {
      const device = someDevice()
      const query = { ...everything(device), metric: 'residual_current', points: 50 }
      expect(await store.series(query)).toEqual([])
      expect(await store.counter(query)).toBeNull()
      expect(await exported(device)).toEqual([])
      await store.append([said(device, { ts: START }), said(device, { ts: START + 4 * DAY })])
      await store.settle()
      // An engine may remember for a moment that there was no such device.
      await until('the device is known', async () => (await store.series(query)).length > 0)
      expect((await store.series(query)).map(({ t, count }) => [t, count])).toEqual([
        [START, 1],
        [START + 4 * DAY, 1],
      ])
      expect(await store.series({ ...query, metric: 'nope' })).toEqual([])
      expect(await store.series({ ...query, from: query.to, to: query.from })).toEqual([])
    })

    it('adds up a counter across restarts of the device and cut hours', async () => {
      const device = someDevice()
      const said100 = (ts: number, energy: number) => said(device, { ts, values: { energy } })
      const readings = [
        said100(START - MINUTE, 99),
        said100(START + HOUR, 100),
        said100(START + 2 * HOUR, 103.5),
        // A new meter board: it begins at nought, within the same hour and again at the turn of an hour.
        said100(START + 2 * HOUR + MINUTE, 0),
        said100(START + 2 * HOUR + 2 * MINUTE, 2),
        said100(START + DAY + 5 * HOUR, 1),
        said100(START + 2 * DAY + 30 * MINUTE, 4),
        said100(START + 9 * DAY, 9),
      ]
      await store.append(readings)
      await store.settle()
      const query = { deviceId: device, kind: 'electricity', metric: 'energy' }
      for (const [from, to] of [
        [START, START + 8 * DAY],
        [START + HOUR + 1, START + 2 * HOUR + MINUTE + 1],
        [START + 2 * HOUR + MINUTE, START + 10 * DAY],
      ] as const)
        expect(await store.counter({ ...query, from, to })).toEqual(reckoned(readings, from, to))
      expect(await store.counter({ ...query, from: START + 5 * DAY, to: START + 6 * DAY })).toBeNull()
    })

    it(
      'answers as the model does for any readings, duplicates, late ones and edges',
      { timeout: 300_000 },
      async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.array(delivery, { maxLength: 40 }), { minLength: 1, maxLength: 4 }),
            fc.array(query, { minLength: 6, maxLength: 6 }),
            async (batches, queries) => {
              const device = someDevice()
              const model: StoredReading[] = []
              for (const batch of batches) {
                const inputs = batch.map((one) => said(device, sampleOf(one)))
                model.push(...inputs)
                await store.append(inputs)
              }
              await store.settle()
              for (const range of queries) {
                for (const metric of ['residual_current', 'energy']) {
                  const asked = { deviceId: device, kind: 'electricity', metric, ...range }
                  const got = await store.series(asked)
                  const want = modelSeries(model, device, metric, range.from, range.to, range.points)
                  expect(got.length).toBeLessThanOrEqual(range.points)
                  expect(got.map(exact)).toEqual(want.map(exact))
                  got.forEach((point, index) => expect(point.mean).toBeCloseTo(want[index]?.mean ?? NaN, 9))
                }
                const said = merged(model, device)
                const counted = said.filter(({ values }) => values['energy'] !== undefined)
                expect(
                  await store.counter({ deviceId: device, kind: 'electricity', metric: 'energy', ...range }),
                ).toEqual(reckoned(counted, range.from, range.to))
                const read = await all(store.export({ deviceId: device, kind: 'electricity', ...range }))
                expect(unplaced(read)).toEqual(unplaced(said.filter(({ ts }) => ts >= range.from && ts < range.to)))
              }
              for (const { metric, ts, value } of await store.latest(device, 'electricity')) {
                const newest = merged(model, device).findLast(({ values }) => metric in values)
                expect({ ts, value }).toEqual({ ts: newest?.ts, value: newest?.values[metric] })
              }
            },
          ),
          { numRuns: 12 },
        )
      },
    )
  })
}

/** Where in the order of arrival is what only some engines know. */
const unplaced = <T extends StoredInput>(inputs: readonly T[]): T[] =>
  inputs.map((input) => ({ ...input, position: 0 }))

/** Times cluster, so that duplicates and several samples a minute happen; which metrics a delivery has differs. */
const delivery = fc.record({
  day: fc.nat(4),
  hour: fc.nat(2),
  minute: fc.nat(3),
  second: fc.nat(3),
  metrics: fc.subarray(['residual_current', 'energy']),
})

/** A sample says the same whenever it is delivered: how late it is, how its time is believed, and its values. */
function sampleOf({ day, hour, minute, second, metrics }: typeof delivery extends fc.Arbitrary<infer T> ? T : never) {
  const ts = START + day * DAY + hour * 11 * HOUR + minute * MINUTE + second * 1500
  const chance = createHash('sha256')
    .update(String(ts - START))
    .digest()
  const pick = <T>(of: readonly [T, ...T[]], byte: number): T => of[(chance[byte] ?? 0) % of.length] ?? of[0]
  const values = { residual_current: pick([-5, -1, 0, 2, 5], 0), energy: chance.readUInt16BE(2) / 100 }
  return {
    ts,
    receivedAt: ts + pick([0, 0, LATE_AFTER_MS, LATE_AFTER_MS + 1, 10 * HOUR], 4),
    quality: pick(['device', 'device', 'received', 'suspect'] as const, 5),
    values: Object.fromEntries(Object.entries(values).filter(([metric]) => metrics.includes(metric))),
  }
}

const query = fc
  .record({
    from: fc.integer({ min: -2 * HOUR, max: 5 * DAY }),
    span: fc.oneof(fc.integer({ min: 1, max: 6 * DAY }), fc.constantFrom(HOUR, DAY, 5 * DAY)),
    points: fc.oneof(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(1, 10, 100)),
  })
  .map(({ from, span, points }) => ({ from: START + from, to: START + from + span, points }))
