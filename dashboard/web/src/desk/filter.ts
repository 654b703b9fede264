// What of the open alarms a tab and the filters show.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { AckLevel } from '../../../../contract/role-names.ts'
import type { Category } from '../../../../contract/rules.ts'
import { CATEGORIES } from '../../../../contract/rules.ts'
import { ackOf } from './alarm-state.ts'
import { inOrder, ORDERS } from '../feed/order.ts'
import type { Order } from '../feed/order.ts'

export const TABS = ['all', 'unacknowledged', 'maintenance'] as const
export type Tab = (typeof TABS)[number]

export interface Filter {
  readonly tab: Tab
  readonly town: string | null
  readonly category: Category | null
  readonly priority: 1 | 2 | 3 | 4 | null
  readonly text: string
  readonly order: Order
}

/** P1–P3 need someone; P4 does not and lives in the maintenance tab. */
export const needsAck = (alarm: Alarm, level: AckLevel): boolean => alarm.priority < 4 && ackOf(alarm, level) === null

const inTab = {
  all: (alarm) => alarm.priority < 4,
  unacknowledged: needsAck,
  maintenance: (alarm) => alarm.priority === 4,
} satisfies Record<Tab, (alarm: Alarm, level: AckLevel) => boolean>

/** The town or street of an alarm: the second name of 县/镇/村, or the first of a shorter path. */
export const townOf = (alarm: Alarm): string | null => alarm.place[1] ?? alarm.place[0] ?? null

export function filtered(alarms: readonly Alarm[], filter: Filter, level: AckLevel): Alarm[] {
  const words = filter.text
    .toLocaleLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const kept = alarms.filter(
    (alarm) =>
      inTab[filter.tab](alarm, level) &&
      (filter.town === null || townOf(alarm) === filter.town) &&
      (filter.category === null || alarm.category === filter.category) &&
      (filter.priority === null || alarm.priority === filter.priority) &&
      matches(alarm, words),
  )
  return inOrder(kept, filter.order)
}

function matches(alarm: Alarm, words: readonly string[]): boolean {
  if (words.length === 0) return true
  const text = [alarm.title.zh, alarm.title.en, alarm.deviceName, alarm.deviceId, ...alarm.place]
    .join(' ')
    .toLocaleLowerCase()
  return words.every((word) => text.includes(word))
}

/** Filters live in the address, so that a link or a reload keeps them. */
export function filterFrom(query: URLSearchParams): Filter {
  const priority = Number(query.get('priority'))
  return {
    tab: TABS.find((tab) => tab === query.get('tab')) ?? 'all',
    town: query.get('town'),
    category: CATEGORIES.find((category) => category === query.get('category')) ?? null,
    priority: priority === 1 || priority === 2 || priority === 3 || priority === 4 ? priority : null,
    text: query.get('q') ?? '',
    order: ORDERS.find((order) => order === query.get('order')) ?? 'priority',
  }
}
export const isFiltering = (filter: Filter): boolean =>
  filter.town !== null || filter.category !== null || filter.priority !== null || filter.text.trim() !== ''
