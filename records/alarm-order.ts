// The orders in which alarms are listed, each with the key that a page ends on.
import { sql } from 'kysely'
import type { RawBuilder, SelectQueryBuilder, SqlBool } from 'kysely'
import { ALARM_SORTS } from '../contract/http/alarms.ts'
import type { AlarmSort } from '../contract/http/alarms.ts'
import { decodeCursor, encodeCursor, invalidCursor } from './page.ts'
import type { Tables } from './tables.ts'

type FromAlarm = SelectQueryBuilder<Tables, 'alarm', object>

/** What a list is sorted by, how the row before it stood, and from where the next page goes on. */
export interface Position {
  readonly sort: AlarmSort
  /** Instant of the first page, ms: later pages measure what still lasts against the same one. */
  readonly asOf: number
  /** null: from the start. */
  readonly after: { readonly key: number; readonly raisedAt: number; readonly id: string } | null
}

interface Row {
  readonly key: number
  readonly raised_at: number
  readonly id: string
}

export function positionOf(sort: AlarmSort | undefined, cursor: string | undefined, now: number): Position {
  const wanted = sort ?? 'newest'
  const held = decodeCursor(cursor, 'number', 'number', 'number', 'number', 'string')
  if (held === null) return { sort: wanted, asOf: now, after: null }
  const [index, asOf, key, raisedAt, id] = held
  if (ALARM_SORTS[index] !== wanted) throw invalidCursor()
  return { sort: wanted, asOf, after: { key, raisedAt, id } }
}

export const cursorAfter = ({ sort, asOf }: Position, row: Row): string =>
  encodeCursor([ALARM_SORTS.indexOf(sort), asOf, row.key, row.raised_at, row.id])

/** The number that is sorted by. */
export function sortKey({ sort, asOf }: Position): RawBuilder<number> {
  switch (sort) {
    case 'newest':
    case 'oldest':
      return sql<number>`alarm.raised_at`
    case 'priority':
      return sql<number>`alarm.priority`
    case 'longest':
      return sql<number>`coalesce(alarm.cleared_at, alarm.closed_at, ${sql.lit(asOf)}) - alarm.raised_at`
    case 'slowest_ack':
      // A device's clock may run ahead of the hub's: an acknowledgement "before" the raise took no time.
      return sql<number>`case when alarm.acked_at is null then -1
        when alarm.acked_at < alarm.raised_at then 0 else alarm.acked_at - alarm.raised_at end`
  }
}

/** Orders, and leaves out what the pages before have shown. */
export function inOrder(alarms: FromAlarm, position: Position): FromAlarm {
  const { sort, after } = position
  const key = sortKey(position)
  switch (sort) {
    case 'newest':
    case 'oldest': {
      const [direction, beyond] = sort === 'newest' ? (['desc', sql`<`] as const) : (['asc', sql`>`] as const)
      const page = alarms.orderBy('alarm.raised_at', direction).orderBy('alarm.id', direction)
      if (after === null) return page
      return page.where(sql<SqlBool>`(alarm.raised_at, alarm.id) ${beyond} (${after.raisedAt}, ${after.id})`)
    }
    case 'priority': {
      const page = alarms
        .orderBy('alarm.priority', 'asc')
        .orderBy('alarm.raised_at', 'desc')
        .orderBy('alarm.id', 'desc')
      if (after === null) return page
      // The first half is what an index can begin at.
      return page.where(sql<SqlBool>`alarm.priority >= ${after.key} and
        (alarm.priority > ${after.key} or (alarm.raised_at, alarm.id) < (${after.raisedAt}, ${after.id}))`)
    }
    case 'longest':
    case 'slowest_ack': {
      const page = alarms.orderBy(key, 'desc').orderBy('alarm.id', 'desc')
      if (after === null) return page
      return page.where(sql<SqlBool>`(${key}, alarm.id) < (${after.key}, ${after.id})`)
    }
  }
}
