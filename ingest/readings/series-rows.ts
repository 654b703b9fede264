// A series on its way between the threads: one block of numbers, not a thousand objects to copy.
import type { SeriesPoint } from './port.ts'

const FIELDS = ['t', 'min', 'mean', 'max', 'last', 'count', 'late', 'suspect'] as const satisfies (keyof SeriesPoint)[]

export const NO_ROWS = new Float64Array(0)

/** `columns` in the order of a point's fields; null is a count of none. */
export function packRows(columns: readonly (readonly (number | null)[])[]): Float64Array {
  const rows = new Float64Array((columns[0]?.length ?? 0) * FIELDS.length)
  columns.forEach((values, field) => {
    for (let row = 0; row < values.length; row++) rows[row * FIELDS.length + field] = values[row] ?? 0
  })
  return rows
}

export function pointsOf(rows: Float64Array): SeriesPoint[] {
  return Array.from({ length: rows.length / FIELDS.length }, (_, row) => {
    const at = row * FIELDS.length
    const field = (index: number) => rows[at + index] as number
    const point: SeriesPoint = {
      t: field(0),
      min: field(1),
      mean: field(2),
      max: field(3),
      last: field(4),
      count: field(5),
    }
    const [late, suspect] = [field(6), field(7)]
    if (late === 0 && suspect === 0) return point
    return { ...point, ...(late > 0 ? { late } : {}), ...(suspect > 0 ? { suspect } : {}) }
  })
}
