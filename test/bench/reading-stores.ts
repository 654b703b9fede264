// The reading stores beside each other: what they take, each append durable, and how fast they answer. The imitated InfluxDB
// of the tests is no store to be measured: that one is measured where ZHIAN_INFLUX_URL and _TOKEN name a real server.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import { setUpInflux } from '../../ingest/readings/influx-admin.ts'
import { createInfluxStore } from '../../ingest/readings/influx-store.ts'
import { dayOf, DAY_MS, dayStart } from '../../ingest/readings/schema.ts'
import { createVictoriaStore } from '../../ingest/readings/victoria-store.ts'
import type { ReadingQueries, RetentionPolicy, StoredInput, StoredReading } from '../../ingest/readings/port.ts'
import { startVictoria, VICTORIA_MISSING } from '../support/services/victoria.ts'
import { percentile } from './percentile.ts'
import { figure, notMeasured } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const KIND = 'electricity'
const METRICS = [
  'residual_current',
  'voltage_a',
  'voltage_b',
  'voltage_c',
  'current_a',
  'current_b',
  'current_c',
  'energy',
]
const KINDS = { [KIND]: METRICS }
const KEEP: RetentionPolicy = { rawDays: 90, minuteDays: 365, hourDays: 1825 }
const MINUTE = 60_000
const DEVICES = 20
/** One reading a minute each: 864,000. */
const DAYS = 30
const BATCH = 2_000
/** Appends on their way at once. */
const AT_ONCE = 8
const QUERIES = 40
const LONE = 20

interface Measured extends ReadingQueries {
  append(inputs: readonly StoredInput[]): Promise<void>
  maintain(now: number, retention: RetentionPolicy): Promise<void>
  stop(): Promise<void>
}

export async function benchReadingStores({ quick }: BenchOptions): Promise<BenchRow[]> {
  const days = quick ? 2 : DAYS
  const rows: BenchRow[] = []
  for (const [name, open] of [
    ['DuckDB', duckdb],
    ['VictoriaMetrics', victoria],
    ['InfluxDB', influx],
  ] as const) {
    const ends: (() => Promise<unknown>)[] = []
    try {
      const store = await open(ends)
      if (typeof store === 'string') rows.push(notMeasured(name, store))
      else rows.push(...(await figuresOf(name, store, days)))
    } finally {
      for (const end of ends.toReversed()) await end()
    }
  }
  return rows
}

async function figuresOf(name: string, store: Measured, days: number): Promise<BenchRow[]> {
  const end = dayStart(dayOf(Date.now()))
  const from = end - days * DAY_MS
  const batches = history(from, days)
  const began = performance.now()
  let readings = 0
  const hands = Array.from({ length: AT_ONCE }, async () => {
    for (let next = batches.next(); next.done !== true; next = batches.next()) {
      readings += next.value.length
      await store.append(next.value)
    }
  })
  await Promise.all(hands)
  const seconds = (performance.now() - began) / 1000
  const lone: number[] = []
  for (let i = 0; i < LONE; i++) {
    const at = performance.now()
    await store.append([sample(readings + i, 0, end + i * 1000)])
    lone.push(performance.now() - at)
  }
  await store.maintain(Date.now(), KEEP)
  const rows = [
    figure(`${name}: readings of 8 values, durable`, readings / seconds, '/s'),
    figure(`${name}: a lone reading until it is durable, median`, percentile(lone, 0.5), 'ms'),
  ]
  for (const [span, ms] of [
    ['a day', DAY_MS],
    [`${days} days`, days * DAY_MS],
  ] as const) {
    const taken: number[] = []
    for (let i = 0; i < QUERIES; i++) {
      const at = performance.now()
      const query = { deviceId: `meter-${i % DEVICES}`, kind: KIND, metric: METRICS[i % METRICS.length] ?? '' }
      const points = await store.series({ ...query, from: end - ms, to: end, points: 1_000 })
      taken.push(performance.now() - at)
      if (points.length < Math.min(600, ms / MINUTE / 2)) throw new Error(`${name} answers ${points.length} points`)
    }
    rows.push(figure(`${name}: ${span} of a device in 1,000 points, p95`, percentile(taken, 0.95), 'ms'))
  }
  const newest: number[] = []
  for (let i = 0; i < QUERIES; i++) {
    const at = performance.now()
    await store.latest(`meter-${i % DEVICES}`, KIND)
    newest.push(performance.now() - at)
  }
  return [...rows, figure(`${name}: newest values of a device, p95`, percentile(newest, 0.95), 'ms')]
}

/** As they come: minute by minute, every device in turn. */
function* history(from: number, days: number): Generator<StoredReading[]> {
  let batch: StoredReading[] = []
  let position = 0
  for (let minute = 0; minute < days * 1_440; minute++)
    for (let device = 0; device < DEVICES; device++) {
      batch.push(sample(++position, device, from + minute * MINUTE))
      if (batch.length < BATCH) continue
      yield batch
      batch = []
    }
  yield batch
}

function sample(position: number, device: number, ts: number): StoredReading {
  const values = Object.fromEntries(
    METRICS.map((metric, index) => [
      metric,
      metric === 'energy' ? position / 1_000 : Math.round(2200 + ((position * (index + 7)) % 97)) / 10,
    ]),
  )
  const receivedAt = ts + 300 + (position % 400)
  return {
    type: 'reading',
    position,
    deviceId: `meter-${device}`,
    kind: KIND,
    ts,
    receivedAt,
    quality: 'device',
    values,
  }
}

type Open = (ends: (() => Promise<unknown>)[]) => Promise<Measured | string>

const duckdb: Open = async (ends) => {
  const directory = await mkdtemp(join(tmpdir(), 'zhian-stores-'))
  ends.push(() => rm(directory, { recursive: true, force: true }))
  const store = createDuckdbStore({ directory, kinds: KINDS })
  ends.push(() => store.stop())
  await store.start()
  return store
}

const victoria: Open = async (ends) => {
  if (VICTORIA_MISSING) return 'victoria-metrics is not installed'
  const server = await startVictoria()
  ends.push(() => server.dispose())
  const events = { add: async () => undefined, events: async () => [], retain: async () => undefined }
  const store = createVictoriaStore({ url: server.url, kinds: KINDS, events, now: Date.now, keepDays: KEEP.rawDays })
  ends.push(() => store.stop())
  await store.start()
  // Its process must be two seconds old before it is written to.
  await store.append([sample(1, 0, dayStart(dayOf(Date.now())) + DAY_MS / 4)])
  return store
}

const influx: Open = async (ends) => {
  const { ZHIAN_INFLUX_URL: url, ZHIAN_INFLUX_TOKEN: token, ZHIAN_INFLUX_ORG: org = 'zhian' } = process.env
  if (url === undefined || token === undefined) return 'ZHIAN_INFLUX_URL and ZHIAN_INFLUX_TOKEN are not set'
  const at = { url, token, org, bucket: `zhian-bench-${process.pid}`, retention: KEEP }
  await setUpInflux(at, () => undefined)
  const store = createInfluxStore({ ...at, kinds: KINDS, now: Date.now })
  ends.push(() => store.stop())
  return store
}
