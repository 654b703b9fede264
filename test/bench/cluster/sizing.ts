// How many machines a fleet needs, from what a cluster was measured to cost. Arithmetic and nothing else: every factor that is
// a judgement and no measurement has a name and stands in ASSUMPTIONS.
import { DEFAULT_LIMITS } from '../../../broker/limits.ts'
import { PARTITIONS } from '../../../contract/partitions.ts'
import { DEFAULT_BOUNDS } from '../../../cluster/streams/backlog.ts'
import type { ClusterFigures, CpuByPart } from './figures.ts'

export interface Fleet {
  readonly devices: number
  /** Of each device. */
  readonly messagesPerMinute: number
}

export interface Assumptions {
  /** The busiest seconds (a power cut ends, a whole town reports at once) over the average. */
  readonly peak: number
  /** How busy a core may be in those seconds. */
  readonly busy: number
  /** CPU a message at an ordinary load over that at full load, where more goes with each write. */
  readonly smallBatches: number
  /** Processes of each role that may be dead or restarting at the same time. */
  readonly spare: number
  /** How long the store of readings may be away while messages wait in Redis, s. */
  readonly storeAwayS: number
  /** Of a broker's limit of connections, how many are planned for. */
  readonly fullBroker: number
  /** Connections of devices that one HAProxy is to carry. */
  readonly connectionsPerProxy: number
  /** Memory of Redis over what it holds: it is forked while its file is rewritten. */
  readonly redisFork: number
  /** Days that raw readings are kept. */
  readonly rawDays: number
  /** Of the disk of the store, how much may be full. */
  readonly fullDisk: number
  /** One machine. */
  readonly machineCores: number
  readonly machineMemory: number
}

const GIB = 2 ** 30

export const ASSUMPTIONS: Assumptions = {
  peak: 3,
  busy: 0.5,
  smallBatches: 2,
  spare: 1,
  storeAwayS: 600,
  fullBroker: 0.8,
  connectionsPerProxy: 500_000,
  redisFork: 2,
  rawDays: 90,
  fullDisk: 0.7,
  machineCores: 8,
  machineMemory: 32 * GIB,
}

export type Part = keyof CpuByPart
/** Of which there are as many processes as are needed. */
export const ROLES = ['haproxy', 'broker', 'ingest', 'dashboard'] as const
/** Of which a cluster has one. */
export const SERVERS = ['redis', 'postgres', 'store'] as const

export interface Share {
  /** Cores at the peak, at the planned business. */
  readonly cores: number
  /** Of a role: processes, the spare ones among them. A server is one. */
  readonly processes: number
  /** Of one process, bytes; null: not computed. */
  readonly memory: number | null
}

/** One cluster. */
export interface ClusterSizing {
  readonly fleet: Fleet
  readonly perSecond: number
  readonly peakPerSecond: number
  readonly parts: Readonly<Record<Part, Share>>
  /** maxmemory, bytes. */
  readonly redisMemory: number
  /** Of the store of readings, bytes. */
  readonly storeDisk: number
  readonly cores: number
  readonly memory: number
  readonly machines: number
  /** What a cluster has one of and this fleet needs more of; empty: it fits. */
  readonly beyond: readonly Beyond[]
}

export interface Sizing {
  readonly fleet: Fleet
  /** The fleet is divided into so many clusters, each with stores of its own. */
  readonly clusters: number
  /** Why it is more than one. */
  readonly divided: readonly Beyond[]
  readonly each: ClusterSizing
  /** Of all clusters. */
  readonly machines: number
}

export type Beyond = 'redis' | 'workers' | 'postgres'

/** PostgreSQL is one server: more cores than this are not had in one machine without asking for it. */
const LARGEST_POSTGRES_CORES = 64

/** The dearest shape that was measured: nobody is told of a bargain. */
export function cpuOf(figures: ClusterFigures): CpuByPart {
  const dearest = (part: Part): number => Math.max(...figures.shapes.map(({ cpu }) => cpu[part]))
  return {
    broker: dearest('broker'),
    ingest: dearest('ingest'),
    dashboard: dearest('dashboard'),
    redis: dearest('redis'),
    postgres: dearest('postgres'),
    store: dearest('store'),
    haproxy: dearest('haproxy'),
  }
}

/** Into as few clusters as each of them can be. */
export function sizeFor(figures: ClusterFigures, fleet: Fleet, assumptions: Assumptions = ASSUMPTIONS): Sizing {
  const whole = sizeCluster(figures, fleet, assumptions)
  let clusters = 1
  let each = whole
  while (each.beyond.length > 0) {
    clusters += 1
    each = sizeCluster(figures, { ...fleet, devices: fleet.devices / clusters }, assumptions)
  }
  return { fleet, clusters, divided: whole.beyond, each, machines: clusters * each.machines }
}

export function sizeCluster(figures: ClusterFigures, fleet: Fleet, assumptions: Assumptions): ClusterSizing {
  const { peak, busy, smallBatches, spare, storeAwayS, fullBroker, redisFork, rawDays, fullDisk } = assumptions
  const { connectionsPerProxy } = assumptions
  const { connections, resident, bytesPerDevice, bytes } = figures
  const perSecond = (fleet.devices * fleet.messagesPerMinute) / 60
  const peakPerSecond = perSecond * peak
  const cpu = cpuOf(figures)
  const coresOf = (part: Part): number => (peakPerSecond * cpu[part] * smallBatches) / 1e6 / busy

  const perBroker = Math.floor(DEFAULT_LIMITS.connections * fullBroker)
  const brokers = Math.max(Math.ceil(coresOf('broker')), Math.ceil(fleet.devices / perBroker)) + spare
  const proxies = Math.max(Math.ceil(coresOf('haproxy')), Math.ceil(fleet.devices / connectionsPerProxy)) + spare
  const workers = Math.ceil(coresOf('ingest')) + spare
  const dashboards = Math.ceil(coresOf('dashboard')) + spare
  /** Every process keeps all devices of its cluster. */
  const memoryOf = (role: keyof typeof resident): number => resident[role] + fleet.devices * bytesPerDevice[role]
  const redisMemory = (peakPerSecond * storeAwayS * bytes.redisPerMessage) / DEFAULT_BOUNDS.slowMemory
  const parts: Record<Part, Share> = {
    broker: {
      cores: coresOf('broker'),
      processes: brokers,
      memory: memoryOf('broker') + (fleet.devices / (brokers - spare)) * connections.bytesPerConnection,
    },
    ingest: { cores: coresOf('ingest'), processes: workers, memory: memoryOf('ingest') },
    dashboard: { cores: coresOf('dashboard'), processes: dashboards, memory: memoryOf('dashboard') },
    redis: { cores: coresOf('redis'), processes: 1, memory: redisMemory * redisFork },
    postgres: { cores: coresOf('postgres'), processes: 1, memory: null },
    store: { cores: coresOf('store'), processes: 1, memory: null },
    haproxy: { cores: coresOf('haproxy'), processes: proxies, memory: null },
  }
  // A process runs on one core; many of them may share one, the spare ones may have to do all that one process can.
  const cores =
    ROLES.reduce((sum, role) => sum + Math.ceil(parts[role].cores) + spare, 0) +
    SERVERS.reduce((sum, server) => sum + Math.ceil(parts[server].cores), 0)
  const memory = Object.values(parts).reduce((sum, part) => sum + part.processes * (part.memory ?? 0), 0)
  return {
    fleet,
    perSecond,
    peakPerSecond,
    parts,
    redisMemory,
    storeDisk: (perSecond * 86_400 * rawDays * bytes.storePerMessage) / fullDisk,
    cores,
    memory,
    machines: Math.max(
      Math.ceil(cores / assumptions.machineCores),
      Math.ceil(memory / assumptions.machineMemory),
      // A machine may be lost with all that is on it.
      3,
    ),
    beyond: [
      // It executes on one thread.
      ...(parts.redis.cores > 1 ? (['redis'] as const) : []),
      ...(workers - spare > PARTITIONS ? (['workers'] as const) : []),
      ...(parts.postgres.cores > LARGEST_POSTGRES_CORES ? (['postgres'] as const) : []),
    ],
  }
}
