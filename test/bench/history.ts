// Figures of the reading store alone: history queries in a store of 72 million sealed readings, and durable commits.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addPartition, metricIds } from '../../ingest/readings/catalog.ts'
import { Database, type Lane } from '../../ingest/readings/database.ts'
import { createDuckdbStore, type DuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import {
  DAY_MS,
  dayOf,
  dayStart,
  dayTable,
  HOUR_MS,
  monthOf,
  monthStart,
  ROLLUP_COLUMNS,
  rollupTable,
} from '../../ingest/readings/schema.ts'
import { percentile } from './percentile.ts'
import { atLeast, atMost } from './row.ts'
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
/** The metrics that the generated history fills; the queries read one of them. */
const FILLED = METRICS.slice(0, 2)
const DEVICES = 2_000
/** 72 million readings. */
const DAYS = 25
const MINUTES = 1_440
const FIRST_DAY = dayOf(Date.UTC(2026, 9, 1))
const KEEP = { rawDays: 90, minuteDays: 365, hourDays: 1825 }
const QUERIES = 60
const COMMIT_MS = 5_000
/** Readings on their way at once while commits are measured: about what 10 ms of a flood bring. */
const WINDOW = 4_000

export async function benchHistory({ quick }: BenchOptions): Promise<BenchRow[]> {
  const days = quick ? 2 : DAYS
  const directory = await mkdtemp(join(tmpdir(), 'zhian-history-'))
  const store = createDuckdbStore({ directory, kinds: { [KIND]: METRICS } })
  try {
    await store.start()
    await store.stop()
    await generate(directory, days)
    await store.start()
    const end = dayStart(FIRST_DAY + days)
    await store.maintain(end + DAY_MS / 2, KEEP)
    const size = `${Math.round((DEVICES * MINUTES * days) / 1e6)} M readings, one device`
    const spans = [
      { name: `${days} days`, ms: days * DAY_MS, limit: 10 },
      { name: 'a day', ms: DAY_MS, limit: 10 },
      { name: 'a year', ms: 365 * DAY_MS, limit: 100 },
    ]
    const rows: BenchRow[] = []
    for (const { name, ms, limit } of spans) {
      const p95 = await latencies(store, { from: end - ms, to: end })
      rows.push(atMost(`${size}: ${name} in 1,000 points, p95`, p95, 'ms', limit))
    }
    return [...rows, ...(await commits(store, end, quick ? COMMIT_MS / 5 : COMMIT_MS))]
  } finally {
    await store.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Writes sealed days and the hours of the year before them straight into the file: through appends it would take an hour. */
async function generate(directory: string, days: number): Promise<void> {
  const database = await Database.open({
    file: join(directory, 'readings.duckdb'),
    temporary: join(directory, 'temporary'),
    memoryLimitMb: 1_024,
  })
  const lane = await database.lane()
  await lane.execute(`INSERT INTO devices SELECT i + 1, 'meter-' || (i + 1) FROM range(${DEVICES}) AS devices(i)`)
  for (let day = FIRST_DAY; day < FIRST_DAY + days; day++) await generateDay(lane, day)
  const ids = await metricIds(lane, KIND)
  for (let month = monthOf(dayStart(FIRST_DAY)) - 12; month < monthOf(dayStart(FIRST_DAY)); month++) {
    await generateHours(lane, month, ids.get('residual_current') ?? 0)
  }
  database.close()
}

async function generateDay(lane: Lane, day: number): Promise<void> {
  const table = dayTable(KIND, day, 0)
  const position = (day - FIRST_DAY) * DEVICES * MINUTES
  const values = FILLED.map((metric, index) => `((hash(i * ${index + 3}) % 3000) / 10)::DOUBLE AS "${metric}"`)
  await lane.execute(
    `CREATE TABLE ${table} AS
     SELECT (i // ${MINUTES} + 1)::INTEGER AS device, (${dayStart(day)} + (i % ${MINUTES}) * 60000)::BIGINT AS ts,
            ts AS received_at, (${position} + i)::BIGINT AS position, 0::UTINYINT AS quality, ${values.join(', ')}
     FROM range(${DEVICES * MINUTES}) AS readings(i)`,
  )
  await addPartition(lane, {
    family: KIND,
    level: 'raw',
    period: day,
    table,
    rows: DEVICES * MINUTES,
    maxPosition: position + DEVICES * MINUTES,
    metrics: FILLED,
    minutesRolled: false,
    hoursRolled: false,
  })
}

async function generateHours(lane: Lane, month: number, metric: number): Promise<void> {
  const table = rollupTable('hour', KIND, month)
  const first = monthStart(month) / HOUR_MS
  const days = (monthStart(month + 1) - monthStart(month)) / DAY_MS
  await lane.execute(`CREATE TABLE ${table} (${ROLLUP_COLUMNS})`)
  for (let day = 0; day < days; day++) {
    await lane.execute(
      `INSERT INTO ${table}
       SELECT ${metric}, i // 24 + 1, ${first + day * 24} + i % 24, 60, 60 * (hash(i) % 3000) / 10, 1, 299, 40, NULL, NULL
       FROM range(${DEVICES * 24}) AS hours(i)`,
    )
  }
  await addPartition(lane, {
    family: KIND,
    level: 'hour',
    period: month,
    table,
    rows: 0,
    maxPosition: 0,
    metrics: [],
    minutesRolled: true,
    hoursRolled: true,
  })
}

async function latencies(store: DuckdbStore, { from, to }: { from: number; to: number }): Promise<number> {
  const taken: number[] = []
  for (let query = 0; query < QUERIES; query++) {
    const deviceId = `meter-${((query * 7919) % DEVICES) + 1}`
    const started = performance.now()
    const points = await store.series({ deviceId, kind: KIND, metric: 'residual_current', from, to, points: 1_000 })
    taken.push(performance.now() - started)
    if (points.length < 650) throw new Error(`the history of ${deviceId} has ${points.length} points only`)
  }
  return percentile(taken, 0.95)
}

async function commits(store: DuckdbStore, from: number, forMs: number): Promise<BenchRow[]> {
  const values = Object.fromEntries(METRICS.map((metric, index) => [metric, 10.5 * index]))
  const taken: number[] = []
  let position = 1_000_000_000
  const append = async (): Promise<void> => {
    position += 1
    const ts = from + (position % 100_000)
    const started = performance.now()
    const deviceId = `meter-${(position % DEVICES) + 1}`
    const reading = {
      type: 'reading',
      position,
      deviceId,
      kind: KIND,
      ts,
      receivedAt: ts,
      quality: 'device',
      values,
    } as const
    await store.append([reading])
    taken.push(performance.now() - started)
  }
  for (let warm = 0; warm < 200; warm++) await append()
  const lone = percentile(taken, 0.5)
  taken.length = 0
  const started = performance.now()
  const flood = async (): Promise<void> => {
    while (performance.now() - started < forMs) await append()
  }
  await Promise.all(Array.from({ length: WINDOW }, flood))
  const seconds = (performance.now() - started) / 1_000
  return [
    atMost('a lone reading of 8 values, durable, p50', lone, 'ms', 5),
    atLeast('readings of 8 values, durable', taken.length / seconds, '1/s', 100_000),
    atMost('their commit, p99', percentile(taken, 0.99), 'ms', 250),
  ]
}
