// What is read sample by sample: the newest of each metric, and a device's readings for export.
import { MAX_FUTURE_MS } from '../../contract/payloads.ts'
import { qualityOfField, QUALITY, RECEIVED_AFTER } from './line-protocol.ts'
import type { LatestValue, ReadingQueries, StoredReading } from './port.ts'
import { DAY_MS, HOUR_MS } from './schema.ts'
import { quoted } from './victoria-http.ts'
import type { VictoriaHttp } from './victoria-http.ts'

/** Where the newest sample is looked for first: nearly always there, and it is little to read. */
const RECENTLY_MS = DAY_MS / 4
/** One page of an export: as many samples of the device as fit, the time it spans found by trying. */
const PAGE_SAMPLES = 50_000
const SHORTEST_MS = 60_000
const LONGEST_MS = 31 * DAY_MS

/** Each metric's newest value, those of `metrics` in their order. `keptMs`: how far back anything is kept. */
export async function latest(
  http: VictoriaHttp,
  { deviceId, kind, metrics, now, keptMs }: LatestQuery,
): Promise<LatestValue[]> {
  const found = new Map<string, LatestValue>()
  for (const back of [RECENTLY_MS, keptMs]) {
    const missing = metrics.filter((metric) => !found.has(metric))
    if (missing.length === 0) break
    const names = missing.map((metric) => `${kind}_${metric}`).join('|')
    const samples = `{__name__=~${quoted(names)},device=${quoted(deviceId)}}[${back + MAX_FUTURE_MS}ms]`
    const answer = await http.query(
      `union(label_set(last_over_time(${samples}) keep_metric_names,"rollup","value"),` +
        `label_set(tlast_over_time(${samples}) keep_metric_names,"rollup","ts"))`,
      now + MAX_FUTURE_MS,
    )
    for (const metric of missing) {
      const of = (rollup: string): number | undefined =>
        answer.find(({ labels }) => labels['rollup'] === rollup && labels['__name__'] === `${kind}_${metric}`)
          ?.samples[0]?.[1]
      const [value, ts] = [of('value'), of('ts')]
      if (value !== undefined && ts !== undefined) found.set(metric, { metric, value, ts: Math.round(ts * 1000) })
    }
  }
  return metrics.flatMap((metric) => found.get(metric) ?? [])
}

interface LatestQuery {
  readonly deviceId: string
  readonly kind: string
  readonly metrics: readonly string[]
  readonly now: number
  readonly keptMs: number
}

/** Readings in order of time, a page at a time: the next page spans more time after a small one, less after a large one. */
export async function* readings(
  http: VictoriaHttp,
  { deviceId, kind, from, to }: Parameters<ReadingQueries['export']>[0],
): AsyncIterable<StoredReading> {
  let span = HOUR_MS
  for (let start = Math.max(0, from); start < to;) {
    const end = Math.min(to, start + span)
    const page = await pageOf(http, { deviceId, kind, from: start, to: end })
    yield* page.readings
    start = end
    span = page.samples > PAGE_SAMPLES ? Math.max(SHORTEST_MS, span / 2) : Math.min(LONGEST_MS, span * 2)
  }
}

async function pageOf(
  http: VictoriaHttp,
  { deviceId, kind, from, to }: Parameters<ReadingQueries['export']>[0],
): Promise<{ readings: StoredReading[]; samples: number }> {
  // Names are anchored: marks, which have a colon, are not matched.
  const answer = await http.export(`{__name__=~${quoted(`${kind}_[a-z_]+`)},device=${quoted(deviceId)}}`, from, to)
  const fields = new Map<number, Record<string, number>>()
  let count = 0
  for (const { labels, samples } of answer) {
    const field = (labels['__name__'] ?? '').slice(kind.length + 1)
    for (const [ts, value] of samples) {
      const at = fields.get(ts)
      if (at === undefined) fields.set(ts, { [field]: value })
      else at[field] = value
      count++
    }
  }
  const times = [...fields.keys()].sort((a, b) => a - b)
  return { samples: count, readings: times.map((ts) => readingOf({ deviceId, kind, ts }, fields.get(ts) ?? {})) }
}

/** From the fields of one line, as they were written. The order of arrival is not kept. */
export function readingOf(
  of: Pick<StoredReading, 'deviceId' | 'kind' | 'ts'>,
  fields: Readonly<Record<string, number>>,
): StoredReading {
  const { [RECEIVED_AFTER]: receivedAfter = 0, [QUALITY]: quality, ...values } = fields
  return {
    type: 'reading',
    position: 0,
    ...of,
    receivedAt: of.ts + receivedAfter,
    quality: qualityOfField(quality),
    values,
  }
}
