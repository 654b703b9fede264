// The store against a model that is too simple to be wrong: a list of inputs, merged by (device, ts) when asked.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LATE_AFTER_MS } from '../../../contract/payloads.ts'
import type { StoredInput, StoredReading } from '../../../ingest/readings/port.ts'
import { all, DAY, event, KEEP, openStore, reading, START, stored } from './county.ts'
import { exact, merged, modelSeries } from './model.ts'

const MINUTE = 60_000
const HOUR = 3_600_000

/** Times cluster so that duplicates, several samples a minute and late rows for sealed days all happen. */
const ts = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 }), fc.nat(3))
  .map(([day, hour, minute, second]) => START + day * DAY + hour * 11 * HOUR + minute * MINUTE + second * 1500)
const values = fc
  .record(
    { residual_current: fc.integer({ min: -5, max: 5 }), energy: fc.integer({ min: 0, max: 9999 }) },
    { requiredKeys: [] },
  )
  .map(({ residual_current, energy }) => ({
    ...(residual_current === undefined ? {} : { residual_current }),
    ...(energy === undefined ? {} : { energy: energy / 100 }),
  }))
const sample = fc
  .record({
    deviceId: fc.constantFrom('a', 'b'),
    ts,
    values,
    delay: fc.constantFrom(0, 0, LATE_AFTER_MS, LATE_AFTER_MS + 1, 10 * HOUR),
    quality: fc.constantFrom('device', 'device', 'received', 'suspect'),
  })
  .map(({ delay, ...given }) => ({ ...given, receivedAt: given.ts + delay }))
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), samples: fc.array(sample, { maxLength: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seal' as const), day: fc.integer({ min: 0, max: 6 }) }) },
)
const query = fc
  .record({
    from: fc.integer({ min: -2 * HOUR, max: 5 * DAY }),
    span: fc.oneof(fc.integer({ min: 1, max: 6 * DAY }), fc.constantFrom(HOUR, DAY, 5 * DAY)),
    points: fc.oneof(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(1, 10, 100)),
  })
  .map(({ from, span, points }) => ({ from: START + from, to: START + from + span, points }))

describe('against the model', () => {
  it(
    'series, export and latest are those of the merged readings, open, sealed and mixed',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 6 }),
          fc.array(query, { minLength: 12, maxLength: 12 }),
          async (steps, queries) => {
            const store = await openStore({ sealRows: 1 })
            const model: StoredReading[] = []
            for (const one of steps) {
              if (one.do === 'seal') await store.maintain(START + one.day * DAY, KEEP)
              else {
                const inputs = one.samples.map((given, index) => reading(model.length + index + 1, given))
                model.push(...inputs)
                await store.append(inputs)
              }
            }
            for (const deviceId of ['a', 'b']) {
              for (const { from, to, points } of queries) {
                for (const metric of ['residual_current', 'energy']) {
                  const got = await store.series({ deviceId, kind: 'electricity', metric, from, to, points })
                  const want = modelSeries(model, deviceId, metric, from, to, points)
                  expect(got.length).toBeLessThanOrEqual(points)
                  expect(got.map(exact)).toEqual(want.map(exact))
                  got.forEach((point, index) => expect(point.mean).toBeCloseTo(want[index]?.mean ?? NaN, 9))
                }
              }
              const [one] = queries
              const range = { from: one?.from ?? 0, to: one?.to ?? 0 }
              const exported = await all(store.export({ deviceId, kind: 'electricity', ...range }))
              expect(exported).toEqual(merged(model, deviceId).filter((r) => r.ts >= range.from && r.ts < range.to))
              for (const { metric, ts, value } of await store.latest(deviceId, 'electricity')) {
                const newest = merged(model, deviceId).findLast((r) => metric in r.values)
                expect({ ts, value }).toEqual({ ts: newest?.ts, value: newest?.values[metric] })
              }
            }
            await store.stop()
          },
        ),
        { numRuns: 12 },
      )
    },
  )

  it(
    'after(position) gives every input beyond it once and in order, whatever was sealed up to the decided position',
    { timeout: 120_000 },
    async () => {
      const input = fc.record({ isEvent: fc.boolean(), gap: fc.integer({ min: 1, max: 9000 }), ts, values })
      const phase = fc.record({
        inputs: fc.array(input, { maxLength: 30 }),
        decidedShare: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(phase, { minLength: 1, maxLength: 4 }),
          fc.array(fc.double({ min: 0, max: 1.1, noNaN: true }), { minLength: 3, maxLength: 3 }),
          async (phases, shares) => {
            const store = await openStore({ sealRows: 1 })
            const model: StoredInput[] = []
            let position = 0
            let decided = 0
            for (const { inputs, decidedShare } of phases) {
              const batch = inputs.map(({ isEvent, gap, ts, values }): StoredInput => {
                position += gap
                return isEvent ? event(position, { ts, data: { position } }) : reading(position, { ts, values })
              })
              model.push(...batch)
              await store.append(batch)
              decided = Math.max(decided, Math.floor(position * decidedShare))
              await store.maintain(START + 6 * DAY, KEEP, decided)
            }
            for (const share of [...shares, decided / Math.max(1, position)]) {
              const from = Math.max(decided, Math.floor(position * share))
              expect(await stored(store, from)).toEqual(model.filter((one) => one.position > from))
            }
            await store.stop()
          },
        ),
        { numRuns: 12 },
      )
    },
  )
})
