// Where readings are kept, chosen in one place for every role.
import { createInfluxStore } from '../ingest/readings/influx-store.ts'
import { createVictoriaStore } from '../ingest/readings/victoria-store.ts'
import { METRIC_COLUMNS } from './rules.ts'
import { StartProblem } from './start-problem.ts'
import type { EventLog } from '../ingest/readings/event-log.ts'
import type { RemoteStore, RetentionPolicy } from '../ingest/readings/port.ts'
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
