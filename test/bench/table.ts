// The table as the terminal shows it: name, figure, what is asked, whether it was met.
import type { BenchRow } from './row.ts'

const NAME_WIDTH = 66
const VALUE_WIDTH = 18
const TARGET_WIDTH = 14

/** Three digits that count: 0.843, 5.72, 98.4, 104,512. */
export function formatValue(value: number): string {
  const magnitude = Math.abs(value)
  const decimals = magnitude >= 100 || Number.isInteger(value) ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

export function formatRow({ name, value, unit, target, ok }: BenchRow): string {
  if (value === null) return `  ${name.padEnd(NAME_WIDTH)}${'—'.padStart(VALUE_WIDTH)}   not measured: ${target}`
  const figure = `${formatValue(value)} ${unit}`.trimEnd()
  const verdict = ok === null ? '' : ok ? 'ok' : 'MISS'
  return `  ${name.padEnd(NAME_WIDTH)}${figure.padStart(VALUE_WIDTH)}   ${target.padEnd(TARGET_WIDTH)}${verdict}`.trimEnd()
}

/** The rows of one measurement below its heading. */
export const formatRows = (heading: string, rows: readonly BenchRow[]): string =>
  [heading, ...rows.map(formatRow), ''].join('\n')

/** `41 met, 2 missed, 1 not measured`. */
export function formatSummary(rows: readonly BenchRow[]): string {
  const count = (which: (row: BenchRow) => boolean): number => rows.filter(which).length
  return [
    `${count(({ ok }) => ok === true)} met`,
    `${count(({ ok }) => ok === false)} missed`,
    `${count(({ value }) => value === null)} not measured`,
  ].join(', ')
}
