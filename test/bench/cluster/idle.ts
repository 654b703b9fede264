// What a cluster holds while nothing happens: memory of each role, for each device that there is, and of a broker for each open
// connection.
import { importDevices } from '../../chaos/county.ts'
import { Api } from '../../support/api.ts'
import { startCluster } from '../../support/cluster.ts'
import { ADMIN_PASSWORD } from '../../support/hub-process.ts'
import type { RoleProcess } from '../../support/role-process.ts'
import { benchConnections, residentBytes } from '../connections.ts'
import type { ClusterFigures } from './figures.ts'

/** Devices that the connections belong to. */
const CONNECTED = 500
/** Rows of one import. */
const ROWS = 10_000

export type Idle = Pick<ClusterFigures, 'connections' | 'resident' | 'bytesPerDevice'>

export async function benchIdle({ connections, devices }: { connections: number; devices: number }): Promise<Idle> {
  const cluster = await startCluster({ brokers: 1, workers: 2, dashboards: 1 })
  try {
    const [broker, worker, dashboard] = [cluster.brokers[0], cluster.workers[0], cluster.dashboards[0]]
    if (broker?.mqttPort == null || worker === undefined || dashboard === undefined)
      throw new Error('a role is missing')
    const api = await Api.signIn(cluster.base, 'admin', ADMIN_PASSWORD)
    const registered = await importDevices(api, [{ prefix: 'idle', kind: 'electricity', count: CONNECTED }])
    const measured = { broker, ingest: worker, dashboard }
    const resident = await residentFresh(measured)
    for (let start = 0; start < devices; start += ROWS)
      await importDevices(api, [
        { prefix: `more${start}`, kind: 'electricity', count: Math.min(ROWS, devices - start) },
      ])
    const full = await residentFresh(measured)
    const perDevice = (role: keyof typeof resident): number => Math.max(0, (full[role] - resident[role]) / devices)
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
      bytesPerDevice: { broker: perDevice('broker'), ingest: perDevice('ingest'), dashboard: perDevice('dashboard') },
      connections: {
        open: value('idle connections open'),
        residentBefore: full.broker,
        bytesPerConnection: value('resident memory an idle connection') * 1_024,
      },
    }
  } finally {
    await cluster.dispose()
  }
}

type Measured = Readonly<Record<keyof Idle['resident'], RoleProcess>>

/** Of processes that have only just read what they keep: nothing in them is left over from what they did. */
async function residentFresh(measured: Measured): Promise<Idle['resident']> {
  for (const one of Object.values(measured)) {
    await one.terminate()
    await one.restart()
  }
  const { broker, ingest, dashboard } = measured
  return {
    broker: residentBytes(broker.pid),
    ingest: residentBytes(ingest.pid),
    dashboard: residentBytes(dashboard.pid),
  }
}
