// What is read sample by sample: the newest of each metric, a device's readings for export, and its events.
import { flux, Point } from '@influxdata/influxdb-client'
import { MAX_FUTURE_MS } from '../../contract/payloads.ts'
import { stretchesOf } from './influx-buckets.ts'
import { allRows, samples, timeOf, valueOf } from './influx-flux.ts'
import type { FluxRow } from './influx-flux.ts'
import type { InfluxReader } from './influx-series.ts'
import { qualityOfField, QUALITY, RECEIVED_AFTER } from './line-protocol.ts'
import { pagedExport } from './paged-export.ts'
import type { LatestValue, ReadingQueries, StoredEvent, StoredReading } from './port.ts'
import { DAY_MS, QUALITIES } from './schema.ts'
import { UnfitInputError } from './unavailable.ts'

/** The events' measurement; no kind has a dash in its name. */
const EVENTS = 'device-event'

export async function latest(
  { api, buckets, retention, now }: InfluxReader,
  deviceId: string,
  kind: string,
  metrics: readonly string[],
): Promise<LatestValue[]> {
  const to = now() + MAX_FUTURE_MS
  const raw = stretchesOf(to - retention.rawDays * DAY_MS, to, now(), retention).find(({ level }) => level === 'raw')
  if (raw === undefined) return []
  const all = samples({ bucket: buckets.raw, kind, deviceId, from: raw.from, to })
  const rows = await allRows(api, flux`${all} |> last()`)
  const found = new Map(rows.map((row) => [String(row['_field']), row]))
  return metrics.flatMap((metric) => {
    const row = found.get(metric)
    return row === undefined ? [] : { metric, value: valueOf(row), ts: timeOf(row) }
  })
}

/** Readings of a device in order of time; what retention has dropped is not among them. */
export function readings(
  { api, buckets }: InfluxReader,
  query: Parameters<ReadingQueries['export']>[0],
): AsyncIterable<StoredReading> {
  const { kind, deviceId } = query
  return pagedExport(query, async (from, to) => {
    const all = samples({ bucket: buckets.raw, kind, deviceId, from, to })
    const rows = await allRows(api, flux`${all} |> filter(fn: (r) => r._field !~ /:/)`)
    return rows.map((row) => ({ ts: timeOf(row), field: String(row['_field']), value: valueOf(row) }))
  })
}

export function eventLine(event: StoredEvent): string {
  const line = new Point(EVENTS)
    .tag('device', event.deviceId)
    .tag('type', event.type)
    .tag('name', event.name)
    .stringField('kind', event.kind)
    .stringField('data', JSON.stringify(event.data))
    .floatField(RECEIVED_AFTER, event.receivedAt - event.ts)
    .floatField(QUALITY, QUALITIES.indexOf(event.quality))
    .timestamp(event.ts)
    .toLineProtocol()
  if (line === undefined) throw new UnfitInputError('an event without fields')
  return line
}

/** Newest first. */
export async function events(
  { api, buckets }: InfluxReader,
  { deviceId, from, to, limit }: Parameters<ReadingQueries['events']>[0],
): Promise<StoredEvent[]> {
  if (to <= from || limit < 1) return []
  const all = samples({ bucket: buckets.events, kind: EVENTS, deviceId, from, to })
  const rows = await allRows(
    api,
    flux`${all}
  |> pivot(rowKey: ["_time", "type", "name"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> sort(columns: ["_time", "name"], desc: true)
  |> limit(n: ${limit})`,
  )
  return rows.map((row) => eventOf(row, deviceId))
}

function eventOf(row: FluxRow, deviceId: string): StoredEvent {
  const ts = timeOf(row)
  return {
    type: row['type'] === 'status' ? 'status' : 'event',
    position: 0,
    deviceId,
    kind: String(row['kind']),
    ts,
    receivedAt: ts + Number(row[RECEIVED_AFTER]),
    quality: qualityOfField(Number(row[QUALITY])),
    name: String(row['name']),
    data: JSON.parse(String(row['data'])) as StoredEvent['data'],
  }
}

/** Events of doors over [from, to) that still say who opened them, as they are to be written anew: without. */
export async function withoutPersons({ api, buckets }: InfluxReader, from: number, to: number): Promise<string[]> {
  const [start, stop] = [new Date(from), new Date(to)]
  const rows = await allRows(
    api,
    flux`import "strings"
from(bucket: ${buckets.events})
  |> range(start: ${start}, stop: ${stop})
  |> filter(fn: (r) => r._measurement == ${EVENTS} and r._field == "data")
  |> filter(fn: (r) => strings.containsStr(v: r._value, substr: ${'"person":'}))`,
  )
  return rows.map((row) => {
    const data = JSON.parse(String(row['_value']), (key, value: unknown) =>
      key === 'person' ? undefined : value,
    ) as object
    const line = new Point(EVENTS)
      .tag('device', String(row['device']))
      .tag('type', String(row['type']))
      .tag('name', String(row['name']))
      .stringField('data', JSON.stringify(data))
      .timestamp(timeOf(row))
      .toLineProtocol()
    if (line === undefined) throw new UnfitInputError('an event without fields')
    return line
  })
}
