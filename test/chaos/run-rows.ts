// Runs rows of a matrix as the command line asks for them, prints the figures of each as it ends, and a table of all at the end.
import { parseArgs } from 'node:util'
import { describeMachine } from '../bench/machine.ts'
import { NotPossible } from './row.ts'
import type { ChaosOptions, ChaosReport, ChaosRow } from './row.ts'
import { formatRan, formatTable, verdictOf } from './table.ts'
import type { Ran } from './table.ts'

export interface MatrixOptions {
  readonly title: string
  /** As it is typed, without its options. */
  readonly command: string
  readonly rows: readonly ChaosRow[]
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** Ends the process: 1 if a limit was missed, 2 if the command line cannot be understood. */
export async function runRows({ title, command, rows }: MatrixOptions): Promise<never> {
  const { values: options } = parseArgs({
    options: {
      rows: { type: 'string' },
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const wanted = options.rows?.split(',').map(Number) ?? rows.map(({ number }) => number)
  const unknown = wanted.filter((number) => !rows.some((row) => row.number === number))
  if (options.help === true || unknown.length > 0 || (options.quick && options.long)) {
    for (const number of unknown) process.stderr.write(`no such row: ${number}\n`)
    process.stderr.write(`${command} -- [--rows 1,5] [--quick | --long]\n`)
    for (const { number, fault } of rows) process.stderr.write(`  ${String(number).padStart(2)}  ${fault}\n`)
    process.exit(options.help === true ? 0 : 2)
  }
  print([title, '', ...describeMachine(), ''].join('\n'))
  if (options.quick) print('--quick: reduced sizes, as each row says. The matrix asks for more.\n')
  const all: Ran[] = []
  for (const row of rows.filter(({ number }) => wanted.includes(number))) {
    const result = await ran(row, options)
    all.push(result)
    print(formatRan(result))
  }
  if (options.quick) print('--quick: reduced sizes')
  print(formatTable(all))
  process.exit(all.some((one) => verdictOf(one) === 'NOT MET') ? 1 : 0)
}

async function ran(row: ChaosRow, options: Omit<ChaosOptions, 'say'>): Promise<Ran> {
  const started = performance.now()
  const ended = (report: ChaosReport | null, reason: string): Ran => ({
    row,
    seconds: (performance.now() - started) / 1_000,
    report,
    reason,
  })
  try {
    const say = (text: string): void => void process.stderr.write(`row ${row.number}: ${text}\n`)
    say(`${row.fault} …`)
    return ended(await row.run({ ...options, say }), '')
  } catch (error) {
    const [reason = 'unknown'] = (error instanceof Error ? error.message : String(error)).split('\n')
    // A row that breaks off has something to say: it is not met. One that cannot be run here is not a verdict.
    return error instanceof NotPossible ? ended(null, reason) : ended({ size: 'broke off', figures: [] }, reason)
  }
}
