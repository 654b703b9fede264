// What a cluster holds while nothing happens: memory of each role, and of a broker for each open connection.
import { importDevices } from '../../chaos/county.ts'
import { Api } from '../../support/api.ts'
import { startCluster } from '../../support/cluster.ts'
import { ADMIN_PASSWORD } from '../../support/hub-process.ts'
import { benchConnections, residentBytes } from '../connections.ts'
import type { ClusterFigures } from './figures.ts'

/** Devices that the connections belong to. */
const DEVICES = 500

export type Idle = Pick<ClusterFigures, 'connections' | 'resident'>

export async function benchIdle(connections: number): Promise<Idle> {
  const cluster = await startCluster({ brokers: 1, workers: 2, dashboards: 1 })
  try {
    const [broker, worker, dashboard] = [cluster.brokers[0], cluster.workers[0], cluster.dashboards[0]]
    if (broker?.mqttPort == null || worker === undefined || dashboard === undefined)
      throw new Error('a role is missing')
    const api = await Api.signIn(cluster.base, 'admin', ADMIN_PASSWORD)
    const registered = await importDevices(api, [{ prefix: 'idle', kind: 'electricity', count: DEVICES }])
    const resident = {
      broker: residentBytes(broker.pid),
      ingest: residentBytes(worker.pid),
      dashboard: residentBytes(dashboard.pid),
    }
    // Past the balancer: it has its own limit, and its own memory.
    const rows = await benchConnections(broker.mqttPort, registered.get('idle') ?? [], {
      pid: broker.pid,
      wanted: connections,
    })
    const value = (name: string): number => {
      const found = rows.find((row) => row.name.startsWith(name))?.value
      if (found == null) throw new Error(`no figure ${name}`)
      return found
    }
    return {
      resident,
      connections: {
        open: value('idle connections open'),
        residentBefore: resident.broker,
        bytesPerConnection: value('resident memory an idle connection') * 1_024,
      },
    }
  } finally {
    await cluster.dispose()
  }
}
