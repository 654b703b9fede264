// Where readings are kept, chosen in one place for every role.
import { createVictoriaStore } from '../ingest/readings/victoria-store.ts'
import { METRIC_COLUMNS } from './rules.ts'
import { StartProblem } from './start-problem.ts'
import type { EventLog } from '../ingest/readings/event-log.ts'
import type { RemoteStore } from '../ingest/readings/port.ts'
import type { Config } from './config.ts'

export interface RemoteStoreParts {
  /** The ledger's, for a store that holds numbers only. */
  readonly events: EventLog
  /** Wall time, ms. */
  readonly now: () => number
}

/**
 * The store that the parts of a cluster share. Inert until something is asked of it. `start()` rejects with StoreUnusableError
 * (do not go on) or StoreUnavailableError (alarms do not wait for it: go on, and append until it is there again).
 */
export function createReadingStore(config: Config, { events, now }: RemoteStoreParts): RemoteStore {
  const url = config.ZHIAN_VICTORIA_URL
  if (url === undefined)
    throw new StartProblem(
      '没有配置时序库：请设置 ZHIAN_INFLUX_URL 或 ZHIAN_VICTORIA_URL。No reading store is configured: set ZHIAN_INFLUX_URL or ZHIAN_VICTORIA_URL.',
    )
  return createVictoriaStore({ url, kinds: METRIC_COLUMNS, events, now, keepDays: config.ZHIAN_RAW_DAYS })
}
