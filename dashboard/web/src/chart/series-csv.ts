// The points of charts as a table for a spreadsheet: one row an instant, the unit in the header, times with their zone. Pure.
import { TIME_ZONE_OFFSET_MS } from '../text/format.ts'
import type { Point } from './aligned.ts'

export interface CsvSeries {
  /** With its channel, e.g. 线缆温度 A. */
  readonly label: string
  readonly unit: string
  readonly points: readonly Point[]
}

/** The words over the columns. */
export interface CsvWords {
  readonly time: string
  readonly field: (field: (typeof FIELDS)[number]) => string
}

const FIELDS = ['mean', 'min', 'max', 'last', 'count', 'late', 'suspect'] as const
const MEASURED: ReadonlySet<string> = new Set(['mean', 'min', 'max', 'last'])

/** Excel takes a file for UTF-8 only with this mark before it. */
const BYTE_ORDER_MARK = '\ufeff'
/** What a spreadsheet would calculate instead of show; full-width signs too. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/u

/** `2026-11-22T14:03:27.000+08:00` */
export const isoInstant = (ms: number): string =>
  new Date(ms + TIME_ZONE_OFFSET_MS).toISOString().replace('Z', '+08:00')

export function seriesCsv(series: readonly CsvSeries[], words: CsvWords): string {
  const header = series.flatMap(({ label, unit }) =>
    FIELDS.map((field) => `${label} ${words.field(field)}${MEASURED.has(field) && unit !== '' ? ` (${unit})` : ''}`),
  )
  const byTime = new Map<number, (Point | undefined)[]>()
  series.forEach(({ points }, index) => {
    for (const point of points) {
      const row = byTime.get(point.t) ?? []
      row[index] = point
      byTime.set(point.t, row)
    }
  })
  const rows = [...byTime].toSorted(([a], [b]) => a - b)
  const lines = rows.map(([t, row]) => [
    isoInstant(t),
    ...series.flatMap((_, index) => {
      const point = row[index]
      return FIELDS.map((field) => (point === undefined ? '' : String(clean(point[field] ?? 0))))
    }),
  ])
  return [
    BYTE_ORDER_MARK,
    [words.time, ...header].map(text).join(','),
    '\r\n',
    ...lines.map((line) => `${line.join(',')}\r\n`),
  ].join('')
}

/** A mean of 36.3, 36.4 is 36.35, not 36.349999999999994. */
const clean = (value: number): number => Number(value.toPrecision(12))

/** A text stays a text: what a spreadsheet would calculate is preceded by an apostrophe. */
function text(given: string): string {
  const safe = FORMULA.test(given) ? `'${given}` : given
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** `meter-7_20261121-1403_20261122-1403`: a name for a file that says of which device and when. */
export function exportName(deviceId: string, { from, to }: { readonly from: number; readonly to: number }): string {
  const stamp = (ms: number) => isoInstant(ms).slice(0, 16).replace(/[-:]/g, '').replace('T', '-')
  return `${deviceId}_${stamp(from)}_${stamp(to)}`
}
