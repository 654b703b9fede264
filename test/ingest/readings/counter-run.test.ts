// A counter's month: the sum of its rises, whatever the device's restarts, wherever its readings lie.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredReading } from '../../../ingest/readings/port.ts'
import { DAY, KEEP, openStore, reading, sealAfter, START } from './county.ts'
import { reckoned } from './model.ts'

const HOUR = 3_600_000
const METER = { deviceId: 'meter-1', kind: 'electricity', metric: 'energy' }

const said = (position: number, ts: number, energy: number): StoredReading =>
  reading(position, { ts, values: { energy } })

describe('counter', () => {
  it('runs on across a restart of the device, sealed days and the day of now', async () => {
    const store = await openStore()
    const readings = [
      said(1, START - 60_000, 99),
      said(2, START + HOUR, 100),
      said(3, START + 2 * HOUR, 103.5),
      // A new meter board: it begins at nought, within the same hour and again at the turn of an hour.
      said(4, START + 2 * HOUR + 60_000, 0),
      said(5, START + 2 * HOUR + 120_000, 2),
      said(6, START + DAY + 5 * HOUR, 1),
      said(7, START + 2 * DAY + 30 * 60_000, 4),
      said(8, START + 40 * DAY, 9),
    ]
    await store.append(readings)
    const month = { from: START, to: START + 30 * DAY }
    const expected = reckoned(readings, month.from, month.to)
    expect(expected).toMatchObject({ falls: 2, first: { value: 100 }, last: { value: 4 } })
    expect(await store.counter({ ...METER, ...month })).toEqual(expected)
    await sealAfter(store, 0)
    expect(await store.counter({ ...METER, ...month })).toEqual(expected)
    await sealAfter(store, 2)
    const run = await store.counter({ ...METER, ...month })
    expect(run).toEqual(expected)
    expect(run?.consumed).toBeCloseTo(3.5 + 2 + 3, 9)
    expect(await store.counter({ ...METER, from: START + 5 * DAY, to: START + 6 * DAY })).toBeNull()
    expect(await store.counter({ ...METER, deviceId: 'unheard', ...month })).toBeNull()
  })

  it('is the sum of the rises for any readings, restarts, sealing and edges', async () => {
    const step = fc.record({
      after: fc.oneof(fc.integer({ min: 1, max: 20 * 60_000 }), fc.integer({ min: HOUR, max: 14 * HOUR })),
      rise: fc.double({ min: 0, max: 5, noNaN: true }),
      restart: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    })
    const late = fc.record({
      at: fc.integer({ min: 0, max: 3 * DAY }),
      value: fc.double({ min: 0, max: 50, noNaN: true }),
    })
    const edges = fc.tuple(fc.integer({ min: 0, max: 4 * DAY }), fc.integer({ min: 0, max: 4 * DAY }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.array(late, { maxLength: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(edges, { minLength: 1, maxLength: 3 }),
        async (steps, lates, sealed, stretches) => {
          const store = await openStore()
          try {
            let [ts, value, position] = [START, 10, 0]
            const readings = steps.map(({ after, rise, restart }) => {
              ts += after
              value = restart ? rise : value + rise
              position += 1
              return said(position, ts, value)
            })
            await store.append(readings)
            await sealAfter(store, sealed)
            // Some come after their day was sealed; each at a time of its own.
            const taken = new Set(readings.map((one) => one.ts))
            for (const { at, value: energy } of lates) {
              if (taken.has(START + at)) continue
              taken.add(START + at)
              position += 1
              readings.push(said(position, START + at, energy))
              await store.append(readings.slice(-1))
            }
            for (const [a, b] of [...stretches, [0, 40 * DAY] as const]) {
              const [from, to] = [START + Math.min(a, b), START + Math.max(a, b)]
              expect(await store.counter({ ...METER, from, to })).toEqual(reckoned(readings, from, to))
            }
          } finally {
            await store.stop()
          }
        },
      ),
      { numRuns: 12 },
    )
  }, 120_000)

  it('of readings that retention has dropped it tells what the hours tell, restart and all', async () => {
    const store = await openStore()
    const readings = Array.from({ length: 3 * 24 * 4 }, (_, index) =>
      said(index + 1, START + index * 15 * 60_000, index < 100 ? 50 + index / 2 : (index - 100) / 2),
    )
    await store.append(readings)
    await store.maintain(START + 20 * DAY, { ...KEEP, rawDays: 10 })
    const run = await store.counter({ ...METER, from: START, to: START + 30 * DAY })
    const expected = reckoned(readings, START, START + 30 * DAY)
    expect(run).toMatchObject({ consumed: expected?.consumed, falls: 1, first: { ts: START, value: 50 } })
    expect(run?.last.value).toBe(expected?.last.value)
    expect(run?.days).toEqual(expected?.days)
  })
})
