// What is read row by row: a device's events, its readings for export, and everything after a position.
import { type FamilyTables, families, metricIds, tablesOf } from './catalog.ts'
import { type Lane, numberOf, type Row, textOf } from './database.ts'
import type { Requests } from './messages.ts'
import type { StoredEvent, StoredInput, StoredReading } from './port.ts'
import { column, DAY_MS, dayOf, dayStart, EVENT_TYPES, EVENTS, monthOf, openTable, qualityOf } from './schema.ts'

/** Readings in one page of an export, positions in one page of a replay. */
const EXPORT_PAGE = 5_000
const REPLAY_WINDOW = 4_096

/** Newest first. Walks the months backwards and stops as soon as it has enough. */
export async function events(
  lane: Lane,
  { device, from, to, limit }: Requests['events']['ask'],
): Promise<StoredEvent[]> {
  if (to <= from || limit < 1) return []
  return lane.transaction(async () => {
    const { generations, partitions } = await tablesOf(lane, EVENTS)
    const where = `WHERE e.device = ${device} AND ts >= ${from} AND ts < ${to}`
    // A redelivery may lie in another table than the event: all of them are looked at, and each says only its newest.
    const tables = [
      ...generations.map((generation) => openTable(EVENTS, generation)),
      ...partitions
        .filter(({ period }) => period >= monthOf(from) && period <= monthOf(to - 1))
        .map(({ table }) => table),
    ]
    const parts = tables.map((table) => `SELECT * FROM ${table} e ${where}`)
    const rows = await lane.rows(
      `SELECT ts::DOUBLE AS ts, arg_min(received_at, position)::DOUBLE AS received_at, min(position)::DOUBLE AS position,
         arg_min(quality, position) AS quality, type, kind, name, data, any_value(id) AS id
       FROM (${parts.join(' UNION ALL ')}) JOIN devices ON key = device
       GROUP BY ts, type, kind, name, data ORDER BY ts DESC, position DESC LIMIT ${limit}`,
    )
    return rows.map(toEvent)
  })
}

/** Readings of a device in order of time, a page at a time. */
export async function exportPage(
  lane: Lane,
  { device, kind, from, to }: Requests['export']['ask'],
): Promise<Requests['export']['answer']> {
  return lane.transaction(async () => {
    const tables = await tablesOf(lane, kind)
    const metrics = [...(await metricIds(lane, kind)).keys()]
    for (let start = from; start < to;) {
      const end = Math.min(to, endOfStretch(tables, start, to))
      const rows = await lane.rows(
        `SELECT * FROM (${readingsSql(kind, tables, metrics, device, start, end)}) ORDER BY ts LIMIT ${EXPORT_PAGE}`,
      )
      const readings = rows.map((row) => toReading(kind, metrics, row))
      const last = readings.at(-1)
      if (last) return { readings, next: rows.length === EXPORT_PAGE ? last.ts + 1 : end < to ? end : undefined }
      start = end
    }
    return { readings: [], next: undefined }
  })
}

/** One day at a time while there are sealed days; the open tables alone are read in one go. */
function endOfStretch(tables: FamilyTables, start: number, to: number): number {
  const day = dayOf(start)
  const days = tables.partitions.filter(({ level }) => level === 'raw').map(({ period }) => period)
  if (days.includes(day)) return dayStart(day) + DAY_MS
  const later = days.filter((period) => period > day)
  return later.length > 0 ? dayStart(Math.min(...later)) : to
}

/** Merged readings of a device over [from, to), as sealing merges them. */
function readingsSql(
  kind: string,
  { generations, partitions }: FamilyTables,
  metrics: readonly string[],
  device: number,
  from: number,
  to: number,
): string {
  const where = `WHERE device = ${device} AND ts >= ${from} AND ts < ${to}`
  const sources = [
    ...generations.map((generation) => `SELECT * FROM ${openTable(kind, generation)} ${where}`),
    ...partitions
      .filter(({ level, period }) => level === 'raw' && dayStart(period) < to && dayStart(period) + DAY_MS > from)
      .map(({ table }) => `SELECT * FROM ${table} ${where}`),
  ]
  const values = metrics.map((metric) => `, arg_max(${column(metric)}, position) AS ${column(metric)}`).join('')
  return `SELECT ts::DOUBLE AS ts, min(received_at)::DOUBLE AS received_at, max(position)::DOUBLE AS position,
            arg_max(quality, position) AS quality, any_value(id) AS id${values}
          FROM (${sources.join(' UNION ALL BY NAME ')}) JOIN devices ON key = device GROUP BY ts`
}

/**
 * Everything stored with a position in the next window after `position`, in order. Sealed tables whose highest position is
 * not beyond it are not touched, open ones skip by their zone maps: little new costs little.
 */
export async function replayPage(
  lane: Lane,
  { position }: Requests['after']['ask'],
): Promise<Requests['after']['answer']> {
  return lane.transaction(async () => {
    const sources: { family: string; table: string; metrics: readonly string[] }[] = []
    for (const family of await families(lane)) {
      const { generations, partitions } = await tablesOf(lane, family)
      const metrics = family === EVENTS ? [] : [...(await metricIds(lane, family)).keys()]
      for (const generation of generations) sources.push({ family, table: openTable(family, generation), metrics })
      for (const { level, table, maxPosition, metrics: stored } of partitions) {
        if (level === 'raw' && maxPosition > position) sources.push({ family, table, metrics: stored })
      }
    }
    let first = Infinity
    for (const { table } of sources) {
      const [row] = await lane.rows(
        `SELECT min(position) AS first, count(*) AS n FROM ${table} WHERE position > ${position}`,
      )
      if (numberOf(row?.['n']) > 0) first = Math.min(first, numberOf(row?.['first']))
    }
    if (first === Infinity) return { inputs: [], next: undefined }
    const last = first + REPLAY_WINDOW - 1
    const inputs: StoredInput[] = []
    for (const { family, table, metrics } of sources) {
      const fields = metrics.map((metric) => `, ${column(metric)}`).join('')
      const rows = await lane.rows(
        `SELECT id, ts::DOUBLE AS ts, received_at::DOUBLE AS received_at, position::DOUBLE AS position, quality
           ${family === EVENTS ? ', type, kind, name, data' : fields}
         FROM ${table} JOIN devices ON key = device WHERE position >= ${first} AND position <= ${last}`,
      )
      for (const row of rows) inputs.push(family === EVENTS ? toEvent(row) : toReading(family, metrics, row))
    }
    inputs.sort((a, b) => a.position - b.position)
    return { inputs, next: last }
  })
}

function toReading(kind: string, metrics: readonly string[], row: Row): StoredReading {
  const values: Record<string, number> = {}
  for (const metric of metrics) {
    const value = row[metric]
    if (typeof value === 'number') values[metric] = value
  }
  return { type: 'reading', kind, ...common(row), values }
}

function toEvent(row: Row): StoredEvent {
  return {
    type: EVENT_TYPES[numberOf(row['type'])] ?? 'event',
    kind: textOf(row['kind']),
    ...common(row),
    name: textOf(row['name']),
    data: JSON.parse(textOf(row['data'])) as Record<string, unknown>,
  }
}

function common(row: Row): Pick<StoredInput, 'position' | 'deviceId' | 'ts' | 'receivedAt' | 'quality'> {
  return {
    position: numberOf(row['position']),
    deviceId: textOf(row['id']),
    ts: numberOf(row['ts']),
    receivedAt: numberOf(row['received_at']),
    quality: qualityOf(numberOf(row['quality'])),
  }
}
