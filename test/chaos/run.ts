// `npm run chaos`: the fault matrix on one machine, its figures against its limits. `-- --rows 1,5,16` runs only these;
// `-- --quick` at reduced sizes; `-- --long` also where the matrix's own size takes an hour.
import { parseArgs } from 'node:util'
import { describeMachine } from '../bench/machine.ts'
import { NotPossible } from './row.ts'
import type { ChaosReport, ChaosRow } from './row.ts'
import { ROWS } from './rows/all.ts'
import { formatRan, formatTable, verdictOf } from './table.ts'
import type { Ran } from './table.ts'

const USAGE = 'npm run chaos -- [--rows 1,5,16] [--quick | --long]\n'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string' },
    quick: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})
const wanted = options.rows?.split(',').map(Number) ?? ROWS.map(({ number }) => number)
const unknown = wanted.filter((number) => !ROWS.some((row) => row.number === number))
if (options.help === true || unknown.length > 0 || (options.quick && options.long)) {
  for (const number of unknown) process.stderr.write(`no such row: ${number}\n`)
  process.stderr.write(USAGE)
  for (const { number, fault } of ROWS) process.stderr.write(`  ${String(number).padStart(2)}  ${fault}\n`)
  process.exit(options.help === true ? 0 : 2)
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

async function ran(row: ChaosRow): Promise<Ran> {
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
    return ended(await row.run({ quick: options.quick, long: options.long, say }), '')
  } catch (error) {
    const [reason = 'unknown'] = (error instanceof Error ? error.message : String(error)).split('\n')
    // A row that breaks off has something to say: it is not met. One that cannot be run here is not a verdict.
    return error instanceof NotPossible ? ended(null, reason) : ended({ size: 'broke off', figures: [] }, reason)
  }
}

print(['Zhi’an 智安 chaos', '', ...describeMachine(), ''].join('\n'))
if (options.quick) print('--quick: reduced sizes, as each row says. The matrix asks for more.\n')
const all: Ran[] = []
for (const row of ROWS.filter(({ number }) => wanted.includes(number))) {
  const result = await ran(row)
  all.push(result)
  print(formatRan(result))
}
if (options.quick) print('--quick: reduced sizes')
print(formatTable(all))
process.exit(all.some((one) => verdictOf(one) === 'NOT MET') ? 1 : 0)
