// Figures that a test knows beyond right and wrong. `npm run chaos` asks for them; in an ordinary run nobody does.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { BenchRow } from '../bench/row.ts'

/** Variable: where to note them, one JSON line each. */
export const FIGURES_FILE = 'CHAOS_FIGURES'

export function noteFigures(...rows: readonly BenchRow[]): void {
  const path = process.env[FIGURES_FILE]
  if (path !== undefined) for (const row of rows) appendFileSync(path, `${JSON.stringify(row)}\n`)
}

export function readFigures(path: string): BenchRow[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BenchRow)
}

/** A size that `npm run chaos` may raise. */
export const sizeOf = (variable: string, usual: number): number => Number(process.env[variable] ?? usual)
