// The fake hub's alarm history: the contract's filters and orders, read off every alarm.
import type * as z from 'zod'
import type { Alarm } from '../../../contract/alarms.ts'
import type { alarmFilterSchema, AlarmSort } from '../../../contract/http/alarms.ts'
import { sees } from './fake-journal.ts'
import type { Scope } from './fake-journal.ts'

type Query = z.infer<typeof alarmFilterSchema> & { readonly sort?: AlarmSort | undefined }

const lasted = (alarm: Alarm) => (alarm.clearedAt ?? alarm.closedAt ?? Date.now()) - alarm.raisedAt
const waited = (alarm: Alarm) => (alarm.ack === null ? -1 : alarm.ack.at - alarm.raisedAt)
const ORDERS: Record<AlarmSort, (a: Alarm, b: Alarm) => number> = {
  newest: (a, b) => b.raisedAt - a.raisedAt,
  oldest: (a, b) => a.raisedAt - b.raisedAt,
  priority: (a, b) => a.priority - b.priority || b.raisedAt - a.raisedAt,
  longest: (a, b) => lasted(b) - lasted(a),
  slowest_ack: (a, b) => waited(b) - waited(a),
}

export function historyOf(alarms: readonly Alarm[], scope: Scope, query: Query): Alarm[] {
  const { open, priority, category, kind, verdict, siteId, deviceId, from, to, q = '' } = query
  const words = q.toLowerCase().split(/\s+/)
  const kept = alarms.filter((alarm) => {
    const text = [alarm.title.zh, alarm.deviceId, alarm.deviceName, ...alarm.place].join(' ').toLowerCase()
    return (
      sees(scope, alarm) &&
      (open === undefined || open === (alarm.closedAt === null)) &&
      (priority ?? alarm.priority) === alarm.priority &&
      (category ?? alarm.category) === alarm.category &&
      (kind ?? alarm.kind) === alarm.kind &&
      (verdict === undefined || (alarm.verdict ?? 'none') === verdict) &&
      (siteId ?? alarm.siteId) === alarm.siteId &&
      (deviceId ?? alarm.deviceId) === alarm.deviceId &&
      alarm.raisedAt >= (from ?? 0) &&
      alarm.raisedAt < (to ?? Infinity) &&
      words.every((word) => text.includes(word))
    )
  })
  return kept.toSorted(ORDERS[query.sort ?? 'newest'])
}
