// What a row of the fault matrix is, and what running it answers.
import { spawnSync } from 'node:child_process'
import type { BenchRow } from '../bench/row.ts'

export interface ChaosOptions {
  /** Reduced sizes: the row still means what it says, with less weight. */
  readonly quick: boolean
  /** The matrix's own size, also where that takes an hour. */
  readonly long: boolean
  /** Progress of long work. */
  readonly say: (text: string) => void
}

export interface ChaosReport {
  /** What was really done: rounds, rates, seconds. */
  readonly size: string
  /** Figures, those with a limit among them. */
  readonly figures: readonly BenchRow[]
}

export interface ChaosRow {
  readonly number: number
  readonly fault: string
  /** The matrix's words. */
  readonly mustHold: string
  run(options: ChaosOptions): Promise<ChaosReport>
}

/** This machine cannot do it; the message says what is missing. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible'
}

/** The size for this run; without `long` the usual one is already the matrix's. */
export function sized(options: ChaosOptions, sizes: { readonly quick: number; usual: number; long?: number }): number {
  if (options.quick) return sizes.quick
  return options.long ? (sizes.long ?? sizes.usual) : sizes.usual
}

/** Throws NotPossible unless the program can be started. */
export function requireProgram(name: string, debianPackage: string): void {
  const { status } = spawnSync('sh', ['-c', `command -v ${name}`], {
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  })
  if (status !== 0) throw new NotPossible(`${name} is missing: apt-get install ${debianPackage}`)
}

export function requireRoot(why: string): void {
  if (process.getuid?.() !== 0) throw new NotPossible(`${why} needs root`)
}
