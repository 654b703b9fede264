import { describe, expect, it } from 'vitest'
import { median, percentile } from './percentile.ts'
import { atLeast, atMost, exactly, figure, notMeasured } from './row.ts'
import { formatRow, formatSummary, formatValue } from './table.ts'

describe('percentiles', () => {
  const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  it('are by nearest rank, whatever the order given', () => {
    expect(percentile(oneToHundred, 0.5)).toBe(50)
    expect(percentile(oneToHundred, 0.99)).toBe(99)
    expect(percentile(oneToHundred, 1)).toBe(100)
    expect(percentile(oneToHundred, 0)).toBe(1)
    expect(percentile([7], 0.99)).toBe(7)
  })
  it('of nothing are no number', () => {
    expect(percentile([], 0.5)).toBeNaN()
    expect(median([])).toBeNaN()
  })
  it('median: the middle, or the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([9, 1, 5, 2])).toBe(3.5)
  })
})

describe('the table', () => {
  it('keeps three digits that count', () => {
    expect([0, 0.8431, 5.723, 98.41, 104_512.4, 1_500].map(formatValue)).toEqual([
      '0',
      '0.843',
      '5.72',
      '98.4',
      '104,512',
      '1,500',
    ])
  })
  it('says whether what is asked was met, at the limit too', () => {
    expect(atLeast('intake', 60_000, 'msg/s', 60_000)).toMatchObject({ ok: true, target: '≥ 60,000' })
    expect(atLeast('share', 0.79, '', 0.8)).toMatchObject({ ok: false, target: '≥ 0.8' })
    expect(atMost('memory', 600, 'MB', 600)).toMatchObject({ ok: true, target: '≤ 600' })
    expect(atMost('memory', NaN, 'MB', 600).ok).toBe(false)
    expect(exactly('out of order', 1, '', 0)).toMatchObject({ ok: false, target: '= 0' })
  })
  it('shows a miss, and nothing where nothing is asked', () => {
    expect(formatRow(atMost('p99', 120, 'ms', 100))).toMatch(/^ {2}p99 +120 ms {3}≤ 100 +MISS$/)
    expect(formatRow(figure('worst', 3, 'ms'))).toMatch(/^ {2}worst +3 ms$/)
  })
  it('shows what could not be measured with its reason, and counts it', () => {
    const rows = [atMost('a', 1, '', 2), atMost('b', 3, '', 2), figure('c', 1, ''), notMeasured('d', 'no Chromium')]
    expect(formatRow(rows[3] as (typeof rows)[number])).toContain('not measured: no Chromium')
    expect(formatSummary(rows)).toBe('1 met, 1 missed, 1 not measured')
  })
})
