// The scaled-out form on one machine: real Redis, PostgreSQL and VictoriaMetrics, brokers, workers and dashboards as
// processes of their own, and HAProxy before them; everything on free ports, with its data in temporary folders.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeRole } from '../../cluster/node-board.ts'
import { ADMIN_PASSWORD, until } from './hub-process.ts'
import { roleProcess } from './role-process.ts'
import type { RoleProcess } from './role-process.ts'
import { HAPROXY_MISSING, startHaproxy } from './services/haproxy.ts'
import type { HaproxyServer } from './services/haproxy.ts'
import { POSTGRES_MISSING, startPostgres } from './services/postgres.ts'
import type { PostgresServer } from './services/postgres.ts'
import { REDIS_MISSING, startRedis } from './services/redis.ts'
import type { RedisServer } from './services/redis.ts'
import { startVictoria, VICTORIA_MISSING } from './services/victoria.ts'
import type { VictoriaServer } from './services/victoria.ts'
import { startTcpProxy } from './tcp-proxy.ts'
import type { TcpProxy } from './tcp-proxy.ts'

/** Whether tests of the scaled-out form must be skipped here. */
export const CLUSTER_MISSING = REDIS_MISSING || POSTGRES_MISSING || VICTORIA_MISSING || HAPROXY_MISSING

export interface ClusterOptions {
  /** Two at most, as the balancer has them. */
  readonly brokers?: number
  readonly workers?: number
  /** Two at most. */
  readonly dashboards?: number
  /** Of every process. */
  readonly environment?: Readonly<Record<string, string>>
  /** These processes, by name, reach Redis over a link of their own that can be cut. */
  readonly linked?: readonly string[]
  /** Of Redis' append-only file. */
  readonly appendfsync?: 'always' | 'everysec'
}

export interface Cluster {
  readonly directory: string
  readonly redis: RedisServer
  readonly postgres: PostgresServer
  readonly store: VictoriaServer
  readonly proxy: HaproxyServer
  readonly brokers: readonly RoleProcess[]
  readonly workers: readonly RoleProcess[]
  readonly dashboards: readonly RoleProcess[]
  readonly processes: readonly RoleProcess[]
  /** Of the ledger's database. */
  readonly databaseUrl: string
  /** The file of the key that seals personal values. */
  readonly personalKeyFile: string
  /** Before the dashboards, and before the brokers. */
  readonly base: string
  readonly httpPort: number
  readonly mqttPort: number
  /** The link of a process that `linked` names. */
  link(name: string): TcpProxy
  /** What every process said, each under its name. */
  output(): string
  /** Resolves when every process is ready. */
  ready(limitMs?: number): Promise<void>
  /** Resolves when the balancer has seen that they are. */
  balanced(): Promise<void>
  /** Ends the role processes with SIGTERM, devices' side first; resolves with their exit codes by name. */
  terminate(): Promise<Map<string, number | null>>
  /** Ends everything and removes its data. */
  dispose(): Promise<void>
}

const SAID_BY_EACH = 20_000
const START_WITHIN_MS = 120_000

/** Resolves when all of it is ready. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { brokers = 2, workers = 3, dashboards = 2, linked = [] } = options
  const directory = mkdtempSync(join(tmpdir(), 'zhian-cluster-'))
  const ends: (() => Promise<unknown>)[] = [async () => rmSync(directory, { recursive: true, force: true })]
  const ending = <T extends { dispose(): Promise<void> }>(server: T): T => {
    ends.push(() => server.dispose())
    return server
  }
  const dispose = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end()
  }
  try {
    const redis = ending(await startRedis({ appendfsync: options.appendfsync ?? 'always', maxmemory: '1gb' }))
    const postgres = ending(await startPostgres())
    const store = ending(await startVictoria())
    const databaseUrl = await postgres.database('zhian')
    const personalKeyFile = join(directory, 'personal.key')
    writeFileSync(personalKeyFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })

    const links = new Map<string, TcpProxy>()
    for (const name of linked) {
      const link = await startTcpProxy({ port: redis.port })
      ends.push(() => link.stop())
      links.set(name, link)
    }
    const some = (role: NodeRole, count: number): Promise<RoleProcess[]> =>
      Promise.all(
        Array.from({ length: count }, (_, index) => {
          const name = `${role}-${index}`
          const link = links.get(name)
          return roleProcess({
            name,
            role,
            environment: {
              ZHIAN_DATABASE_URL: databaseUrl,
              ZHIAN_REDIS_URL: link === undefined ? redis.url : `redis://127.0.0.1:${link.port}`,
              ...(role === 'broker' ? {} : { ZHIAN_VICTORIA_URL: store.url }),
              ZHIAN_DATA_DIR: join(directory, name),
              ZHIAN_PERSONAL_KEY_FILE: personalKeyFile,
              ...(role === 'dashboard'
                ? { ZHIAN_ADMIN_PASSWORD: ADMIN_PASSWORD, ZHIAN_TRUSTED_PROXIES: '127.0.0.1' }
                : {}),
              ...options.environment,
            },
          })
        }),
      )
    const roles = {
      brokers: await some('broker', brokers),
      workers: await some('ingest', workers),
      dashboards: await some('dashboard', dashboards),
    }
    const processes = [...roles.brokers, ...roles.workers, ...roles.dashboards]
    ends.push(() => Promise.all(processes.map((one) => one.kill())))
    const ready = async (limitMs?: number): Promise<void> =>
      void (await Promise.all(processes.map((one) => one.ready(limitMs))))
    // All at once, as a deployment does: whoever comes first makes the ledger.
    for (const one of processes) one.launch()
    await ready(START_WITHIN_MS)
    const proxy = ending(
      await startHaproxy({
        brokers: roles.brokers.flatMap(({ mqttPort, httpPort }) =>
          mqttPort === null ? [] : [{ port: mqttPort, healthPort: httpPort }],
        ),
        dashboards: roles.dashboards.map(({ httpPort }) => ({ port: httpPort })),
      }),
    )
    const balanced = (): Promise<void> =>
      until('the balancer sees every broker and dashboard', async () => {
        const up = [...(await proxy.states())].filter(([, state]) => state === 'UP')
        const of = (backend: string): number => up.filter(([name]) => name.startsWith(`${backend}/`)).length
        return of('brokers') === brokers && of('dashboards') === dashboards
      }).then(() => undefined)
    await balanced()

    return {
      directory,
      redis,
      postgres,
      store,
      proxy,
      ...roles,
      processes,
      databaseUrl,
      personalKeyFile,
      base: proxy.base,
      httpPort: proxy.httpPort,
      mqttPort: proxy.mqttPort,
      link(name) {
        const link = links.get(name)
        if (link === undefined) throw new Error(`${name} has no link of its own`)
        return link
      },
      output: () => processes.map((one) => `--- ${one.name}\n${one.output().slice(-SAID_BY_EACH)}`).join('\n'),
      ready,
      balanced,
      async terminate() {
        const codes = new Map<string, number | null>()
        for (const group of [roles.brokers, roles.workers, roles.dashboards])
          await Promise.all(group.map(async (one) => codes.set(one.name, await one.terminate())))
        return codes
      },
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}
