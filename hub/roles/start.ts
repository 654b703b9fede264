// One entry for every role: the whole hub in one process, or one part of a cluster.
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { HubOptions } from '../hub.ts'

/** A process that runs, whatever its role. */
export interface Running {
  /** Pages and API; of a broker or an ingest worker its health and metrics alone. */
  readonly httpPort: number
  /** Where devices connect; null: not here. */
  readonly mqttPort: number | null
  readonly mqttsPort: number | null
  /** Opens the set-up page while there is no administrator; null once there is one. */
  readonly setupCode: string | null
  /** Rejects when something that cannot be mended from within has ended: the process should end and be started again. */
  readonly failed: Promise<never>
  /** Stops taking, finishes and acknowledges what was taken, closes. Idempotent. */
  stop(): Promise<void>
}

/** Starts everything or nothing; rejects with StartProblem when the operator can do something about it. Loads its role's code alone. */
export async function startRole(config: Config, log: Logger, options: HubOptions = {}): Promise<Running> {
  switch (config.ZHIAN_ROLE) {
    case 'all':
      return (await import('../hub.ts')).startHub(config, log, options)
    case 'broker':
      return (await import('./broker.ts')).startBrokerRole(config, log)
    case 'ingest':
      return (await import('./ingest.ts')).startIngestRole(config, log, options)
    case 'dashboard':
      return (await import('./dashboard.ts')).startDashboardRole(config, log)
  }
}
