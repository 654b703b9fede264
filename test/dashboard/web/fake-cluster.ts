// The fake hub as a cluster that is not well: what its processes say, and what they set aside.
import type { ClusterFigures, SetAsideEntry } from '../../../contract/http/cluster-figures.ts'

const silent = {
  partitions: null,
  undecided: null,
  unstored: null,
  connections: null,
  desksArmed: null,
  storeProblem: null,
}

export function clusterAt(now: number): ClusterFigures {
  const startedAt = now - 5_400_000
  return {
    nodes: [
      { ...silent, id: 'broker-1a2b3c4d5e6f', role: 'broker', startedAt, connections: 8_412 },
      { ...silent, id: 'dashboard-685fe111e04b', role: 'dashboard', startedAt, desksArmed: 2 },
      {
        ...silent,
        ...{ id: 'ingest-0011aabbccdd', role: 'ingest', startedAt },
        ...{ partitions: 61, undecided: 23, unstored: 120_455, storeProblem: 'connect ECONNREFUSED 10.0.0.9:8428' },
      },
    ],
    partitions: {
      total: 64,
      unowned: [3, 4, 5],
      owners: Array.from({ length: 64 }, (_, partition) => ({
        partition,
        owner: [3, 4, 5].includes(partition) ? null : 'ingest-0011aabbccdd',
      })),
    },
    undecided: 23,
    unstored: 120_455,
    oldestUndecidedAt: now - 42_000,
    storeProblem: 'connect ECONNREFUSED 10.0.0.9:8428',
    ledger: true,
    redis: { answers: true, takes: true, memory: { usedBytes: 1_800_000, maxBytes: 536_900_000 } },
  }
}

/** Newest first. */
export const setAsideAt = (now: number): SetAsideEntry[] =>
  Array.from({ length: 23 }, (_, index) => ({
    id: String(23 - index),
    at: now - index * 60_000,
    partition: 7,
    position: 1_234_567 - index,
    problem: index === 1 ? 'fields' : "TypeError: Cannot read properties of undefined (reading 'limit')",
    deviceId: index === 1 ? null : 'meter-0007',
    sample: index === 1 ? '' : '{"ts":1795000000000,"values":{"residual_current":12.5}}',
  }))
