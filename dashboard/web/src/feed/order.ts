// The orders an officer may choose. Each is total (id decides last), so the same alarms always stand in the same order.
import type { Alarm } from '../../../../contract/alarms.ts'

export const ORDERS = ['priority', 'newest', 'oldest'] as const
export type Order = (typeof ORDERS)[number]

type Compare = (a: Alarm, b: Alarm) => number

const byId: Compare = (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
const newestFirst: Compare = (a, b) => b.raisedAt - a.raisedAt || byId(a, b)

export const COMPARE = {
  priority: (a, b) => a.priority - b.priority || newestFirst(a, b),
  newest: newestFirst,
  oldest: (a, b) => a.raisedAt - b.raisedAt || byId(a, b),
} satisfies Record<Order, Compare>

export const inOrder = (alarms: readonly Alarm[], order: Order): Alarm[] => alarms.toSorted(COMPARE[order])
