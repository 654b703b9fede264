// One form of the cluster under full load for some seconds: how many messages get through, and what they cost whom.
import { Client } from 'pg'
import { PARTITIONS, partitionOf } from '../../../contract/partitions.ts'
import { gasAlarm } from '../../chaos/alarm-device.ts'
import { importDevices } from '../../chaos/county.ts'
import { runLoad } from '../../load/publisher.ts'
import { Api } from '../../support/api.ts'
import { startCluster } from '../../support/cluster.ts'
import type { Cluster } from '../../support/cluster.ts'
import { ADMIN_PASSWORD, until } from '../../support/hub-process.ts'
import type { CpuByPart, Shape } from './figures.ts'
import { redisAlone } from './redis-alone.ts'
import type { RedisAlone } from './redis-alone.ts'
import { cpuSecondsOfTree } from './usage.ts'

const DEVICES = 100
const WINDOW = 64
/** Detectors registered, so that each partition has one. */
const MARKERS = 1_000
/** Of a message: eight values, and how late they came. */
const SAMPLES = 9
const PATIENCE_MS = 300_000

export interface ShapeOptions {
  readonly brokers: number
  readonly workers: number
  readonly seconds: number
}

export interface ShapeReport {
  readonly shape: Shape
  readonly alone: RedisAlone
  /** Disk of the store, once it has merged what it took. */
  readonly storeBytesPerMessage: number
}

export async function benchShape({ brokers, workers, seconds }: ShapeOptions): Promise<ShapeReport> {
  const cluster = await startCluster({ brokers, workers, dashboards: 1, environment: { ZHIAN_DEVICE_RATE: '0' } })
  try {
    const alone = await redisAlone(cluster.redis, Math.min(3, seconds))
    const api = await Api.signIn(cluster.base, 'admin', ADMIN_PASSWORD)
    const registered = await importDevices(api, [
      { prefix: 'meter', kind: 'electricity', count: DEVICES },
      { prefix: 'warm', kind: 'electricity', count: DEVICES },
      { prefix: 'marker', kind: 'gas', count: MARKERS },
    ])
    const markers = onePerPartition(registered.get('marker') ?? [])
    await runLoad({ port: cluster.mqttPort, credentials: registered.get('warm') ?? [], window: 8, seconds: 2 })

    const storedBefore = await storedRows(cluster)
    const before = cpuOf(cluster)
    const started = performance.now()
    const load = await runLoad({
      port: cluster.mqttPort,
      credentials: registered.get('meter') ?? [],
      window: WINDOW,
      seconds,
      drainMs: 60_000,
    })
    if (load.acknowledged === 0) throw new Error(`nothing was acknowledged: ${load.lastError ?? 'no reason given'}`)
    // Each partition decides in order: when its marker is in the ledger, so is everything before it.
    const devices = markers.map((credential) => gasAlarm(cluster.mqttPort, credential))
    try {
      const ids = devices.map(({ id }) => id)
      await until('everything is decided', async () => (await raised(cluster, ids)) === PARTITIONS, PATIENCE_MS)
    } finally {
      for (const device of devices) device.stop()
    }
    const wanted = storedBefore + load.acknowledged * SAMPLES
    await until('everything is stored', async () => (await storedRows(cluster)) >= wanted, PATIENCE_MS)
    const took = (performance.now() - started) / 1_000
    const after = cpuOf(cluster)
    const cpu = Object.fromEntries(
      Object.entries(after).map(([part, used]) => [
        part,
        ((used - before[part as keyof CpuByPart]) / load.acknowledged) * 1e6,
      ]),
    ) as CpuByPart
    const messages = wanted / SAMPLES
    return {
      alone,
      storeBytesPerMessage: (await storeBytes(cluster)) / messages,
      shape: {
        brokers,
        workers,
        messages: load.acknowledged,
        acknowledgedPerSecond: load.perSecond,
        throughPerSecond: load.acknowledged / took,
        shareOfRedis: load.acknowledged / took / alone.perSecond,
        cpu,
      },
    }
  } finally {
    await cluster.dispose()
  }
}

function onePerPartition<T extends { readonly username: string }>(credentials: readonly T[]): T[] {
  const byPartition = new Map(credentials.map((credential) => [partitionOf(credential.username), credential]))
  if (byPartition.size !== PARTITIONS) throw new Error('some partition has no marker')
  return [...byPartition.values()]
}

function cpuOf({ brokers, workers, dashboards, redis, postgres, store, proxy }: Cluster): CpuByPart {
  const sum = (processes: readonly { readonly pid: number }[]): number =>
    processes.reduce((total, { pid }) => total + cpuSecondsOfTree(pid), 0)
  return {
    broker: sum(brokers),
    ingest: sum(workers),
    dashboard: sum(dashboards),
    redis: sum([redis]),
    postgres: sum([postgres]),
    store: sum([store]),
    haproxy: sum([proxy]),
  }
}

async function raised({ databaseUrl }: Cluster, ids: readonly string[]): Promise<number> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const sql = 'select count(distinct device_id)::int as n from transition where device_id = any($1)'
    const { rows } = await client.query<{ n: number }>(sql, [ids])
    return rows[0]?.n ?? 0
  } finally {
    await client.end()
  }
}

/** Samples that the store has taken since it started. */
const storedRows = (cluster: Cluster): Promise<number> =>
  storeMetric(cluster, /^vm_rows_inserted_total\{type="influx"\} (\d+)/)

async function storeBytes(cluster: Cluster): Promise<number> {
  for (const step of ['force_flush', 'force_merge'])
    if (!(await fetch(`${cluster.store.url}/internal/${step}`)).ok) throw new Error(`the store refused ${step}`)
  return storeMetric(cluster, /^vm_data_size_bytes\{type="(?:storage|indexdb)\/\w+"\} (\d+)/)
}

/** The sum of the lines that match. */
async function storeMetric({ store }: Cluster, line: RegExp): Promise<number> {
  const metrics = await (await fetch(`${store.url}/metrics`)).text()
  return metrics.split('\n').reduce((sum, said) => sum + Number(line.exec(said)?.[1] ?? 0), 0)
}
