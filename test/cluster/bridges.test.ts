// A bridge in a cluster: two broker processes that are both told to read it, a real Mosquitto, Redis and PostgreSQL.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashToken } from '../../broker/tokens.ts'
import { clusterBridges } from '../../cluster/bridges.ts'
import { NodeBoard } from '../../cluster/node-board.ts'
import type { NodeReport } from '../../cluster/node-board.ts'
import { partitionOf } from '../../contract/partitions.ts'
import type { Bridge } from '../../contract/http/bridges.ts'
import { DEFAULT_RULES } from '../../hub/rules.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import { createPostgresLedger } from '../../records/postgres-ledger.ts'
import { startBridgeCounty } from '../chaos/bridge-county.ts'
import type { BridgeCounty } from '../chaos/bridge-county.ts'
import { until } from '../support/hub-process.ts'
import { roleProcess } from '../support/role-process.ts'
import type { RoleProcess } from '../support/role-process.ts'
import { MOSQUITTO_MISSING } from '../support/services/mosquitto.ts'
import { POSTGRES_MISSING, startPostgres } from '../support/services/postgres.ts'
import type { PostgresServer } from '../support/services/postgres.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import type { RedisServer } from '../support/services/redis.ts'
import { Following, StreamWorld } from './stream-world.ts'

const ADMIN = { userId: 'u1', name: '管理员', address: '127.0.0.1' }
const HOLDER_KILLS = 3
const LIMIT_MS = 120_000

const bridge = (over: Partial<Bridge>): Bridge => ({
  name: 'gas',
  url: 'mqtt://host',
  state: 'connected',
  since: 1,
  connections: { open: 1, of: 1 },
  problem: null,
  received: 0,
  taken: 0,
  refused: {},
  waiting: 0,
  failed: 0,
  lastMessageAt: null,
  sessionsLost: 0,
  unordered: false,
  ...over,
})

describe('what a cluster knows of its bridges', () => {
  const listed = [
    { name: 'gas', url: 'mqtt://host' },
    { name: 'power', url: 'mqtt://other' },
  ]

  it('is nothing while no broker is there to say', () => {
    expect(clusterBridges([])).toBeNull()
    expect(clusterBridges([{}])).toBeNull()
  })

  it('comes from whoever reads each; one that nobody reads is away', () => {
    const found = clusterBridges([
      { bridges: { listed, read: [bridge({ taken: 7 })] } },
      { bridges: { listed, read: [] } },
    ])
    expect(found).toMatchObject([
      { name: 'gas', state: 'connected', taken: 7 },
      { name: 'power', url: 'mqtt://other', state: 'away', problem: { reason: 'unread' } },
    ])
  })

  it('is the word of who is connected, while one broker leaves it to another', () => {
    const leaving = { listed, read: [bridge({ state: 'away' })] }
    const [gas] = clusterBridges([{ bridges: leaving }, { bridges: { listed, read: [bridge({})] } }]) ?? []
    expect(gas?.state).toBe('connected')
  })
})

describe.skipIf(REDIS_MISSING || POSTGRES_MISSING || MOSQUITTO_MISSING)('a bridge in a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zhian-cluster-bridge-'))
  let redis: RedisServer
  let postgres: PostgresServer
  let county: BridgeCounty
  let ledger: ClusterLedger
  let world: StreamWorld
  let board: NodeBoard
  let brokers: RoleProcess[] = []
  const followings: Following[] = []

  beforeAll(async () => {
    ;[redis, postgres] = await Promise.all([startRedis({ appendfsync: 'always' }), startPostgres()])
    county = await startBridgeCounty('meter', ['autosave_on_changes false', 'autosave_interval 0'])
    const databaseUrl = await postgres.database('bridges')
    ledger = createPostgresLedger({
      url: databaseUrl,
      defaultRules: DEFAULT_RULES,
      hashDeviceToken: (given, key) => hashToken(key, given).toString('hex'),
    })
    await ledger.start()
    const site = await ledger.places.createSite(ADMIN, { name: '一厂', area: '东山县/南门镇' })
    for (const id of county.publishers.newest().keys())
      await ledger.devices.create(ADMIN, { id, kind: 'electricity', name: id, siteId: site.id })
    world = new StreamWorld(redis)
    board = new NodeBoard(await world.plain(), { id: 'test', role: 'dashboard', startedAt: 0 })
    const reader = await world.reader()
    const partitions = new Set([...county.publishers.newest().keys()].map(partitionOf))
    for (const partition of partitions) followings.push(new Following(reader, partition))
    const file = join(folder, 'bridges.json')
    const listed = { name: 'county', url: `mqtt://127.0.0.1:${county.wire.port}`, devices: { areas: ['东山县'] } }
    writeFileSync(file, JSON.stringify({ bridges: [listed] }))
    brokers = await Promise.all(
      ['broker-0', 'broker-1'].map((name) =>
        roleProcess({
          name,
          role: 'broker',
          environment: {
            ZHIAN_DATABASE_URL: databaseUrl,
            ZHIAN_REDIS_URL: redis.url,
            ZHIAN_BRIDGES: file,
            // It says its id when it is ready.
            ZHIAN_LOG_LEVEL: 'info',
          },
        }),
      ),
    )
    await Promise.all(brokers.map((broker) => broker.restart()))
  }, 180_000)
  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.kill()))
    await county?.stop()
    await Promise.all(followings.map((following) => following.stop()))
    await world?.stop()
    await ledger?.stop()
    await Promise.all([redis?.dispose(), postgres?.dispose()])
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  const readers = async (): Promise<NodeReport[]> =>
    (await board.all()).filter(({ bridges }) => (bridges?.read.length ?? 0) > 0)
  const holder = (): Promise<NodeReport> =>
    until(
      'one broker reads it',
      async () => {
        const found = await readers()
        return found.length === 1 && found[0]?.bridges?.read[0]?.state === 'connected' ? found[0] : null
      },
      LIMIT_MS,
    )
  /** Sample times of each device in its stream, in their order. */
  const streamed = (): Map<string, number[]> => {
    const times = new Map<string, number[]>()
    for (const { entry } of followings.flatMap(({ entries }) => entries)) {
      if (entry.type !== 'message') continue
      const { ts } = JSON.parse(Buffer.from(entry.payload).toString()) as { ts: number }
      times.set(entry.deviceId, [...(times.get(entry.deviceId) ?? []), ts])
    }
    return times
  }

  it('G1: is read by one broker at a time; another goes on when that one is killed, and nothing is lost', async () => {
    // Before it is subscribed to for the first time nothing is kept for it.
    await holder()
    county.publishers.start()
    for (let round = 0; round < HOLDER_KILLS; round++) {
      const { id } = await holder()
      const had = county.wire.acknowledged.size
      await until('messages flow', () => county.wire.acknowledged.size > had + 50, LIMIT_MS)
      const broker = brokers.find((process) => process.output().includes(id)) as RoleProcess
      await broker.kill()
      await broker.restart()
      await until('another reads it', async () => (await holder()).id !== id, LIMIT_MS)
    }
    await county.publishers.pause()
    const newest = county.publishers.newest()
    await until(
      'the newest of each device is in its stream',
      () => {
        const times = streamed()
        return [...newest].every(([id, ts]) => times.get(id)?.includes(ts))
      },
      LIMIT_MS,
    )
    const times = streamed()
    const missing = [...county.publishers.acknowledged].filter((key) => {
      const [id = '', ts] = key.split(' ')
      return times.get(id)?.includes(Number(ts)) !== true
    })
    expect(missing).toEqual([])
    for (const [id, all] of times) {
      const first = [...new Set(all)]
      expect([id, first]).toEqual([id, first.toSorted((a, b) => a - b)])
    }
    expect(clusterBridges(await board.all())).toMatchObject([{ name: 'county', state: 'connected', refused: {} }])
  }, 300_000)

  it('is handed on when its broker is stopped', async () => {
    const { id } = await holder()
    const broker = brokers.find((process) => process.output().includes(id)) as RoleProcess
    await broker.terminate()
    await until('another reads it', async () => (await holder()).id !== id, LIMIT_MS)
    await broker.restart()
  }, 180_000)

  it('speaks no longer for a device that was moved out of its area', async () => {
    const elsewhere = await ledger.places.createSite(ADMIN, { name: '二厂', area: '西山县/北门镇' })
    const [moved = ''] = county.publishers.newest().keys()
    await ledger.devices.update(ADMIN, moved, { siteId: elsewhere.id })
    const newest = await ledger.changes.newest()
    await until('the brokers know', async () =>
      (await board.all()).every(({ role, applied }) => role !== 'broker' || applied >= newest),
    )
    county.publishers.start()
    await until(
      'its messages are refused',
      async () => ((await holder()).bridges?.read[0]?.refused.foreign_device ?? 0) > 0,
      LIMIT_MS,
    )
    await county.publishers.pause()
  }, 180_000)
})
