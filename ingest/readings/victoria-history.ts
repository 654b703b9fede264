// What is read sample by sample: the newest of each metric, and a device's readings for export.
import { MAX_FUTURE_MS } from '../../contract/payloads.ts'
import { pagedExport } from './paged-export.ts'
import type { LatestValue, ReadingQueries, StoredReading } from './port.ts'
import { DAY_MS } from './schema.ts'
import { quoted } from './victoria-http.ts'
import type { VictoriaHttp } from './victoria-http.ts'

/** Where the newest sample is looked for first: nearly always there, and it is little to read. */
const RECENTLY_MS = DAY_MS / 4
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

/** Readings of a device in order of time. */
export function readings(
  http: VictoriaHttp,
  query: Parameters<ReadingQueries['export']>[0],
): AsyncIterable<StoredReading> {
  const { deviceId, kind } = query
  // Names are anchored: marks, which have a colon, are not matched.
  const selector = `{__name__=~${quoted(`${kind}_[a-z_]+`)},device=${quoted(deviceId)}}`
  return pagedExport(query, async (from, to) =>
    (await http.export(selector, from, to)).flatMap(({ labels, samples }) => {
      const field = (labels['__name__'] ?? '').slice(kind.length + 1)
      return samples.map(([ts, value]) => ({ ts, field, value }))
    }),
  )
}
