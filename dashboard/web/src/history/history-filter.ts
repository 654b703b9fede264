// What the history is asked for. It lives in the address, so that a link, a reload and a saved view keep it.
import { VERDICTS } from '../../../../contract/alarms.ts'
import { ALARM_SORTS } from '../../../../contract/http/alarms.ts'
import type { AlarmSort } from '../../../../contract/http/alarms.ts'
import { KIND_NAMES } from '../../../../contract/kinds/kind.ts'
import type { KindName } from '../../../../contract/kinds/kind.ts'
import { CATEGORIES } from '../../../../contract/rules.ts'
import type { Category } from '../../../../contract/rules.ts'

/** How far back, counted from the moment of asking; `days`: from one day to another. */
export const RANGES = ['1d', '7d', '30d', '365d', 'days'] as const
export type Range = (typeof RANGES)[number]
export const PRIORITIES = ['1', '2', '3', '4'] as const
export const STATES = ['open', 'closed'] as const
/** `none`: nobody has said what it was. */
export const FOUND = [...VERDICTS, 'none'] as const

/** '' everywhere: not asked for. */
export interface HistoryFilter {
  readonly range: Range | ''
  /** Days of Beijing, `2026-11-22`, both included; of `days` only. */
  readonly from: string
  readonly to: string
  readonly priority: (typeof PRIORITIES)[number] | ''
  readonly category: Category | ''
  readonly kind: KindName | ''
  readonly areaId: string
  readonly siteId: string
  readonly deviceId: string
  readonly state: (typeof STATES)[number] | ''
  readonly verdict: (typeof FOUND)[number] | ''
  readonly q: string
  readonly sort: AlarmSort
}

const DAY_MS = 86_400_000
const oneOf = <T extends string>(allowed: readonly T[], text: string | null): T | '' =>
  allowed.find((value) => value === text) ?? ''

/** When a day of Beijing begins, ms; null for what is no day. */
export function dayStart(day: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null
  const at = Date.parse(`${day}T00:00:00+08:00`)
  return Number.isNaN(at) || at < 0 ? null : at
}

export function filterFrom(query: URLSearchParams): HistoryFilter {
  const range = oneOf(RANGES, query.get('range'))
  const dayOf = (name: string) => {
    const text = query.get(name) ?? ''
    return range === 'days' && dayStart(text) !== null ? text : ''
  }
  return {
    range,
    from: dayOf('from'),
    to: dayOf('to'),
    priority: oneOf(PRIORITIES, query.get('priority')),
    category: oneOf(CATEGORIES, query.get('category')),
    kind: oneOf(KIND_NAMES, query.get('kind')),
    areaId: query.get('areaId') ?? '',
    siteId: query.get('siteId') ?? '',
    deviceId: query.get('deviceId') ?? '',
    state: oneOf(STATES, query.get('state')),
    verdict: oneOf(FOUND, query.get('verdict')),
    q: (query.get('q') ?? '').slice(0, 100),
    sort: oneOf(ALARM_SORTS, query.get('sort')) || 'newest',
  }
}

/** The same filter always gives the same text: this is what a saved view keeps. */
export function addressOf(filter: HistoryFilter): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    if (value !== '' && !(name === 'sort' && value === 'newest')) query.set(name, value)
  return query.toString()
}

export const isFiltering = (filter: HistoryFilter): boolean =>
  Object.entries(filter).some(([name, value]) => name !== 'sort' && value.trim() !== '')

/** The hub's parameters of this filter; list and export share them. `now`: the hub's time, ms. */
export function parametersOf(filter: HistoryFilter, now: number) {
  const { range, state, priority, category, kind, verdict, areaId, siteId, deviceId } = filter
  return {
    ...boundsOf(filter, range, now),
    open: state === '' ? undefined : state === 'open',
    priority,
    category,
    kind,
    verdict,
    areaId,
    siteId,
    deviceId,
    q: filter.q.trim(),
  }
}

function boundsOf(
  { from, to }: HistoryFilter,
  range: HistoryFilter['range'],
  now: number,
): { from?: number; to?: number } {
  if (range === '') return {}
  if (range !== 'days') return { from: Math.floor(now - Number.parseInt(range, 10) * DAY_MS) }
  const [first, last] = [dayStart(from), dayStart(to)]
  return { ...(first === null ? {} : { from: first }), ...(last === null ? {} : { to: last + DAY_MS }) }
}
