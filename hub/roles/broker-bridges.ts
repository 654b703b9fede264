// The bridges that this broker of a cluster reads: each under a lease, so that one broker at a time does.
import type { BridgesReport } from '../../cluster/bridges.ts'
import { Duty } from '../../cluster/duty.ts'
import { startBridges } from '../../ingest/bridge/bridges.ts'
import type { Bridges } from '../../ingest/bridge/bridges.ts'
import type { BridgeConfig } from '../../ingest/bridge/config.ts'
import type { BridgeIntake, BridgeLog, Registered } from '../../ingest/bridge/ports.ts'
import type { Clock } from '../../ingest/ports.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'

export interface BrokerBridgesParts {
  readonly configs: readonly BridgeConfig[]
  readonly intake: BridgeIntake
  readonly registered: Registered
  readonly duties: ClusterLedger['duties']
  /** Id of this process. */
  readonly node: string
  readonly clock: Pick<Clock, 'wall'>
  readonly log: BridgeLog
  readonly failed: (error: unknown) => void
}

export interface BrokerBridges {
  report(): BridgesReport
  /** Leaves them to other brokers. */
  stop(): Promise<void>
}

export function startBrokerBridges(parts: BrokerBridgesParts): BrokerBridges {
  const { configs, duties, node, failed, ...others } = parts
  const read = new Map<string, Bridges>()
  const held = configs.map((config) => {
    const { name } = config
    return new Duty({
      duties,
      name: `bridge ${name}`,
      holder: node,
      failed,
      begin: () => {
        // The alarm of a bridge that is cut off is raised from what this process reports.
        const bridge = startBridges({ ...others, configs: [config], changed: () => undefined })
        read.set(name, bridge)
        return Promise.resolve({
          // What was not acknowledged comes again by itself: there is nothing to mark.
          mark: () => null,
          stop: () => {
            read.delete(name)
            return bridge.stop()
          },
        })
      },
    })
  })
  for (const duty of held) duty.start()
  return {
    report: () => ({
      listed: configs.map(({ name, url }) => ({ name, url })),
      read: [...read.values()].flatMap((bridge) => bridge.status()),
    }),
    async stop() {
      await Promise.all(held.map((duty) => duty.stop()))
    },
  }
}
