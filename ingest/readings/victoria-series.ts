// A series in buckets, and a counter hour by hour, by rollups of MetricsQL. A rollup over [w] at t covers (t - w, t]; asked at
// the last millisecond of a bucket it covers exactly the bucket.
import { bucketsOf } from './buckets.ts'
import { runOf } from './counter-hours.ts'
import type { CounterHour } from './counter-hours.ts'
import { MARKS, markOf } from './line-protocol.ts'
import type { CounterRun, ReadingQueries, SeriesPoint } from './port.ts'
import { HOUR_MS } from './schema.ts'
import { quoted } from './victoria-http.ts'
import type { AnsweredSeries, VictoriaHttp } from './victoria-http.ts'

type SeriesQuery = Parameters<ReadingQueries['series']>[0]
type CounterQuery = Parameters<ReadingQueries['counter']>[0]

/** Rows of one answer at most; the server's own bound is 30,000. */
const PAGE = 10_000

export interface SampleName {
  readonly deviceId: string
  readonly kind: string
  /** A metric, or a mark of one. */
  readonly field: string
}

export const selectorOf = ({ deviceId, kind, field }: SampleName): string =>
  `{__name__=${quoted(`${kind}_${field}`)},device=${quoted(deviceId)}}`

const VALUES = ['min', 'avg', 'max', 'last', 'count'] as const
type Rollup = (typeof VALUES)[number] | (typeof MARKS)[number]

/** Windows of one width whose ends lie `width` apart. */
interface Stretch {
  readonly from: number
  readonly to: number
  readonly width: number
}

export async function series(http: VictoriaHttp, query: SeriesQuery): Promise<SeriesPoint[]> {
  const { from, to, points } = query
  if (to <= from || points < 1) return []
  const stretches = stretchesOf(Math.max(0, from), to, points)
  const found = await Promise.all(stretches.map((stretch) => pointsOf(http, query, stretch)))
  return found.flat()
}

/** The buckets of [from, to): those at the edges may be cut, those between are whole. */
function stretchesOf(from: number, to: number, points: number): Stretch[] {
  const { origin, width } = bucketsOf(from, to, points)
  const firstWhole = Math.min(to, origin + Math.ceil((from - origin) / width) * width)
  const lastWhole = Math.max(firstWhole, origin + Math.floor((to - origin) / width) * width)
  const whole: Stretch[] = []
  for (let start = firstWhole; start < lastWhole; start += PAGE * width)
    whole.push({ from: start, to: Math.min(lastWhole, start + PAGE * width), width })
  return [...edge(from, firstWhole), ...whole, ...edge(lastWhole, to)]
}

const edge = (from: number, to: number): Stretch[] => (to > from ? [{ from, to, width: to - from }] : [])

async function pointsOf(http: VictoriaHttp, query: SeriesQuery, stretch: Stretch): Promise<SeriesPoint[]> {
  const { deviceId, kind, metric } = query
  const window = `[${stretch.width}ms]`
  const names = VALUES.map((name) => `"${name}_over_time"`).join(',')
  const marks = MARKS.map((mark) => {
    const marked = selectorOf({ deviceId, kind, field: markOf(metric, mark) })
    return `label_set(count_over_time(${marked}${window}),"rollup",${quoted(mark)})`
  })
  const values = `aggr_over_time((${names}), ${selectorOf({ deviceId, kind, field: metric })}${window})`
  const byRollup = rollups(await over(http, `union(${[values, ...marks].join(',')})`, stretch))
  const of = (rollup: Rollup, at: number): number | undefined => byRollup.get(rollup)?.get(at)
  return [...(byRollup.get('count')?.keys() ?? [])].map((at) => {
    const [late, suspect] = [of('late', at), of('suspect', at)]
    return {
      t: at + 1 - stretch.width,
      min: of('min', at) ?? NaN,
      mean: of('avg', at) ?? NaN,
      max: of('max', at) ?? NaN,
      last: of('last', at) ?? NaN,
      count: of('count', at) ?? 0,
      ...(late === undefined ? {} : { late }),
      ...(suspect === undefined ? {} : { suspect }),
    }
  })
}

function over(http: VictoriaHttp, query: string, { from, to, width }: Stretch): Promise<AnsweredSeries[]> {
  if (from + width >= to) return http.query(query, to - 1)
  return http.queryRange(query, from + width - 1, to - 1, width)
}

/** By the label `rollup`: time → value. */
function rollups(answer: readonly AnsweredSeries[]): Map<string, Map<number, number>> {
  return new Map(
    answer.map(({ labels, samples }) => [(labels['rollup'] ?? '').replace('_over_time', ''), new Map(samples)]),
  )
}

/**
 * Whole hours by their rollups, as long as the counter does not fall in them; the others, and what is cut at the edges,
 * reading by reading.
 */
export async function counterRun(http: VictoriaHttp, query: CounterQuery): Promise<CounterRun | null> {
  const from = Math.max(0, query.from)
  const { to } = query
  if (to <= from) return null
  const firstWhole = Math.min(to, Math.ceil(from / HOUR_MS) * HOUR_MS)
  const lastWhole = Math.max(firstWhole, Math.floor(to / HOUR_MS) * HOUR_MS)
  const hours: CounterHour[] = []
  const again: { from: number; to: number }[] = [
    { from, to: firstWhole },
    { from: lastWhole, to },
  ]
  for (let start = firstWhole; start < lastWhole; start += PAGE * HOUR_MS) {
    const page = { from: start, to: Math.min(lastWhole, start + PAGE * HOUR_MS), width: HOUR_MS }
    for (const hour of await wholeHours(http, query, page)) {
      if (hour.falls === 0) hours.push(hour)
      else again.push({ from: hour.from - (hour.from % HOUR_MS), to: hour.from - (hour.from % HOUR_MS) + HOUR_MS })
    }
  }
  for (const stretch of again) hours.push(...(await readHours(http, query, stretch)))
  return runOf(hours.toSorted((a, b) => a.from - b.from))
}

async function wholeHours(http: VictoriaHttp, query: CounterQuery, stretch: Stretch): Promise<CounterHour[]> {
  const { deviceId, kind, metric } = query
  const names = ['first', 'last', 'tfirst', 'tlast', 'decreases'].map((name) => `"${name}_over_time"`).join(',')
  const values = `aggr_over_time((${names}), ${selectorOf({ deviceId, kind, field: metric })}[${HOUR_MS}ms])`
  const byRollup = rollups(await over(http, values, stretch))
  const of = (rollup: string, at: number): number => byRollup.get(rollup)?.get(at) ?? NaN
  return [...(byRollup.get('first')?.keys() ?? [])].map((at) => ({
    from: Math.round(of('tfirst', at) * 1000),
    to: Math.round(of('tlast', at) * 1000),
    first: of('first', at),
    last: of('last', at),
    gain: of('last', at) - of('first', at),
    // A fall from the hour before counts as well: such an hour is read again and told apart.
    falls: of('decreases', at),
  }))
}

async function readHours(
  http: VictoriaHttp,
  { deviceId, kind, metric }: CounterQuery,
  { from, to }: { from: number; to: number },
): Promise<CounterHour[]> {
  if (to <= from) return []
  const [found] = await http.export(selectorOf({ deviceId, kind, field: metric }), from, to)
  const byHour = Map.groupBy(found?.samples ?? [], ([ts]) => Math.floor(ts / HOUR_MS))
  return [...byHour.values()].map((samples) => hourOf(samples.toSorted(([a], [b]) => a - b)))
}

function hourOf(samples: readonly (readonly [ts: number, value: number])[]): CounterHour {
  const [[from, first], [to, last]] = [samples[0] ?? [NaN, NaN], samples.at(-1) ?? [NaN, NaN]]
  let gain = 0
  let falls = 0
  let before = first
  for (const [, value] of samples) {
    gain += Math.max(0, value - before)
    if (value < before) falls++
    before = value
  }
  return { from, to, first, last, gain, falls }
}
