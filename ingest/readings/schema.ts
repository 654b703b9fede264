// Names inside the database. Every identifier that reaches SQL is built here, from checked kinds, metrics and integers, so
// nothing that a device says can become SQL.
import { LATE_AFTER_MS } from '../../contract/payloads.ts'

/** Kind → its metrics in column order. Kinds are [a-z]+, metrics [a-z_]+; adding is allowed, removing keeps the column. */
export type ReadingKinds = Readonly<Record<string, readonly string[]>>

/** Rows in one block: DuckDB's vector size, so that a block is one data chunk. */
export const BLOCK_ROWS = 2048

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** Days are calendar days of China (UTC+8, one zone, no summer time): a sealed day is the day people mean. */
const CHINA_OFFSET_MS = 8 * HOUR_MS

export const dayOf = (ms: number): number => Math.floor((ms + CHINA_OFFSET_MS) / DAY_MS)
export const dayStart = (day: number): number => day * DAY_MS - CHINA_OFFSET_MS

/** Months are counted from year 0, so that they order and subtract as integers. */
export function monthOf(ms: number): number {
  const date = new Date(ms + CHINA_OFFSET_MS)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

export const monthStart = (month: number): number => Date.UTC(Math.floor(month / 12), month % 12) - CHINA_OFFSET_MS

/** Days the pseudonym of who opened a door is kept. */
export const PERSON_DAYS = 30

/** The events' family; a kind's own family is its name. The dash keeps the two apart. */
export const EVENTS = 'events-'

export const openTable = (family: string, generation: number): string =>
  family === EVENTS ? `events_open_${generation}` : `open_${family}_${generation}`
export const dayTable = (kind: string, day: number, version: number): string => `day_${kind}_${day}_${version}`
export const eventMonthTable = (month: number, version: number): string => `events_month_${month}_${version}`
export const rollupTable = (level: 'minute' | 'hour', kind: string, month: number): string =>
  `${level}_${kind}_${month}`
export const latestTable = (kind: string): string => `latest_${kind}`

/** A metric's column. Quoted because a metric may be a word of SQL. */
export const column = (metric: string): string => `"${metric}"`

export const READING_COLUMNS = 'device INTEGER, ts BIGINT, received_at BIGINT, position BIGINT, quality UTINYINT'
export const EVENT_COLUMNS =
  'device INTEGER, ts BIGINT, received_at BIGINT, position BIGINT, quality UTINYINT, type UTINYINT, kind VARCHAR, name VARCHAR, data VARCHAR'

/**
 * A roll-up row: one device, one metric, one unit of time with at least one sample. Where there was exactly one sample
 * only `total` is set: the rest would repeat it, and NULLs cost nothing on disk. So does a count of late or suspect
 * samples that is zero.
 */
export const ROLLUP_COLUMNS =
  'metric INTEGER, device INTEGER, t INTEGER, n UINTEGER, total DOUBLE, low DOUBLE, high DOUBLE, last DOUBLE, late UINTEGER, suspect UINTEGER'

export const LATEST_COLUMNS = 'device INTEGER, metric INTEGER, ts BIGINT, value DOUBLE'

/** Orders a device's rows by time and, within one ts, by position: of two deliveries of a sample the later one counts. */
export const POSITION_KEY = `ts::HUGEINT * ${Number.MAX_SAFE_INTEGER + 1} + position`

export const CATALOG_DDL = [
  'CREATE TABLE IF NOT EXISTS meta (name VARCHAR, value BIGINT)',
  'CREATE TABLE IF NOT EXISTS devices (key INTEGER, id VARCHAR)',
  'CREATE TABLE IF NOT EXISTS metrics (id INTEGER, kind VARCHAR, name VARCHAR)',
  'CREATE TABLE IF NOT EXISTS generations (family VARCHAR, generation INTEGER)',
  `CREATE TABLE IF NOT EXISTS partitions (
     family VARCHAR, level VARCHAR, period INTEGER, table_name VARCHAR, row_count BIGINT, max_position BIGINT,
     metrics VARCHAR, minutes_rolled BOOLEAN, hours_rolled BOOLEAN)`,
]

/** Bumped when older code could no longer read what newer code writes. */
export const SCHEMA_VERSION = 2

export const QUALITIES = ['device', 'received', 'suspect'] as const

/**
 * A sealed row's quality also says whether it came late: to learn that from `received_at`, a history would read as much
 * again. Other rows are marked when they are read. Days sealed by version 1 mark nothing.
 */
const LATE = 4
export const marked = (quality: string, receivedAt: string): string =>
  `(${quality} % ${LATE} + CASE WHEN ${receivedAt} - ts > ${LATE_AFTER_MS} THEN ${LATE} ELSE 0 END)::UTINYINT`
export const IS_LATE = `quality >= ${LATE}`
export const IS_SUSPECT = `quality % ${LATE} = ${QUALITIES.indexOf('suspect')}`
export const qualityOf = (code: number): (typeof QUALITIES)[number] => QUALITIES[code % LATE] ?? 'device'
export const EVENT_TYPES = ['event', 'status'] as const

export function checkKinds(kinds: ReadingKinds): void {
  for (const [kind, metrics] of Object.entries(kinds)) {
    if (!/^[a-z]{1,40}$/.test(kind)) throw new TypeError(`kind ${JSON.stringify(kind)} is not [a-z]+`)
    const seen = new Set<string>(['device', 'ts', 'received_at', 'position', 'quality'])
    for (const metric of metrics) {
      if (!/^[a-z_]{1,60}$/.test(metric)) throw new TypeError(`metric ${JSON.stringify(metric)} is not [a-z_]+`)
      if (seen.has(metric)) throw new TypeError(`metric ${metric} of ${kind} is doubled or reserved`)
      seen.add(metric)
    }
  }
}
