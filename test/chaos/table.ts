// The matrix as the terminal shows it: each row with its figures as it ends, and all rows in one table at the end.
import { formatRow, formatValue } from '../bench/table.ts'
import type { BenchRow } from '../bench/row.ts'
import type { ChaosReport, ChaosRow } from './row.ts'

export type Verdict = 'HELD' | 'NOT MET' | 'NOT RUN'

export interface Ran {
  readonly row: Pick<ChaosRow, 'number' | 'fault' | 'mustHold'>
  readonly seconds: number
  /** null: it could not be run. */
  readonly report: ChaosReport | null
  /** Why it was not run, or broke off. */
  readonly reason: string
}

/** A row that broke off has not held; one that this machine cannot run says nothing. */
export function verdictOf({ report, reason }: Pick<Ran, 'report' | 'reason'>): Verdict {
  if (report === null) return 'NOT RUN'
  if (reason !== '') return 'NOT MET'
  const asked = report.figures.filter(({ target }) => target !== '')
  return asked.length > 0 && asked.every(({ ok }) => ok === true) ? 'HELD' : 'NOT MET'
}

export function formatRan(ran: Ran): string {
  const { row, seconds, report, reason } = ran
  return [
    `${String(row.number).padStart(2)}  ${row.fault}  (${Math.round(seconds)} s)`,
    `    must hold: ${row.mustHold}`,
    ...(report === null ? [] : [`    size: ${report.size}`]),
    ...(report?.figures ?? []).map((figure) => `  ${formatRow(figure)}`),
    `    ${verdictOf(ran)}${reason === '' ? '' : `: ${reason}`}`,
    '',
  ].join('\n')
}

const FAULT_WIDTH = 62

/** What is asked of a row, each figure with its limit; the many that must be nought, and are, only counted. */
function decisive({ figures }: ChaosReport): string {
  const asked = figures.filter(({ target }) => target !== '')
  const missed = asked.filter(({ ok }) => ok !== true)
  if (missed.length > 0) return missed.map(cell).join('; ')
  const noughts = asked.filter(({ value, target }) => value === 0 && target === '= 0').length
  const others = asked.filter(({ value, target }) => value !== 0 || target !== '= 0')
  return [...others.map(cell), ...(noughts > 0 ? [`${noughts} counts of what must not be: 0`] : [])].join('; ')
}

const cell = ({ name, value, unit, target }: BenchRow): string =>
  `${name} ${value === null ? '—' : `${formatValue(value)} ${unit}`.trimEnd()} (${target})`

export function formatTable(all: readonly Ran[]): string {
  const lines = all.map((ran) => {
    const verdict = verdictOf(ran)
    const words = ran.reason === '' && ran.report !== null ? decisive(ran.report) : ran.reason
    return `${String(ran.row.number).padStart(2)}  ${ran.row.fault.padEnd(FAULT_WIDTH)}  ${verdict.padEnd(7)}  ${words}`
  })
  const count = (wanted: Verdict): number => all.filter((ran) => verdictOf(ran) === wanted).length
  return [...lines, '', `${count('HELD')} held, ${count('NOT MET')} not met, ${count('NOT RUN')} not run`].join('\n')
}
