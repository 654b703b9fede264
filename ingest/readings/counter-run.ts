// What a cumulative counter ran up over a time, its restarts notwithstanding: the sum of its rises. Finished days are read hour
// by hour from their roll-ups; only hours in which the counter fell, and the first and the last, are read reading by reading,
// as long as the readings are kept.
import { metricIds, tablesOf } from './catalog.ts'
import type { FamilyTables } from './catalog.ts'
import { numberOf } from './database.ts'
import type { Lane } from './database.ts'
import { hourOf, runOf } from './counter-hours.ts'
import type { CounterHour, RolledHour } from './counter-hours.ts'
import type { CounterQuery } from './messages.ts'
import type { CounterRun } from './port.ts'
import { UNIT_MS } from './rollups.ts'
import { dayOf, HOUR_MS, rollupTable } from './schema.ts'
import { cover, daysInOpenTables, readingSources } from './series.ts'
import type { Piece } from './series.ts'

export async function counterRun(lane: Lane, query: CounterQuery): Promise<CounterRun | null> {
  const { kind, metric, from, to } = query
  if (to <= from) return null
  return lane.transaction(async () => {
    const id = (await metricIds(lane, kind)).get(metric)
    if (id === undefined) return null
    const tables = await tablesOf(lane, kind)
    const openDays = await daysInOpenTables(lane, query, tables)
    const pieces = cover(from, to, 'hour', tables, openDays)
    const rolled = await rolledHours(lane, query, id, tables, pieces)
    const again = hoursToReadAgain(rolled, tables)
    const exact = pieces.filter(({ level }) => level === 'raw')
    const read = await readHours(lane, query, tables, [...exact, ...again.values()], openDays)
    const hours = [...rolled.flatMap((hour) => (again.has(hour.t) ? [] : hourOf(hour))), ...read]
    return runOf(hours.toSorted((a, b) => a.from - b.from))
  })
}

/** Those whose roll-up does not say all, if their readings are still there. */
function hoursToReadAgain(hours: readonly RolledHour[], { partitions }: FamilyTables): Map<number, Piece> {
  const kept = new Set(partitions.filter(({ level }) => level === 'raw').map(({ period }) => period))
  const again = new Map<number, Piece>()
  hours.forEach(({ t, low, high, last }, index) => {
    const before = hours[index - 1]
    const atAnEnd = before === undefined || index === hours.length - 1
    if (!kept.has(dayOf(t)) || !(atAnEnd || last < high || low < before.last)) return
    again.set(t, { level: 'raw', from: t, to: t + HOUR_MS })
  })
  return again
}

async function rolledHours(
  lane: Lane,
  { device, kind }: CounterQuery,
  metricId: number,
  { partitions }: FamilyTables,
  pieces: readonly Piece[],
): Promise<RolledHour[]> {
  const hours: RolledHour[] = []
  for (const level of ['minute', 'hour'] as const) {
    const unit = UNIT_MS[level]
    const stretches = pieces
      .filter((piece) => piece.level === level)
      .map(({ from, to }) => `(t >= ${Math.floor(from / unit)} AND t < ${Math.ceil(to / unit)})`)
    if (stretches.length === 0) continue
    for (const { period } of partitions.filter((partition) => partition.level === level)) {
      const rows = await lane.rows(
        `SELECT t, coalesce(low, total) AS low, coalesce(high, total) AS high, coalesce(last, total) AS last
         FROM ${rollupTable(level, kind, period)}
         WHERE metric = ${metricId} AND device = ${device} AND (${stretches.join(' OR ')}) ORDER BY t`,
      )
      for (const row of rows)
        hours.push({
          t: numberOf(row['t']) * unit,
          span: unit,
          low: numberOf(row['low']),
          high: numberOf(row['high']),
          last: numberOf(row['last']),
        })
    }
  }
  return hours.toSorted((a, b) => a.t - b.t)
}

async function readHours(
  lane: Lane,
  query: CounterQuery,
  tables: FamilyTables,
  pieces: readonly Piece[],
  openDays: ReadonlySet<number>,
): Promise<CounterHour[]> {
  const sources = readingSources(query, tables, pieces, openDays)
  if (sources.length === 0) return []
  const readings = sources.map((source) => `SELECT ts, v FROM (${source})`).join(' UNION ALL ')
  const rows = await lane.rows(
    `SELECT min(ts)::DOUBLE AS "from", max(ts)::DOUBLE AS "to", arg_min(v, ts) AS first, arg_max(v, ts) AS last,
       coalesce(sum(greatest(v - before, 0)), 0) AS gain, count_if(v < before)::DOUBLE AS falls
     FROM (SELECT ts, v, lag(v) OVER (PARTITION BY ts // ${HOUR_MS} ORDER BY ts) AS before FROM (${readings}))
     GROUP BY ts // ${HOUR_MS}`,
  )
  return rows.map((row) => ({
    from: numberOf(row['from']),
    to: numberOf(row['to']),
    first: numberOf(row['first']),
    last: numberOf(row['last']),
    gain: numberOf(row['gain']),
    falls: numberOf(row['falls']),
  }))
}
