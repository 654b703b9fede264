// Debian's HAProxy with the very file that a cluster is deployed with; where its servers are comes by the environment.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, ROOT } from '../hub-process.ts'
import { missing, startServer } from './server-process.ts'
import type { ServerProcess } from './server-process.ts'

/** Debian puts it where only root looks. */
const DEBIAN = '/usr/sbin/haproxy'
export const HAPROXY = existsSync(DEBIAN) ? DEBIAN : 'haproxy'
export const HAPROXY_MISSING = missing(HAPROXY)
export const HAPROXY_CONFIGURATION = join(ROOT, 'deploy', 'haproxy', 'haproxy.cfg')

export interface BrokerBehind {
  /** Of MQTT, and where it answers /readyz. */
  readonly port: number
  readonly healthPort: number
  readonly mqttsPort?: number
}

export interface HaproxyOptions {
  /** Two at most, as the file has them; one that is missing is a server that never answers. */
  readonly brokers: readonly BrokerBehind[]
  /** Pages and feed; two at most. */
  readonly dashboards: readonly { readonly port: number }[]
  /** Pass MQTTS through. */
  readonly mqtts?: boolean
  /** HTTPS instead of HTTP: certificate and key in one file. */
  readonly tlsPem?: string
}

export interface HaproxyServer extends ServerProcess {
  readonly httpPort: number
  readonly mqttPort: number
  /** Listens when it was asked for. */
  readonly mqttsPort: number
  readonly statsPort: number
  /** Of the pages. */
  readonly base: string
  /** How it sees its servers now, e.g. `dashboards/dashboard-1` → `UP`. */
  states(): Promise<ReadonlyMap<string, string>>
  /** How many requests and connections each of its servers has under way: a live feed is one. */
  sessions(): Promise<ReadonlyMap<string, number>>
}

export async function startHaproxy(options: HaproxyOptions): Promise<HaproxyServer> {
  if (options.brokers.length > 2 || options.dashboards.length > 2)
    throw new Error('two brokers and two dashboards at most')
  const [httpPort, mqttPort, mqttsPort, statsPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const nobody = String(await freePort())
  const at = (port: number | undefined): string => `127.0.0.1:${port ?? nobody}`
  const environment: Record<string, string> = {
    LISTEN: '127.0.0.1',
    HTTP_PORT: String(httpPort),
    MQTT_PORT: String(mqttPort),
    STATS_PORT: String(statsPort),
    MAXCONN: '8000',
    ...(options.mqtts === true ? { MQTTS_PORT: String(mqttsPort) } : {}),
    ...(options.tlsPem === undefined ? {} : { TLS_PEM: options.tlsPem }),
  }
  for (const i of [0, 1]) {
    const broker = options.brokers[i]
    environment[`BROKER_${i + 1}`] = at(broker?.port)
    environment[`BROKER_${i + 1}_HEALTH`] = broker === undefined ? nobody : String(broker.healthPort)
    environment[`BROKER_${i + 1}_TLS`] = at(broker?.mqttsPort)
    environment[`DASHBOARD_${i + 1}`] = at(options.dashboards[i]?.port)
  }
  const operator = `http://127.0.0.1:${statsPort}`
  const server = await startServer({
    name: 'haproxy',
    port: httpPort,
    program: HAPROXY,
    arguments: () => ['-db', '-f', HAPROXY_CONFIGURATION],
    environment,
    ready: () => fetch(`${operator}/alive`).then((answer) => answer.ok),
    // SIGTERM ends it at once; SIGUSR1 would wait for what is open.
    stopSignal: 'SIGTERM',
  })
  /** One column of its statistics, by `backend/server`. */
  async function column(name: string): Promise<Map<string, string>> {
    const csv = await (await fetch(`${operator}/stats;csv`)).text()
    const [header = '', ...rows] = csv.trim().split('\n')
    const columns = header.replace('# ', '').split(',')
    const cell = (row: string, of: string): string => row.split(',')[columns.indexOf(of)] ?? ''
    return new Map(
      rows
        .filter((row) => !['FRONTEND', 'BACKEND'].includes(cell(row, 'svname')))
        .map((row) => [`${cell(row, 'pxname')}/${cell(row, 'svname')}`, cell(row, name)]),
    )
  }
  return Object.assign(server, {
    httpPort,
    mqttPort,
    mqttsPort,
    statsPort,
    base: `${options.tlsPem === undefined ? 'http' : 'https'}://127.0.0.1:${httpPort}`,
    states: () => column('status'),
    sessions: async () => new Map([...(await column('scur'))].map(([name, count]) => [name, Number(count)])),
  })
}
