// A series of one device and metric in buckets. The cost follows the answer: wide buckets read roll-ups, narrow ones the
// readings, and every sealed table is sorted by device, so that only the device's own stretch of it is read.
import { type Buckets, bucketsOf, type Level } from './buckets.ts'
import { type FamilyTables, metricIds, tablesOf } from './catalog.ts'
import { type Lane, numberOf } from './database.ts'
import type { SeriesQuery } from './messages.ts'
import { UNIT_MS } from './rollups.ts'
import {
  column,
  DAY_MS,
  dayOf,
  dayStart,
  IS_LATE,
  IS_SUSPECT,
  marked,
  monthOf,
  openTable,
  rollupTable,
} from './schema.ts'
import { NO_ROWS, packRows } from './series-rows.ts'

/** A stretch of time [from, to) to be read from one kind of source. */
export interface Piece {
  readonly level: Level
  readonly from: number
  readonly to: number
}

/** What of whom is read. */
type Stretch = Omit<SeriesQuery, 'points'>

export async function series(lane: Lane, query: SeriesQuery): Promise<Float64Array> {
  const { kind, metric, from, to, points } = query
  if (to <= from || points < 1) return NO_ROWS
  const buckets = bucketsOf(from, to, points)
  return lane.transaction(async () => {
    const id = (await metricIds(lane, kind)).get(metric)
    if (id === undefined) return NO_ROWS
    const tables = await tablesOf(lane, kind)
    const openDays = await daysInOpenTables(lane, query, tables)
    const pieces = cover(from, to, buckets.level, tables, openDays)
    const sources = [
      ...readingsSql(query, tables, pieces, buckets, openDays),
      ...rollupSql(query, id, tables, pieces, buckets, 'minute'),
      ...rollupSql(query, id, tables, pieces, buckets, 'hour'),
    ]
    const [only] = sources
    if (only === undefined) return NO_ROWS
    // Of one source each bucket is already one row.
    const rows =
      sources.length === 1
        ? only
        : `SELECT bucket, min(low) AS low, sum(total) AS total, max(high) AS high, arg_max(last, newest) AS last,
             sum(n) AS n, sum(late) AS late, sum(suspect) AS suspect
           FROM (${sources.join(' UNION ALL ')}) GROUP BY bucket`
    return packRows(
      await lane.numbers(
        `SELECT greatest(${from}, ${buckets.origin} + bucket * ${buckets.width})::DOUBLE, low, total / n, high, last,
           n::DOUBLE, late::DOUBLE, suspect::DOUBLE FROM (${rows}) ORDER BY bucket`,
      ),
    )
  })
}

/** Days with readings of the device that are not sealed yet: what is sealed of them is not all. */
export async function daysInOpenTables(
  lane: Lane,
  { device, kind, from, to }: Stretch,
  { generations }: FamilyTables,
): Promise<Set<number>> {
  const parts = generations.map(
    (generation) =>
      `SELECT DISTINCT ts // 3600000 AS hour FROM ${openTable(kind, generation)}
       WHERE device = ${device} AND ts >= ${from} AND ts < ${to}`,
  )
  const rows = await lane.rows(parts.join(' UNION '))
  return new Set(rows.map((row) => dayOf(numberOf(row['hour']) * 3_600_000)))
}

/** Splits [from, to) into pieces, each from the coarsest source that is complete, exact at both edges and fits the buckets. */
export function cover(
  from: number,
  to: number,
  level: Level,
  { partitions }: FamilyTables,
  openDays: Set<number>,
): Piece[] {
  if (level === 'raw' && !partitions.some((partition) => partition.level !== 'raw')) return [{ level, from, to }]
  const days = new Map(partitions.filter((p) => p.level === 'raw').map((p) => [p.period, p]))
  const months = {
    minute: new Set(partitions.filter((p) => p.level === 'minute').map((p) => p.period)),
    hour: new Set(partitions.filter((p) => p.level === 'hour').map((p) => p.period)),
  }
  const pieces: Piece[] = []
  const add = (piece: Piece): void => {
    const last = pieces.at(-1)
    if (last && last.level === piece.level && last.to === piece.from)
      pieces[pieces.length - 1] = { ...last, to: piece.to }
    else pieces.push(piece)
  }
  for (let day = dayOf(from); day <= dayOf(to - 1); day++) {
    const start = Math.max(from, dayStart(day))
    const end = Math.min(to, dayStart(day) + DAY_MS)
    const sealed = days.get(day)
    const rolled = (unit: 'minute' | 'hour'): boolean => {
      if (openDays.has(day)) return false
      if (sealed) return unit === 'hour' ? sealed.hoursRolled : sealed.minutesRolled
      return months[unit].has(monthOf(dayStart(day)))
    }
    // Only a day whose readings retention has dropped is read from roll-ups alone, rounded outwards to their unit.
    const dropped = !sealed && !openDays.has(day)
    const finest: Level = !dropped ? 'raw' : rolled('minute') ? 'minute' : rolled('hour') ? 'hour' : 'raw'
    const coarsest: Level =
      level === 'hour' && rolled('hour') ? 'hour' : level !== 'raw' && rolled('minute') ? 'minute' : finest
    const unit = coarsest === 'raw' ? 1 : UNIT_MS[coarsest]
    const wholeFrom = Math.ceil(start / unit) * unit
    const wholeTo = Math.floor(end / unit) * unit
    if (coarsest === finest || wholeFrom >= wholeTo) {
      add({ level: finest, from: start, to: end })
      continue
    }
    if (start < wholeFrom) add({ level: finest, from: start, to: wholeFrom })
    add({ level: coarsest, from: wholeFrom, to: wholeTo })
    if (wholeTo < end) add({ level: finest, from: wholeTo, to: end })
  }
  return pieces
}

function readingsSql(
  query: SeriesQuery,
  tables: FamilyTables,
  pieces: readonly Piece[],
  { origin, width }: Buckets,
  openDays: ReadonlySet<number>,
): string[] {
  return readingSources(query, tables, pieces, openDays).map(
    (source) =>
      `SELECT (ts - ${origin}) // ${width} AS bucket, min(v) AS low, sum(v) AS total, max(v) AS high, count(*) AS n,
         max(ts) AS newest, arg_max(v, ts) AS last, count_if(${IS_LATE}) AS late,
         count_if(${IS_SUSPECT}) AS suspect FROM (${source}) GROUP BY bucket`,
  )
}

/** The readings of the raw pieces, as `ts`, `quality`, `v`; each reading is in one of the sources. */
export function readingSources(
  { device, kind, metric }: Stretch,
  { generations, partitions }: FamilyTables,
  pieces: readonly Piece[],
  openDays: ReadonlySet<number>,
): string[] {
  const value = column(metric)
  const sealed: string[] = []
  const mixed: string[] = []
  for (const { level, from, to } of pieces) {
    if (level !== 'raw') continue
    const where = `WHERE device = ${device} AND ts >= ${from} AND ts < ${to}`
    const asArrived = `SELECT ts, received_at, quality, position, ${value} AS v`
    for (const generation of openDays.size > 0 ? generations : []) {
      mixed.push(`${asArrived} FROM ${openTable(kind, generation)} ${where}`)
    }
    for (const day of partitions) {
      if (day.level !== 'raw' || !day.metrics.includes(metric)) continue
      if (dayStart(day.period) >= to || dayStart(day.period) + DAY_MS <= from) continue
      if (openDays.has(day.period)) mixed.push(`${asArrived} FROM ${day.table} ${where}`)
      else sealed.push(`SELECT ts, quality, ${value} AS v FROM ${day.table} ${where} AND ${value} IS NOT NULL`)
    }
  }
  const sources: string[] = []
  // A sealed day has each (device, ts) once. Elsewhere rows are merged as sealing would, wherever they lie.
  if (sealed.length > 0) sources.push(sealed.join(' UNION ALL '))
  if (mixed.length > 0)
    sources.push(
      `SELECT ts, ${marked('arg_max(quality, position)', 'min(received_at)')} AS quality, arg_max(v, position) AS v
       FROM (${mixed.join(' UNION ALL ')}) GROUP BY ts HAVING arg_max(v, position) IS NOT NULL`,
    )
  return sources
}

function rollupSql(
  { device, kind }: SeriesQuery,
  metricId: number,
  { partitions }: FamilyTables,
  pieces: readonly Piece[],
  { origin, width }: Buckets,
  level: 'minute' | 'hour',
): string[] {
  const unit = UNIT_MS[level]
  const sql: string[] = []
  for (const { period } of partitions.filter((partition) => partition.level === level)) {
    const stretches = pieces
      .filter((piece) => piece.level === level && monthOf(piece.from) <= period && monthOf(piece.to - 1) >= period)
      .map(({ from, to }) => `(t >= ${Math.floor(from / unit)} AND t < ${Math.ceil(to / unit)})`)
    if (stretches.length === 0) continue
    sql.push(
      `SELECT greatest(t::BIGINT * ${unit} - ${origin}, 0) // ${width} AS bucket, min(coalesce(low, total)) AS low,
         sum(total) AS total, max(coalesce(high, total)) AS high, sum(coalesce(n, 1)) AS n, max(t)::BIGINT * ${unit} AS newest,
         arg_max(coalesce(last, total), t) AS last, sum(coalesce(late, 0)) AS late, sum(coalesce(suspect, 0)) AS suspect
       FROM ${rollupTable(level, kind, period)}
       WHERE metric = ${metricId} AND device = ${device} AND (${stretches.join(' OR ')}) GROUP BY bucket`,
    )
  }
  return sql
}
