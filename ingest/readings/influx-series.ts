// A series in buckets, and a counter. Buckets are windows of Flux, which the storage engine makes itself; what retention has
// dropped comes from the roll-ups, and where both meet in one bucket they are put together here.
import { flux, fluxDuration, fluxExpression } from '@influxdata/influxdb-client'
import type { ParameterizedQuery, QueryApi } from '@influxdata/influxdb-client'
import { bucketsOf } from './buckets.ts'
import { hourOf, runOf } from './counter-hours.ts'
import type { CounterHour } from './counter-hours.ts'
import { ROLLED, stretchesOf } from './influx-buckets.ts'
import type { InfluxBuckets, Stretch } from './influx-buckets.ts'
import { allRows, samples, script, timeOf, valueOf } from './influx-flux.ts'
import { MARKS, markOf } from './line-protocol.ts'
import type { CounterRun, ReadingQueries, RetentionPolicy, SeriesPoint } from './port.ts'
import { HOUR_MS } from './schema.ts'

export interface InfluxReader {
  readonly api: QueryApi
  readonly buckets: InfluxBuckets
  readonly retention: RetentionPolicy
  /** Wall time, ms. */
  readonly now: () => number
}

type SeriesQuery = Parameters<ReadingQueries['series']>[0]
type CounterQuery = Parameters<ReadingQueries['counter']>[0]

interface Sums {
  min: number
  max: number
  sum: number
  count: number
  last: number
  late: number
  suspect: number
}

export async function series(reader: InfluxReader, query: SeriesQuery): Promise<SeriesPoint[]> {
  const { to, points } = query
  if (to <= query.from || points < 1) return []
  const { origin, width } = bucketsOf(query.from, to, points)
  const sums = new Map<number, Sums>()
  const stretches = stretchesOf(query.from, to, reader.now(), reader.retention)
  const answers = await Promise.all(
    stretches.map((stretch) => allRows(reader.api, windows(reader, query, stretch, { origin, width }))),
  )
  // Oldest stretch first, so that the last value is the newest.
  for (const row of answers.flat()) {
    const bucket = Math.max(0, Math.floor((timeOf(row) - origin) / width))
    const sum = sums.get(bucket) ?? { min: Infinity, max: -Infinity, sum: 0, count: 0, last: NaN, late: 0, suspect: 0 }
    sums.set(bucket, sum)
    add(sum, String(row['result']), valueOf(row))
  }
  return [...sums]
    .filter(([, { count }]) => count > 0)
    .sort(([a], [b]) => a - b)
    .map(([bucket, { min, max, sum, count, last, late, suspect }]) => ({
      t: Math.max(query.from, origin + bucket * width),
      ...{ min, mean: sum / count, max, last, count },
      ...(late > 0 ? { late } : {}),
      ...(suspect > 0 ? { suspect } : {}),
    }))
}

function add(sums: Sums, what: string, value: number): void {
  if (what === 'min') sums.min = Math.min(sums.min, value)
  else if (what === 'max') sums.max = Math.max(sums.max, value)
  else if (what === 'last') sums.last = value
  else if (what === 'sum' || what === 'count' || what === 'late' || what === 'suspect') sums[what] += value
}

/** One yield for each number of a bucket; its rows stand at the start of their window. */
function windows(
  { buckets }: InfluxReader,
  { deviceId, kind, metric }: SeriesQuery,
  { level, from, to }: Stretch,
  { origin, width }: { origin: number; width: number },
): string {
  const all = samples({ bucket: buckets[level], kind, deviceId, from, to })
  const every = fluxDuration(`${width}ms`)
  const offset = fluxDuration(`${origin % width}ms`)
  const window = (name: string, field: string, fn: string): ParameterizedQuery =>
    flux`${all}
  |> filter(fn: (r) => r._field == ${field})
  |> aggregateWindow(every: ${every}, offset: ${offset}, fn: ${fluxExpression(fn)}, createEmpty: false, timeSrc: "_start")
  |> yield(name: ${name})`
  return script([
    ...ROLLED.map((name) =>
      // A roll-up's counts are added up, not counted.
      level === 'raw' ? window(name, metric, name) : window(name, `${metric}:${name}`, name === 'count' ? 'sum' : name),
    ),
    ...MARKS.map((mark) => window(mark, markOf(metric, mark), 'sum')),
  ])
}

export async function counterRun(reader: InfluxReader, query: CounterQuery): Promise<CounterRun | null> {
  if (query.to <= query.from) return null
  const hours: CounterHour[] = []
  for (const stretch of stretchesOf(query.from, query.to, reader.now(), reader.retention)) {
    const read = stretch.level === 'raw' ? readHours : rolledHours
    hours.push(...(await read(reader, query, stretch)))
  }
  return runOf(hours)
}

/** First and last of each hour, and every fall: what was run up is the difference, and what the falls took away. */
async function readHours(
  { api, buckets }: InfluxReader,
  { deviceId, kind, metric }: CounterQuery,
  { from, to }: Stretch,
): Promise<CounterHour[]> {
  const all = flux`${samples({ bucket: buckets.raw, kind, deviceId, from, to })}
  |> filter(fn: (r) => r._field == ${metric})`
  const hourly = flux`${all} |> window(every: 1h)`
  const answer = await allRows(
    api,
    script([
      flux`${hourly} |> first() |> yield(name: "first")`,
      flux`${hourly} |> last() |> yield(name: "last")`,
      flux`${all} |> difference(nonNegative: false) |> filter(fn: (r) => r._value < 0.0) |> yield(name: "fall")`,
    ]),
  )
  // Results come in an order of their own.
  const of = (result: string): { ts: number; value: number }[] =>
    answer.filter((row) => row['result'] === result).map((row) => ({ ts: timeOf(row), value: valueOf(row) }))
  const lasts = new Map(of('last').map((last) => [Math.floor(last.ts / HOUR_MS), last]))
  const falls = Map.groupBy(of('fall'), ({ ts }) => Math.floor(ts / HOUR_MS))
  return of('first')
    .sort((a, b) => a.ts - b.ts)
    .map((first) => {
      const hour = Math.floor(first.ts / HOUR_MS)
      const last = lasts.get(hour) ?? first
      // A fall to the hour's first value is one from the hour before.
      const within = (falls.get(hour) ?? []).filter(({ ts }) => ts > first.ts)
      const fallen = within.reduce((sum, { value }) => sum - value, 0)
      return {
        ...{ from: first.ts, to: last.ts, first: first.value, last: last.value },
        gain: last.value - first.value + fallen,
        falls: within.length,
      }
    })
}

/** Whole hours; of one with more than one fall what was run up is a lower bound. */
async function rolledHours(
  { api, buckets }: InfluxReader,
  { deviceId, kind, metric }: CounterQuery,
  { level, from, to }: Stretch,
): Promise<CounterHour[]> {
  const all = samples({ bucket: level === 'minute' ? buckets.minute : buckets.hour, kind, deviceId, from, to })
  const answer = await allRows(
    api,
    script(
      (['min', 'max', 'last'] as const).map(
        (name) => flux`${all}
  |> filter(fn: (r) => r._field == ${`${metric}:${name}`})
  |> aggregateWindow(every: 1h, fn: ${fluxExpression(name)}, createEmpty: false, timeSrc: "_start")
  |> yield(name: ${name})`,
      ),
    ),
  )
  const hours = new Map<number, Record<string, number>>()
  for (const row of answer) {
    const t = Math.floor(timeOf(row) / HOUR_MS) * HOUR_MS
    hours.set(t, { ...hours.get(t), [String(row['result'])]: valueOf(row) })
  }
  return [...hours]
    .sort(([a], [b]) => a - b)
    .map(([t, { min: low = NaN, max: high = NaN, last = NaN }]) => hourOf({ t, span: HOUR_MS, low, high, last }))
}
