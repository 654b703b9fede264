// What the history page asks for, and what it keeps.
import { describe, expect, it } from 'vitest'
import {
  addressOf,
  dayStart,
  filterFrom,
  isFiltering,
  parametersOf,
} from '../../../dashboard/web/src/history/history-filter.ts'
import { viewsFrom, withoutView, withView } from '../../../dashboard/web/src/history/saved-views.ts'

const filterOf = (address: string) => filterFrom(new URLSearchParams(address))
const NOW = Date.UTC(2026, 10, 21, 20)
const DAY = 86_400_000

describe('the filter of the history', () => {
  it('lives in the address, and the same filter has one address', () => {
    const address = 'category=gas&priority=1&q=%E6%A7%90&range=7d&sort=longest&state=open&verdict=none'
    expect(addressOf(filterOf(address))).toBe(address)
    expect(
      addressOf(filterOf('verdict=none&state=open&q=%E6%A7%90&sort=longest&range=7d&priority=1&category=gas')),
    ).toBe(address)
    expect(addressOf(filterOf('sort=newest'))).toBe('')
  })

  it('leaves out what it does not know', () => {
    expect(
      addressOf(filterOf('priority=9&category=meteor&sort=best&range=2d&state=maybe&kind=x&verdict=perhaps&alien=1')),
    ).toBe('')
    expect(addressOf(filterOf('range=days&from=yesterday&to=2026-11-22'))).toBe('range=days&to=2026-11-22')
    expect(addressOf(filterOf('from=2026-11-01'))).toBe('')
  })

  it('asks for a range that ends now, or for whole days of Beijing', () => {
    expect(parametersOf(filterOf('range=7d'), NOW)).toMatchObject({ from: NOW - 7 * DAY, open: undefined })
    const days = parametersOf(filterOf('range=days&from=2026-11-22&to=2026-11-22&state=closed&verdict=false'), NOW)
    const bounds = { from: NOW - 4 * 3_600_000, to: NOW - 4 * 3_600_000 + DAY }
    expect(days).toMatchObject({ ...bounds, open: false, verdict: 'false' })
    expect(parametersOf(filterOf(''), NOW)).not.toHaveProperty('from')
    expect([dayStart('2026-13-01'), dayStart(''), dayStart('1969-01-01')]).toEqual([null, null, null])
  })

  it('knows an order from a filter', () => {
    expect([isFiltering(filterOf('sort=oldest')), isFiltering(filterOf('q=+')), isFiltering(filterOf('q=a'))]).toEqual([
      false,
      false,
      true,
    ])
  })
})

describe('saved views', () => {
  const [a, b] = [
    { name: '夜班', address: 'range=1d' },
    { name: '燃气', address: 'category=gas' },
  ]

  it('are kept by name, replaced under the same name, and deleted', () => {
    const both = withView(withView([], a), b)
    expect(viewsFrom(JSON.stringify(both))).toEqual([a, b])
    const changed = { name: '夜班', address: 'range=7d' }
    expect(withView(both, changed)).toEqual([b, changed])
    expect(withoutView(both, '夜班')).toEqual([b])
  })

  it('keep the newest fifty', () => {
    let views = withView([], a)
    for (let index = 0; index < 60; index += 1) views = withView(views, { name: `v${index}`, address: '' })
    expect([views.length, views[0]?.name, views.at(-1)?.name]).toEqual([50, 'v10', 'v59'])
  })

  it('survive damage', () => {
    for (const text of [null, '', '{', '7', '{"name":"x"}']) expect(viewsFrom(text)).toEqual([])
    expect(viewsFrom(JSON.stringify([a, 3, { name: '' }, { name: 'x' }, b]))).toEqual([a, b])
  })
})
