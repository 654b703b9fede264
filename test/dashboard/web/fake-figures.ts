// The fake hub's account of itself, as a busy hub after some days would give it.
import type { HubFigures } from '../../../contract/http/hub-figures.ts'

export function figuresOf(head: number, now: number): HubFigures {
  const steps: [le: number | null, count: number][] = [
    [0.005, 120],
    [0.01, 4_310],
    [0.02, 2_204],
    [0.05, 311],
    [0.1, 40],
    [0.2, 6],
    [0.5, 0],
    [1, 1],
    [null, 0],
  ]
  return {
    received: 12_845_210,
    stored: 12_845_102,
    rejected: 108,
    byReason: { not_json: 61, unknown_metric: 40, out_of_range: 7, too_deep: 0 },
    refused: { wrong_token: 12, rate_limited: 3, keepalive: 88, unheard_of: 1 },
    at: now,
    startedAt: now - 3 * 86_400_000 - 7_200_000,
    version: '0.1.0',
    backlog: { batches: 1, messages: 14, points: 52 },
    commits: { count: 481_220, of: 1_000, p50: 3.42, p99: 18.9, last: { ms: 2.9, at: now - 300 } },
    mqttConnections: 1_704,
    rejecting: [
      {
        deviceId: 'meter-0007',
        deviceName: '总进线 7',
        received: 86_420,
        rejected: 61,
        byReason: { not_json: 61 },
      },
      {
        deviceId: 'meter-0012',
        deviceName: '车间配电 12',
        received: 90_102,
        rejected: 47,
        byReason: { unknown_metric: 40, out_of_range: 7 },
      },
    ],
    feed: { head, told: head, screens: 6, desksArmed: 2 },
    shown: {
      count: steps.reduce((sum, [, count]) => sum + count, 0),
      buckets: steps.map(([le, count]) => ({ le, count })),
    },
    disk: {
      freeBytes: 212_400_000_000,
      totalBytes: 500_000_000_000,
      lostPerDay: 1_900_000_000,
      watchedMs: 6 * 86_400_000,
      daysLeft: 111.7,
    },
    backup: { last: { at: now - 9 * 3_600_000, bytes: 84_200_000 }, failure: null },
    cluster: null,
  }
}
