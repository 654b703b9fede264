// A store that is too simple to be wrong: a list of readings, merged by (device, ts) when asked.
import { expect } from 'vitest'
import { LATE_AFTER_MS } from '../../../contract/payloads.ts'
import { bucketsOf } from '../../../ingest/readings/buckets.ts'
import type { SeriesPoint, StoredReading } from '../../../ingest/readings/port.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

export function merged(readings: readonly StoredReading[], deviceId: string): StoredReading[] {
  const byTs = new Map<number, StoredReading>()
  for (const one of readings) {
    if (one.deviceId !== deviceId) continue
    const before = byTs.get(one.ts)
    const receivedAt = Math.min(one.receivedAt, before?.receivedAt ?? Infinity)
    byTs.set(one.ts, { ...one, receivedAt, values: { ...before?.values, ...one.values } })
  }
  return [...byTs.values()].sort((a, b) => a.ts - b.ts)
}

export function modelSeries(
  readings: readonly StoredReading[],
  deviceId: string,
  metric: string,
  from: number,
  to: number,
  points: number,
): SeriesPoint[] {
  const { origin, width } = bucketsOf(from, to, points)
  const buckets = new Map<number, (StoredReading & { readonly value: number })[]>()
  for (const one of merged(readings, deviceId)) {
    const value = one.values[metric]
    if (value === undefined || one.ts < from || one.ts >= to) continue
    const bucket = Math.floor((one.ts - origin) / width)
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), { ...one, value }])
  }
  return [...buckets.entries()].map(([bucket, samples]) => {
    const values = samples.map(({ value }) => value)
    const late = samples.filter(({ ts, receivedAt }) => receivedAt - ts > LATE_AFTER_MS).length
    const suspect = samples.filter(({ quality }) => quality === 'suspect').length
    return {
      t: Math.max(from, origin + bucket * width),
      min: Math.min(...values),
      mean: values.reduce((sum, value) => sum + value, 0) / values.length,
      max: Math.max(...values),
      last: values.at(-1) ?? NaN,
      count: values.length,
      ...(late > 0 ? { late } : {}),
      ...(suspect > 0 ? { suspect } : {}),
    }
  })
}

/** All but the mean, which depends on the order of the sum in its last digits. */
export const exact = ({ t, min, max, last, count, late = 0, suspect = 0 }: SeriesPoint): Omit<SeriesPoint, 'mean'> => ({
  ...{ t, min, max, last, count, late, suspect },
})

/** As the words say it: in order of time, every rise counts, and a fall counts nothing. */
export function reckoned(readings: readonly StoredReading[], from: number, to: number) {
  const inside = readings.filter(({ ts }) => ts >= from && ts < to).toSorted((a, b) => a.ts - b.ts)
  const values = inside.map(({ values: { energy = 0 } }) => energy)
  const [first, last] = [inside[0], inside.at(-1)]
  if (first === undefined || last === undefined) return null
  const steps = values.slice(1).map((value, index) => value - (values[index] ?? 0))
  return {
    first: { ts: first.ts, value: values[0] },
    last: { ts: last.ts, value: values.at(-1) },
    consumed: expect.closeTo(
      steps.reduce((sum, step) => sum + Math.max(0, step), 0),
      6,
    ) as number,
    falls: steps.filter((step) => step < 0).length,
    days: [...new Set(inside.map(({ ts }) => Math.floor((ts + 8 * HOUR) / DAY)))],
  }
}
