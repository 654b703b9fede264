// Series of several channels on one time axis, with gaps kept as gaps. Pure.
//
// In uPlot's aligned data `null` is a hole that is drawn as one, `undefined` only says that this channel has no sample at
// an instant which another channel has.
import type { Series } from '../../../../contract/http/devices.ts'

export type Point = Series['points'][number]
type Column = (number | null | undefined)[]

export interface Aligned {
  readonly times: number[]
  /** A mean, min and max column for each channel, in the order given. */
  readonly columns: { readonly mean: Column; readonly min: Column; readonly max: Column }[]
}

/** A hole is longer than this: two and a half buckets, or three reporting intervals, whichever is more. */
export const gapAfter = (bucketMs: number, intervalMs: number): number => Math.max(2.5 * bucketMs, 3 * intervalMs)

/** The usual distance between samples, for devices whose interval is not known: the median, 0 for fewer than two. */
export function usualSpacing(points: readonly Point[]): number {
  const gaps = points.slice(1).map((point, index) => point.t - (points[index] as Point).t)
  gaps.sort((a, b) => a - b)
  return gaps[Math.floor(gaps.length / 2)] ?? 0
}

export function align(channels: readonly (readonly Point[])[], gapMs: number): Aligned {
  const marked = channels.map((points) => withHoles(points, gapMs))
  const times = [...new Set(marked.flatMap((points) => points.map((point) => point.t)))].toSorted((a, b) => a - b)
  const rowOf = new Map(times.map((t, row) => [t, row]))
  const columns = marked.map((points) => {
    const empty = (): Column => new Array<number | null | undefined>(times.length).fill(undefined)
    const column = { mean: empty(), min: empty(), max: empty() }
    for (const { t, point } of points) {
      const row = rowOf.get(t) as number
      column.mean[row] = point?.mean ?? null
      column.min[row] = point?.min ?? null
      column.max[row] = point?.max ?? null
    }
    return column
  })
  return { times, columns }
}

function withHoles(points: readonly Point[], gapMs: number): { readonly t: number; readonly point: Point | null }[] {
  const marked: { t: number; point: Point | null }[] = []
  for (const point of points) {
    const last = marked.at(-1)
    if (last !== undefined && point.t - last.t > gapMs) marked.push({ t: last.t + 1, point: null })
    marked.push({ t: point.t, point })
  }
  return marked
}

/** What the y axis shows: data and limits with some room, within what the metric can physically be. */
export function yRange(
  values: readonly number[],
  limits: readonly number[],
  physical: { readonly min: number; readonly max: number },
): [number, number] {
  const all = [...values, ...limits].filter(Number.isFinite)
  if (all.length === 0) return [Math.max(physical.min, -1), Math.min(physical.max, 1)]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const room = (high - low) * 0.1 || Math.abs(high) * 0.1 || 1
  return [Math.max(physical.min, low - room), Math.min(physical.max, high + room)]
}
