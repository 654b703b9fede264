// Where readings are kept, chosen in one place for every role.
import { join } from 'node:path'
import { Gauge } from 'prom-client'
import type { Registry as Metrics } from 'prom-client'
import type { Logger } from 'pino'
import { createDuckdbStore } from '../ingest/readings/duckdb-store.ts'
import { createInfluxStore } from '../ingest/readings/influx-store.ts'
import { createSpooledStore } from '../ingest/readings/spooled-store.ts'
import { StoreUnusableError } from '../ingest/readings/unavailable.ts'
import { createVictoriaStore } from '../ingest/readings/victoria-store.ts'
import { METRIC_COLUMNS } from './rules.ts'
import { StartProblem } from './start-problem.ts'
import type { EventLog } from '../ingest/readings/event-log.ts'
import type { ReadingStore, RemoteStore, RetentionPolicy, StoredInput } from '../ingest/readings/port.ts'
import type { Config } from './config.ts'

export interface RemoteStoreParts {
  /** The ledger's, for a store that holds numbers only. */
  readonly events: EventLog
  /** Wall time, ms. */
  readonly now: () => number
}

export const retentionOf = (config: Config): RetentionPolicy => ({
  rawDays: config.ZHIAN_RAW_DAYS,
  minuteDays: config.ZHIAN_MINUTE_DAYS,
  hourDays: config.ZHIAN_HOUR_DAYS,
})

/**
 * The store that the parts of a cluster share. Inert until something is asked of it. `start()` rejects with StoreUnusableError
 * (do not go on) or StoreUnavailableError (alarms do not wait for it: go on, and append until it is there again).
 */
export function createReadingStore(config: Config, parts: RemoteStoreParts): RemoteStore {
  const store = remoteStore(config, parts)
  if (store !== null) return store
  throw new StartProblem(
    '没有配置时序库：请设置 ZHIAN_INFLUX_URL 或 ZHIAN_VICTORIA_URL。No reading store is configured: set ZHIAN_INFLUX_URL or ZHIAN_VICTORIA_URL.',
  )
}

export interface OwnStoreParts extends RemoteStoreParts {
  readonly directory: string
  readonly metrics: Metrics
  readonly log: Logger
}

export interface OwnReadingStore extends ReadingStore {
  /** What is taken reaches the store; if not, it waits on this disk. */
  readonly reached: boolean
}

/** The store of a hub in one process: its own, or one on another machine behind a spool on this one's disk. */
export function createOwnReadingStore(config: Config, parts: OwnStoreParts): OwnReadingStore {
  const { directory, metrics, log } = parts
  const remote = remoteStore(config, parts)
  if (remote === null) {
    const store = createDuckdbStore({ directory: join(directory, 'readings'), kinds: METRIC_COLUMNS })
    return Object.assign(Object.create(store) as ReadingStore, { reached: true })
  }
  const store = createSpooledStore({
    directory: join(directory, 'readings-spool'),
    kinds: METRIC_COLUMNS,
    remote,
    problem(sentence) {
      if (sentence === null) log.info('readings reach their store again')
      else log.warn({ problem: sentence }, 'readings wait on this disk for their store; alarms go on')
    },
    refused: leftOut(log),
  })
  new Gauge({
    name: 'zhian_readings_waiting',
    help: 'inputs on this disk that are not in the reading store yet',
    registers: [metrics],
    collect() {
      this.set(store.behind)
    },
  })
  let checked = false
  // All else is the store's own.
  return Object.assign(Object.create(store) as OwnReadingStore, {
    async start() {
      if (!checked) await checkRemote(remote, log)
      checked = true
      return store.start()
    },
  })
}

/** Says which reading its store can never hold. */
export const leftOut =
  (log: Logger) =>
  ({ deviceId, kind, ts }: StoredInput, error: Error): void =>
    log.warn({ err: error, deviceId, kind, ts }, 'a reading that its store cannot hold was left out')

/** Away is no reason not to start: readings wait. Set up wrongly is one: they would wait for ever. */
async function checkRemote(remote: RemoteStore, log: Logger): Promise<void> {
  try {
    await remote.start()
  } catch (error) {
    if (error instanceof StoreUnusableError) throw new StartProblem(error.message)
    log.warn(
      { problem: (error as Error).message },
      'the reading store cannot be reached yet; readings wait on this disk',
    )
  }
}

/** null: none is configured. */
function remoteStore(config: Config, { events, now }: RemoteStoreParts): RemoteStore | null {
  const retention = retentionOf(config)
  const { ZHIAN_INFLUX_URL: influx, ZHIAN_INFLUX_TOKEN: token, ZHIAN_VICTORIA_URL: victoria } = config
  if (influx !== undefined && token !== undefined)
    return createInfluxStore({
      url: influx,
      token,
      org: config.ZHIAN_INFLUX_ORG,
      bucket: config.ZHIAN_INFLUX_BUCKET,
      kinds: METRIC_COLUMNS,
      retention,
      now,
    })
  if (victoria === undefined) return null
  return createVictoriaStore({ url: victoria, kinds: METRIC_COLUMNS, events, now, keepDays: retention.rawDays })
}
