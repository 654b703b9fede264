// Sealing: rows leave the open table, where they lie in order of arrival, for one table a day (events: a month), sorted by
// (device, ts) and without duplicates. One transaction a family: before its commit nothing has happened.
import {
  addPartition,
  dropPartition,
  type FamilyTables,
  metricIds,
  nextTableVersion,
  type Partition,
  tablesOf,
} from './catalog.ts'
import { type Lane, numberOf } from './database.ts'
import {
  column,
  DAY_MS,
  dayOf,
  dayStart,
  dayTable,
  eventMonthTable,
  EVENTS,
  HOUR_MS,
  latestTable,
  marked,
  monthOf,
  monthStart,
  openTable,
  POSITION_KEY,
} from './schema.ts'

/**
 * Seals every generation of a family but the open one, as far as its inputs are decided: those after `decided` may be asked
 * for again and stay as they were told. Returns the number of rows taken.
 */
export async function sealFamily(lane: Lane, family: string, decided: number): Promise<number> {
  return lane.transaction(async () => {
    const tables = await tablesOf(lane, family)
    const generations: number[] = []
    let taken = 0
    let high = 0
    for (const generation of tables.generations.slice(0, -1)) {
      const [row] = await lane.rows(`SELECT count(*) AS n, max(position) AS high FROM ${openTable(family, generation)}`)
      if (numberOf(row?.['high']) > decided) break
      generations.push(generation)
      taken += numberOf(row?.['n'])
      high = Math.max(high, numberOf(row?.['high']))
    }
    if (generations.length === 0) return 0
    if (family === EVENTS) await sealEvents(lane, tables, generations)
    else await sealReadings(lane, family, tables, generations)
    for (const generation of generations) {
      await lane.execute(`DROP TABLE ${openTable(family, generation)}`)
      await lane.execute(`DELETE FROM generations WHERE family = '${family}' AND generation = ${generation}`)
    }
    await lane.execute(`UPDATE meta SET value = greatest(value, ${high}) WHERE name = 'high_position'`)
    return taken
  })
}

const union = (family: string, generations: readonly number[]): string =>
  generations.map((generation) => `SELECT * FROM ${openTable(family, generation)}`).join(' UNION ALL ')

async function sealReadings(
  lane: Lane,
  kind: string,
  tables: FamilyTables,
  generations: readonly number[],
): Promise<void> {
  const rows = union(kind, generations)
  const ids = await metricIds(lane, kind)
  const present = await metricsWithValues(lane, rows, [...ids.keys()])
  await updateLatest(lane, kind, rows, present, ids)
  for (const day of await periodsOf(lane, rows, dayOf)) {
    const before = tables.partitions.find(({ level, period }) => level === 'raw' && period === day)
    if (!before && (await isRolledUp(lane, tables, day))) continue
    const metrics = [...ids.keys()].filter((metric) => present.includes(metric) || before?.metrics.includes(metric))
    const table = dayTable(kind, day, await nextTableVersion(lane))
    const arrivals = `SELECT device, ts, received_at, position, ${marked('quality', 'received_at')} AS quality${present.map((m) => `, ${column(m)}`).join('')}
      FROM (${rows}) WHERE ts >= ${dayStart(day)} AND ts < ${dayStart(day) + DAY_MS}`
    await lane.execute(
      `CREATE TABLE ${table} AS ${arrivals} ${before ? `UNION ALL BY NAME SELECT * FROM ${before.table}` : ''}
       ORDER BY device, ts, position`,
    )
    await mergeTwins(lane, table, metrics)
    await replacePartition(lane, before, { family: kind, level: 'raw', period: day, table, metrics })
  }
}

/** Retention has dropped this day's readings. What comes for it now is too late: its roll-ups cannot be made again. */
async function isRolledUp(lane: Lane, { partitions }: FamilyTables, day: number): Promise<boolean> {
  const hours = partitions.find(({ level, period }) => level === 'hour' && period === monthOf(dayStart(day)))
  if (!hours) return false
  const from = dayStart(day) / HOUR_MS
  const found = await lane.rows(
    `SELECT 1 FROM ${hours.table} WHERE t >= ${from} AND t < ${from + DAY_MS / HOUR_MS} LIMIT 1`,
  )
  return found.length > 0
}

/**
 * Merges rows of one (device, ts): each metric's last value by position, quality from the last delivery, receipt from the
 * first: a sample that is sent again did not come late.
 * The table is sorted, so twins are neighbours; the few there are go in again, sorted, behind the rest.
 */
async function mergeTwins(lane: Lane, table: string, metrics: readonly string[]): Promise<void> {
  const twins = `SELECT DISTINCT device, ts FROM
    (SELECT device, ts, device = lag(device) OVER () AND ts = lag(ts) OVER () AS twin FROM ${table}) WHERE twin`
  await lane.execute(`CREATE OR REPLACE TEMP TABLE twins AS ${twins}`)
  const [found] = await lane.rows('SELECT count(*) AS n FROM twins')
  if (numberOf(found?.['n']) > 0) {
    const values = metrics.map((m) => `, arg_max(${column(m)}, position) AS ${column(m)}`).join('')
    await lane.execute(
      `CREATE OR REPLACE TEMP TABLE merged AS
       SELECT device, ts, min(received_at) AS received_at, max(position) AS position,
              ${marked('arg_max(quality, position)', 'min(received_at)')} AS quality${values}
       FROM ${table} SEMI JOIN twins USING (device, ts) GROUP BY device, ts`,
    )
    await lane.execute(
      `DELETE FROM ${table} USING twins WHERE ${table}.device = twins.device AND ${table}.ts = twins.ts`,
    )
    await lane.execute(`INSERT INTO ${table} BY NAME SELECT * FROM merged ORDER BY device, ts`)
    await lane.execute('DROP TABLE merged')
  }
  await lane.execute('DROP TABLE twins')
}

async function sealEvents(lane: Lane, tables: FamilyTables, generations: readonly number[]): Promise<void> {
  const rows = union(EVENTS, generations)
  for (const month of await periodsOf(lane, rows, monthOf)) {
    const before = tables.partitions.find(({ period }) => period === month)
    const table = eventMonthTable(month, await nextTableVersion(lane))
    const all = `SELECT * FROM (${rows}) WHERE ts >= ${monthStart(month)} AND ts < ${monthStart(month + 1)}
      ${before ? `UNION ALL SELECT * FROM ${before.table}` : ''}`
    // The same event delivered twice is one event, known by the delivery that came first.
    await lane.execute(
      `CREATE TABLE ${table} AS
       SELECT device, ts, arg_min(received_at, position) AS received_at, min(position) AS position,
              arg_min(quality, position) AS quality, type, kind, name, data
       FROM (${all}) GROUP BY device, ts, type, kind, name, data ORDER BY device, ts, position`,
    )
    await replacePartition(lane, before, { family: EVENTS, level: 'raw', period: month, table, metrics: [] })
  }
}

async function replacePartition(
  lane: Lane,
  before: Partition | undefined,
  made: Pick<Partition, 'family' | 'level' | 'period' | 'table' | 'metrics'>,
): Promise<void> {
  const [row] = await lane.rows(`SELECT count(*) AS n, max(position) AS high FROM ${made.table}`)
  if (before) await dropPartition(lane, before)
  await addPartition(lane, {
    ...made,
    rows: numberOf(row?.['n']),
    maxPosition: numberOf(row?.['high']),
    minutesRolled: false,
    hoursRolled: false,
  })
}

/** Folds the rows into each device's newest values, so that asking for them never walks back through the days. */
async function updateLatest(
  lane: Lane,
  kind: string,
  rows: string,
  present: readonly string[],
  ids: ReadonlyMap<string, number>,
): Promise<void> {
  if (present.length === 0) return
  const newest = present.map(
    (metric) =>
      // Of one ts the later position wins: both in one ordered key.
      `SELECT device, ${ids.get(metric)} AS metric, max(ts) AS ts,
         arg_max(${column(metric)}, ${POSITION_KEY}) AS value, 1 AS rank
       FROM (${rows}) WHERE ${column(metric)} IS NOT NULL GROUP BY device`,
  )
  const table = latestTable(kind)
  await lane.execute(
    `CREATE OR REPLACE TEMP TABLE newest AS
     SELECT device, metric, max(ts) AS ts, arg_max(value, ts * 2 + rank) AS value
     FROM (SELECT *, 0 AS rank FROM ${table} UNION ALL ${newest.join(' UNION ALL ')}) GROUP BY device, metric`,
  )
  await lane.execute(`DELETE FROM ${table}`)
  await lane.execute(`INSERT INTO ${table} SELECT device, metric, ts, value FROM newest ORDER BY device, metric`)
  await lane.execute('DROP TABLE newest')
}

async function metricsWithValues(lane: Lane, rows: string, metrics: readonly string[]): Promise<string[]> {
  if (metrics.length === 0) return []
  const counts = metrics.map((metric, index) => `count(${column(metric)}) AS n${index}`).join(', ')
  const [row] = await lane.rows(`SELECT ${counts} FROM (${rows})`)
  return metrics.filter((_, index) => numberOf(row?.[`n${index}`]) > 0)
}

/** The periods that the rows fall in, ascending. */
async function periodsOf(lane: Lane, rows: string, periodOf: (ms: number) => number): Promise<number[]> {
  const days = await lane.rows(`SELECT DISTINCT ts // 3600000 AS hour FROM (${rows})`)
  const periods = new Set(days.map((row) => periodOf(numberOf(row['hour']) * 3_600_000)))
  return [...periods].sort((a, b) => a - b)
}
