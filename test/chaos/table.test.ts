// The runner itself: verdicts and tables, and one cheap row from the command line.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { atMost, exactly, figure } from '../bench/row.ts'
import { ROOT } from '../support/hub-process.ts'
import { ROWS } from './rows/all.ts'
import { formatRan, formatTable, verdictOf } from './table.ts'
import type { Ran } from './table.ts'

const row = { number: 7, fault: 'a fault', mustHold: '0 lost' }
const ran = (figures: NonNullable<Ran['report']>['figures'] | null, reason = ''): Ran => ({
  row,
  seconds: 3,
  report: figures === null ? null : { size: 'small', figures },
  reason,
})

describe('the verdict on a row', () => {
  it('holds when every figure that has a limit is within it', () => {
    expect(verdictOf(ran([exactly('lost', 0, '', 0), figure('sent', 12, '')]))).toBe('HELD')
  })
  it.each([
    ['one figure is beyond its limit', ran([exactly('lost', 0, '', 0), atMost('p99', 501, 'ms', 500)])],
    [
      'a part was not run',
      ran([exactly('lost', 0, '', 0), { ...figure('loss', 0, ''), value: null, target: 'no root' }]),
    ],
    ['nothing was asked of it', ran([figure('sent', 12, '')])],
    ['it broke off', ran([exactly('lost', 0, '', 0)], 'gave up waiting')],
    ['a figure is no number', ran([atMost('p99', NaN, 'ms', 500)])],
  ])('is not met when %s', (_, result) => {
    expect(verdictOf(result)).toBe('NOT MET')
  })
  it('is none when the machine could not run it', () => {
    expect(verdictOf(ran(null, 'gcc is missing'))).toBe('NOT RUN')
  })
})

describe('the tables', () => {
  it('show a row with its figures, limits and verdict', () => {
    const text = formatRan(ran([exactly('lost', 2, '', 0), atMost('p99', 12.34, 'ms', 500)]))
    expect(text).toMatch(/ 7 {2}a fault {2}\(3 s\)/)
    expect(text).toMatch(/lost +2 +=\s0 +MISS/)
    expect(text).toMatch(/p99 +12\.3 ms +≤\s500 +ok/)
    expect(text).toMatch(/NOT MET/)
  })
  it('sum up: what was missed, or that nothing was', () => {
    const text = formatTable([
      ran([exactly('lost', 0, '', 0), atMost('p99', 12, 'ms', 500)]),
      ran([exactly('lost', 2, '', 0), exactly('doubled', 0, '', 0)]),
      ran(null, 'gcc is missing'),
    ])
    expect(text).toContain('HELD     p99 12 ms (≤ 500); 1 counts of what must not be: 0')
    expect(text).toContain('NOT MET  lost 2 (= 0)')
    expect(text).toContain('NOT RUN  gcc is missing')
    expect(text).toContain('1 held, 1 not met, 1 not run')
  })
})

describe('npm run chaos', () => {
  const chaos = (...args: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'test', 'chaos', 'run.ts'), ...args], { encoding: 'utf8', cwd: ROOT })

  it('has every row of the matrix, once and in order', () => {
    expect(ROWS.map(({ number }) => number)).toEqual(Array.from({ length: 26 }, (_, index) => index + 1))
  })
  it('runs a row and says that it held', () => {
    const { status, stdout, stderr } = chaos('--rows', '26', '--quick')
    expect(stderr).toContain('row 26')
    expect(stdout).toMatch(/^26 .* HELD /m)
    expect(status).toBe(0)
  }, 120_000)
  it('refuses a row that there is not', () => {
    const { status, stderr } = chaos('--rows', '27')
    expect(status).toBe(2)
    expect(stderr).toContain('no such row: 27')
  })
})
