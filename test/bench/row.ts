// What a measurement answers: named figures, and where the design asks for something, whether it was met.

export interface BenchOptions {
  /** A smoke test of the bench itself: a fraction of the load, and figures that mean nothing. */
  readonly quick: boolean
}

export interface BenchRow {
  readonly name: string
  /** null: it could not be measured. */
  readonly value: number | null
  readonly unit: string
  /** What the design asks for, in words; '' for a figure that only explains others; why not, where nothing was measured. */
  readonly target: string
  /** null where nothing is asked or nothing was measured. */
  readonly ok: boolean | null
}

export type Measurement = (options: BenchOptions) => Promise<BenchRow[]>

const LIMIT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })

export const atLeast = (name: string, value: number, unit: string, limit: number): BenchRow => ({
  name,
  value,
  unit,
  target: `≥ ${LIMIT.format(limit)}`,
  ok: value >= limit,
})

export const atMost = (name: string, value: number, unit: string, limit: number): BenchRow => ({
  name,
  value,
  unit,
  target: `≤ ${LIMIT.format(limit)}`,
  ok: value <= limit,
})

export const exactly = (name: string, value: number, unit: string, wanted: number): BenchRow => ({
  name,
  value,
  unit,
  target: `= ${LIMIT.format(wanted)}`,
  ok: value === wanted,
})

/** A figure nothing is asked of. */
export const figure = (name: string, value: number, unit: string): BenchRow => ({
  name,
  value,
  unit,
  target: '',
  ok: null,
})

export const notMeasured = (name: string, reason: string): BenchRow => ({
  name,
  value: null,
  unit: '',
  target: reason,
  ok: null,
})
