// Roll-ups of finished days: one row a device, metric and minute (hour), appended day by day to one table a month.
//
// Minutes are made early only where they are worth it, that is where readings come faster than one a minute; otherwise the
// day's readings serve as its minutes until retention drops them, and the minutes are made then.
import { addPartition, dropPartition, metricIds, type Partition, tablesOf } from './catalog.ts'
import { type Lane, numberOf } from './database.ts'
import {
  column,
  DAY_MS,
  dayStart,
  EVENTS,
  HOUR_MS,
  IS_LATE,
  IS_SUSPECT,
  MINUTE_MS,
  monthOf,
  monthStart,
  ROLLUP_COLUMNS,
  rollupTable,
} from './schema.ts'
import type { RetentionPolicy } from './port.ts'

export const UNIT_MS = { minute: MINUTE_MS, hour: HOUR_MS } as const

/** Minutes are made early when a day has at least this many readings a minute and device. */
const EARLY_MINUTES_FACTOR = 2

/** Rolls up the days of a kind that ended before `today` and were sealed or touched since. Returns how many. */
export async function rollUp(lane: Lane, kind: string, today: number): Promise<number> {
  const { partitions } = await tablesOf(lane, kind)
  let rolled = 0
  for (const day of partitions) {
    if (day.level !== 'raw' || day.hoursRolled || day.period >= today) continue
    await lane.transaction(async () => {
      await rollDay(lane, day, 'hour')
      const early = await minutesWorthIt(lane, day)
      // A day that was touched again may have minutes made from fewer readings.
      if (early) await rollDay(lane, day, 'minute')
      else await forgetRollup(lane, day, 'minute')
      await lane.execute(
        `UPDATE partitions SET hours_rolled = true, minutes_rolled = ${early} WHERE table_name = '${day.table}'`,
      )
    })
    rolled += 1
  }
  return rolled
}

/** Drops what the policy no longer keeps; roll-ups and events go by whole months. Returns how many tables went. */
export async function retain(lane: Lane, family: string, today: number, policy: RetentionPolicy): Promise<number> {
  const { partitions } = await tablesOf(lane, family)
  let dropped = 0
  const oldest = today - policy.rawDays
  for (const partition of partitions) {
    if (partition.level !== 'raw' || partition.period >= oldest || isMonthly(partition)) continue
    await lane.transaction(async () => {
      if (!partition.hoursRolled) await rollDay(lane, partition, 'hour')
      // By whole months, as they are dropped: where a month of minutes exists, none of its past days is missing.
      const minutesKept = !isPast(monthOf(dayStart(partition.period)), today - policy.minuteDays)
      if (!partition.minutesRolled && minutesKept) await rollDay(lane, partition, 'minute')
      await dropPartition(lane, partition)
    })
    dropped += 1
  }
  const { partitions: kept } = await tablesOf(lane, family)
  for (const partition of kept) {
    if (!isMonthly(partition)) continue
    // Events are kept as long as the minutes are: long enough to explain an alarm, not for ever.
    const days = partition.level === 'hour' ? policy.hourDays : policy.minuteDays
    if (isPast(partition.period, today - days)) {
      await lane.transaction(() => dropPartition(lane, partition))
      dropped += 1
    }
  }
  return dropped
}

const isMonthly = (partition: Partition): boolean => partition.level !== 'raw' || partition.family === EVENTS
const isPast = (month: number, oldestDay: number): boolean => monthStart(month + 1) <= dayStart(oldestDay)

async function minutesWorthIt(lane: Lane, day: Partition): Promise<boolean> {
  const [row] = await lane.rows(
    `SELECT count(*) FILTER (WHERE NOT coalesce(same, false)) AS minutes FROM
       (SELECT device = lag(device) OVER () AND ts // ${MINUTE_MS} = lag(ts // ${MINUTE_MS}) OVER () AS same
        FROM ${day.table})`,
  )
  return day.rows >= EARLY_MINUTES_FACTOR * numberOf(row?.['minutes'])
}

async function rollDay(lane: Lane, day: Partition, level: 'minute' | 'hour'): Promise<void> {
  const table = await monthTable(lane, day, level)
  await forgetRollup(lane, day, level)
  const ids = await metricIds(lane, day.family)
  const unit = UNIT_MS[level]
  for (const metric of day.metrics) {
    const value = column(metric)
    await lane.execute(
      `INSERT INTO ${table}
       SELECT ${ids.get(metric)}, device, t, nullif(n, 1), total,
              CASE WHEN n > 1 THEN low END, CASE WHEN n > 1 THEN high END, CASE WHEN n > 1 THEN last END,
              nullif(late, 0), nullif(suspect, 0)
       FROM (SELECT device, (ts // ${unit})::INTEGER AS t, count(*) AS n, sum(${value}) AS total, min(${value}) AS low,
                    max(${value}) AS high, arg_max(${value}, ts) AS last,
                    count_if(${IS_LATE}) AS late, count_if(${IS_SUSPECT}) AS suspect
             FROM ${day.table} WHERE ${value} IS NOT NULL GROUP BY 1, 2)
       ORDER BY device, t`,
    )
  }
}

async function forgetRollup(lane: Lane, day: Partition, level: 'minute' | 'hour'): Promise<void> {
  const month = monthOf(dayStart(day.period))
  const { partitions } = await tablesOf(lane, day.family)
  if (!partitions.some((partition) => partition.level === level && partition.period === month)) return
  const unit = UNIT_MS[level]
  const from = dayStart(day.period) / unit
  await lane.execute(
    `DELETE FROM ${rollupTable(level, day.family, month)} WHERE t >= ${from} AND t < ${from + DAY_MS / unit}`,
  )
}

async function monthTable(lane: Lane, day: Partition, level: 'minute' | 'hour'): Promise<string> {
  const month = monthOf(dayStart(day.period))
  const table = rollupTable(level, day.family, month)
  const { partitions } = await tablesOf(lane, day.family)
  if (!partitions.some((partition) => partition.level === level && partition.period === month)) {
    await lane.execute(`CREATE TABLE ${table} (${ROLLUP_COLUMNS})`)
    await addPartition(lane, {
      family: day.family,
      level,
      period: month,
      table,
      rows: 0,
      maxPosition: 0,
      metrics: [],
      minutesRolled: true,
      hoursRolled: true,
    })
  }
  return table
}
