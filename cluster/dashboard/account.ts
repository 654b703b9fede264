// The cluster's account of itself, summed up from what its processes say. What none of them says is not known, and not guessed.
import type { Redis } from 'ioredis'
import { partitionOf } from '../../contract/partitions.ts'
import { ApiError } from '../../dashboard/server/errors.ts'
import type { DeviceAccount, HubAccount } from '../../dashboard/server/ports.ts'
import { countsOf } from '../keys.ts'
import { decodeCounts } from '../live-words.ts'
import type { NodeReport } from '../node-board.ts'
import type { ClusterState } from './cluster-state.ts'

/** `startedAt`: of the dashboard that is asked, wall time, ms. */
export function clusterAccount(state: ClusterState, startedAt: number): HubAccount {
  const cluster = state.figures()
  const points = state.alive.flatMap((node) => node.points ?? [])
  const total = (of: 'received' | 'stored' | 'rejected'): number => points.reduce((sum, one) => sum + one[of], 0)
  const brokers = state.alive.filter(({ role }) => role === 'broker')
  return {
    received: total('received'),
    stored: total('stored'),
    rejected: total('rejected'),
    byReason: summed(points.map(({ byReason }) => byReason)),
    refused: summed(brokers.map(({ refused }) => refused ?? {})),
    startedAt,
    backlog: { batches: null, messages: cluster.undecided, points: null },
    commits: { count: 0, of: 0, p50: null, p99: null, last: null },
    mqttConnections: brokers.length === 0 ? null : connectionsOf(brokers),
    rejecting: [],
    disk: null,
    backup: null,
    cluster,
  }
}

/** As its owner has counted since it has the device; of one that it has not heard, nothing as of now. */
export async function countsOfDevice(redis: Redis, deviceId: string, now: number): Promise<DeviceAccount | null> {
  let text: string | null
  try {
    text = await redis.hget(countsOf(partitionOf(deviceId)), deviceId)
  } catch {
    throw new ApiError('unavailable')
  }
  if (text === null) return { since: now, messages: 0, received: 0, stored: 0, rejected: 0, byReason: {} }
  return decodeCounts(text)
}

const connectionsOf = (brokers: readonly NodeReport[]): number =>
  brokers.reduce((sum, { connections }) => sum + (connections ?? 0), 0)

function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const counts of all)
    for (const [reason, count] of Object.entries(counts)) sums[reason] = (sums[reason] ?? 0) + count
  return sums
}
