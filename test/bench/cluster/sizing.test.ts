// The arithmetic of the page of sizes, on figures made up so that every step can be done in the head.
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../../broker/limits.ts'
import type { ClusterFigures } from './figures.ts'
import { ASSUMPTIONS, cpuOf, sizeCluster, sizeFor } from './sizing.ts'
import type { Assumptions } from './sizing.ts'
import { sizingTables } from './sizing-page.ts'

const cpu = { broker: 10, ingest: 20, dashboard: 1, redis: 4, postgres: 8, store: 6, haproxy: 2 }
const shape = { messages: 1e6, acknowledgedPerSecond: 1, throughPerSecond: 1, shareOfRedis: 1 }
const figures: ClusterFigures = {
  machine: ['a desk'],
  cores: 2,
  redisAlone: { perSecond: 100_000, cpu: 4 },
  shapes: [
    { ...shape, brokers: 1, workers: 1, cpu },
    { ...shape, brokers: 2, workers: 1, cpu: { ...cpu, ingest: 15, haproxy: 3 } },
  ],
  connections: { open: 1_000, residentBefore: 1e8, bytesPerConnection: 10_000 },
  resident: { broker: 1e8, ingest: 2e8, dashboard: 3e8 },
  bytesPerDevice: { broker: 100, ingest: 200, dashboard: 300 },
  bytes: { redisPerMessage: 260, storePerMessage: 14 },
}
const plain: Assumptions = {
  ...ASSUMPTIONS,
  ...{ peak: 2, busy: 0.5, smallBatches: 1, spare: 1, storeAwayS: 100, fullBroker: 1, redisFork: 2, rawDays: 10 },
  ...{ fullDisk: 0.5, machineCores: 4 },
}
/** 1,000 messages a second on average, 2,000 at the peak. */
const fleet = { devices: 60_000, messagesPerMinute: 1 }

describe('sizes', () => {
  it('reckon with the dearest shape of each part', () => {
    expect(cpuOf(figures)).toEqual({ ...cpu, haproxy: 3 })
  })

  it('cores are messages at the peak, times CPU of one, over how busy a core may be', () => {
    const { perSecond, peakPerSecond, parts } = sizeCluster(figures, fleet, plain)
    expect([perSecond, peakPerSecond]).toEqual([1_000, 2_000])
    // 2,000/s × 20 s/1e6 = 0.04 cores, half busy: 0.08.
    expect(parts.ingest.cores).toBeCloseTo(0.08)
    expect(parts.haproxy.cores).toBeCloseTo(0.012)
    expect(sizeCluster(figures, fleet, { ...plain, smallBatches: 3 }).parts.ingest.cores).toBeCloseTo(0.24)
  })

  it('processes: enough for cores and for connections, and the spare ones', () => {
    const { parts } = sizeCluster(figures, fleet, plain)
    const byConnections = Math.ceil(60_000 / DEFAULT_LIMITS.connections)
    expect(parts.broker.processes).toBe(byConnections + 1)
    expect(parts.ingest.processes).toBe(2)
    // The spare one is away: the others hold all connections.
    expect(parts.broker.memory).toBeCloseTo(1e8 + 60_000 * 100 + (60_000 / byConnections) * 10_000)
    // Every process keeps every device: 60,000 × 200 B, × 300 B.
    expect(parts.ingest.memory).toBeCloseTo(212e6)
    expect(parts.dashboard.memory).toBeCloseTo(318e6)
    const busy = sizeCluster(figures, { devices: 60_000, messagesPerMinute: 3_000 }, plain)
    // 6,000,000/s × 10 s/1e6 = 60 cores, half busy: 120.
    expect(busy.parts.broker.processes).toBe(121)
  })

  it('Redis holds what the store does not take, below the bound from which devices are slowed', () => {
    // 2,000/s × 100 s × 260 B = 52 MB, which is 65 % of maxmemory.
    expect(sizeCluster(figures, fleet, plain).redisMemory).toBeCloseTo(80e6)
    expect(sizeCluster(figures, fleet, plain).parts.redis.memory).toBeCloseTo(160e6)
  })

  it('the store keeps raw readings for their days, on a disk that is never full', () => {
    // 1,000/s × 86,400 s × 10 days × 14 B over half a disk.
    expect(sizeCluster(figures, fleet, plain).storeDisk).toBeCloseTo(24.192e9)
  })

  it('machines: for cores, for memory, and three at least', () => {
    const small = sizeCluster(figures, { devices: 60, messagesPerMinute: 1 }, plain)
    // Of each of four roles what it needs, rounded up, and a spare one; one core for each of three servers.
    expect([small.cores, small.machines]).toEqual([4 * 2 + 3, 3])
    // Sixteen brokers for their connections share the core that they need, and the spare one may need another.
    const wide = sizeCluster(figures, { devices: 300_000, messagesPerMinute: 0.01 }, plain)
    expect([wide.parts.broker.processes, wide.cores]).toEqual([Math.ceil(300_000 / DEFAULT_LIMITS.connections) + 1, 11])
    const large = sizeCluster(figures, { devices: 600_000, messagesPerMinute: 1 }, plain)
    expect(large.machines).toBe(Math.ceil(large.cores / 4))
    expect(sizeCluster(figures, fleet, { ...plain, machineMemory: 5e7 }).machines).toBeGreaterThan(10)
  })

  it('a fleet that needs more of what a cluster has one of is divided', () => {
    const one = sizeFor(figures, fleet, plain)
    expect([one.clusters, one.divided, one.machines]).toEqual([1, [], one.each.machines])
    // 2 × 62,500/s × 4 s/1e6, half busy, is exactly one core of Redis.
    expect(sizeFor(figures, { devices: 3_750_000, messagesPerMinute: 1 }, plain).clusters).toBe(1)
    const two = sizeFor(figures, { devices: 7_500_000, messagesPerMinute: 1 }, plain)
    expect([two.clusters, two.divided]).toEqual([2, ['redis']])
    expect(two.each.fleet.devices).toBe(3_750_000)
    expect(two.machines).toBe(2 * two.each.machines)
    const huge = sizeFor(figures, { devices: 10_000_000, messagesPerMinute: 60 }, plain)
    expect(huge.divided).toEqual(['redis', 'workers', 'postgres'])
    expect(huge.each.beyond).toEqual([])
  })

  it('more devices never need less of anything', () => {
    let before = sizeFor(figures, { devices: 1_000, messagesPerMinute: 1 })
    for (let devices = 2_000; devices <= 16_000_000; devices *= 2) {
      const now = sizeFor(figures, { devices, messagesPerMinute: 1 })
      expect(now.machines).toBeGreaterThanOrEqual(before.machines)
      expect(now.clusters).toBeGreaterThanOrEqual(before.clusters)
      const [more, less] = [
        sizeCluster(figures, now.fleet, ASSUMPTIONS),
        sizeCluster(figures, before.fleet, ASSUMPTIONS),
      ]
      expect(more.cores).toBeGreaterThanOrEqual(less.cores)
      expect(more.redisMemory).toBeGreaterThan(less.redisMemory)
      expect(more.storeDisk).toBeGreaterThan(less.storeDisk)
      before = now
    }
  })

  it('the page shows each fleet, each measured figure and each assumption', () => {
    const page = sizingTables(figures)
    for (const text of ['100,000', '1,000,000', '10,000,000', 'a desk', '×3', '50 %']) expect(page).toContain(text)
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  })
})
