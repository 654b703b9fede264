// Brokers of a cluster as processes, on a real Redis and a real PostgreSQL: what they acknowledge, whom they let in, and what
// they say of their devices.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import mqtt from 'mqtt'
import type { MqttClient } from 'mqtt'
import { hashToken } from '../../broker/tokens.ts'
import { NodeBoard } from '../../cluster/node-board.ts'
import { linesOf } from '../../cluster/keys.ts'
import { LineSweep } from '../../cluster/lines/line-sweep.ts'
import { Subscriber } from '../../cluster/subscriber.ts'
import { WorkerEnd } from '../../cluster/commands/worker-end.ts'
import { commandTopic, upTopic } from '../../contract/topics.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { DEFAULT_RULES } from '../../hub/rules.ts'
import { createPostgresLedger } from '../../records/postgres-ledger.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import { until } from '../support/hub-process.ts'
import { roleProcess } from '../support/role-process.ts'
import type { RoleProcess } from '../support/role-process.ts'
import { POSTGRES_MISSING, startPostgres } from '../support/services/postgres.ts'
import type { PostgresServer } from '../support/services/postgres.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import type { RedisServer } from '../support/services/redis.ts'
import { Following, StreamWorld } from './stream-world.ts'

const ADMIN = { userId: 'u1', name: '管理员', address: '127.0.0.1' }
const P = partitionOf('g1')

describe.skipIf(REDIS_MISSING || POSTGRES_MISSING)('brokers of a cluster', () => {
  let redis: RedisServer
  let postgres: PostgresServer
  let databaseUrl: string
  let ledger: ClusterLedger
  let world: StreamWorld
  let brokers: RoleProcess[] = []
  let token: string
  const clients: MqttClient[] = []

  beforeAll(async () => {
    ;[redis, postgres] = await Promise.all([startRedis(), startPostgres()])
    databaseUrl = await postgres.database('brokers')
    ledger = createPostgresLedger({
      url: databaseUrl,
      defaultRules: DEFAULT_RULES,
      hashDeviceToken: (given, key) => hashToken(key, given).toString('hex'),
    })
    await ledger.start()
    token = (await ledger.devices.create(ADMIN, { id: 'g1', kind: 'gas', name: '厨房' })).token
    world = new StreamWorld(redis)
    brokers = await Promise.all(
      ['broker-0', 'broker-1'].map((name) =>
        roleProcess({
          name,
          role: 'broker',
          environment: { ZHIAN_DATABASE_URL: databaseUrl, ZHIAN_REDIS_URL: redis.url, ZHIAN_DEVICE_RATE: '0' },
        }),
      ),
    )
    await Promise.all(brokers.map((broker) => broker.restart()))
  }, 180_000)
  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.kill()))
    await world?.stop()
    await ledger?.stop()
    await Promise.all([redis?.dispose(), postgres?.dispose()])
  }, 60_000)
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.endAsync(true)
  })

  const broker = (index: number): RoleProcess => brokers[index] as RoleProcess

  async function device(index: number, id = 'g1', password = token, reconnectPeriod = 0): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker(index).mqttPort}`, {
      username: id,
      password,
      reconnectPeriod,
    })
    client.on('error', () => undefined)
    clients.push(client)
    return client
  }

  const presences = (following: Following): string[] =>
    following.entries.flatMap(({ entry }) =>
      entry.type === 'presence' && entry.deviceId === 'g1'
        ? [`${entry.connected ? 'came' : 'went'}${entry.politely ? ' politely' : ''}`]
        : [],
    )

  /** What stands in the stream from now on. */
  async function followingFromNow(): Promise<Following> {
    const plain = await world.plain()
    const newest = (await plain.xrevrange(`zhian:in:${P}`, '+', '-', 'COUNT', 1))[0]
    return new Following(await world.reader(), P, Number(newest?.[0].slice(2) ?? 0))
  }

  it('let in who the ledger knows, put what is said into the stream in order, and say who came and went', async () => {
    const following = await followingFromNow()
    await expect(device(0, 'g1', 'wrong')).rejects.toThrow()
    const client = await device(0)
    for (let i = 0; i < 20; i++) await client.publishAsync(upTopic('g1', 'readings'), String(i), { qos: 1 })
    await client.endAsync()
    await until('it went', () => presences(following).includes('went politely'))
    const said = following.texts()
    expect(said).toEqual(['presence', ...Array.from({ length: 20 }, (_, i) => String(i)), 'presence'])
    expect(presences(following)).toEqual(['came', 'went politely'])
    expect(await (await world.plain()).hget(linesOf(P), 'g1')).toBeNull()
    await following.stop()
  }, 120_000)

  it('a device that comes to another broker has not gone when the first one notices', async () => {
    const following = await followingFromNow()
    const first = await device(0)
    await until('it came', () => presences(following).length === 1)
    const holder = await (await world.plain()).hget(linesOf(P), 'g1')
    await device(1)
    await until('it came again', () => presences(following).length === 2)
    first.stream.destroy()
    const second = await device(1, 'g1', token)
    await second.publishAsync(upTopic('g1', 'readings'), 'x', { qos: 1 })
    const plain = await world.plain()
    expect(await plain.hget(linesOf(P), 'g1')).not.toBe(holder)
    expect(presences(following)).toEqual(['came', 'came'])
    await following.stop()
  }, 120_000)

  it('let in a new device, and cut off one whose token was replaced, before they say that they have applied it', async () => {
    const { token: fresh } = await ledger.devices.create(ADMIN, { id: 'g2', kind: 'gas', name: '阳台' })
    const board = new NodeBoard(await world.plain(), { id: 'test', role: 'dashboard', startedAt: 0 })
    const applied = async (): Promise<void> => {
      const newest = await ledger.changes.newest()
      await until('both have applied it', async () => (await board.all()).every((node) => node.applied >= newest))
    }
    await applied()
    const client = await device(0, 'g2', fresh)
    let closed = false
    client.on('close', () => (closed = true))
    const newToken = await ledger.devices.newToken(ADMIN, 'g2')
    await applied()
    await until('it is cut off', () => closed)
    await expect(device(1, 'g2', fresh)).rejects.toThrow()
    await device(1, 'g2', newToken)
    await ledger.devices.delete(ADMIN, 'g2')
    await applied()
    await expect(device(0, 'g2', newToken)).rejects.toThrow()
  }, 120_000)

  it('go on with what they know while the ledger is away', async () => {
    await postgres.kill()
    try {
      const client = await device(0)
      await client.publishAsync(upTopic('g1', 'readings'), 'without a ledger', { qos: 1 })
      expect((await broker(0).readyz())?.ok).toBe(true)
    } finally {
      await postgres.restart()
    }
  }, 120_000)

  it('G1: killed in the middle, nothing that was acknowledged is missing, and the order of a device is kept', async () => {
    const following = await followingFromNow()
    const acknowledged: number[] = []
    for (let round = 0, next = 0; round < 3; round++) {
      const client = await device(0)
      let gone = false
      client.on('close', () => (gone = true))
      const sending = (async () => {
        while (!gone) {
          const number = next++
          // One window of messages on their way, as devices have it.
          void client.publishAsync(upTopic('g1', 'readings'), `n${number}`, { qos: 1 }).then(
            () => acknowledged.push(number),
            () => undefined,
          )
          if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
        }
      })()
      const enough = acknowledged.length + 500
      await until('some are acknowledged', () => acknowledged.length >= enough)
      await broker(0).kill()
      await sending
      await broker(0).restart()
    }
    const last = await device(1)
    await last.publishAsync(upTopic('g1', 'readings'), 'end', { qos: 1 })
    await until('all are read', () => following.texts().includes('end'))
    const stored = following.texts().flatMap((text) => (text.startsWith('n') ? [Number(text.slice(1))] : []))
    const missing = new Set(acknowledged)
    for (const number of stored) missing.delete(number)
    expect([...missing]).toEqual([])
    expect(stored).toEqual(stored.toSorted((a, b) => a - b))
    await following.stop()
  }, 180_000)

  it('G4: the connections of a broker that was killed are told as broken by whoever owns the partition', async () => {
    const plain = await world.plain()
    const following = await followingFromNow()
    await device(0)
    await until('it came', () => presences(following).length === 1)
    await broker(0).kill()
    const sweep = new LineSweep({
      redis: plain,
      writer: await world.writer(),
      board: new NodeBoard(plain, { id: 'test', role: 'ingest', startedAt: 0 }),
      owned: () => [P],
      now: () => performance.now(),
      wall: Date.now,
      failed: () => undefined,
      everyMs: 200,
      graceMs: 500,
    })
    sweep.start()
    await until('it is told', () => presences(following).length === 2)
    expect(presences(following)).toEqual(['came', 'went'])
    await sweep.stop()
    await broker(0).restart()
    await following.stop()
  }, 120_000)

  it('a broker that is stopped says that its devices left politely, and is off the board', async () => {
    const following = await followingFromNow()
    await device(0)
    await until('it came', () => presences(following).length === 1)
    expect(await broker(0).terminate()).toBe(0)
    await until('it went', () => presences(following).length === 2)
    expect(presences(following)).toEqual(['came', 'went politely'])
    const board = new NodeBoard(await world.plain(), { id: 'test', role: 'dashboard', startedAt: 0 })
    expect((await board.all()).filter(({ role }) => role === 'broker')).toHaveLength(1)
    await broker(0).restart()
    await following.stop()
  }, 120_000)

  it('G1: with Redis away nothing is acknowledged and readyz says so; connections and lines are told when it is back', async () => {
    const client = await device(0, 'g1', token, 100)
    await until('its line is there', async () => (await world.plain()).hexists(linesOf(P), 'g1'))
    await redis.kill()
    await until('it is not ready', async () => (await broker(0).readyz())?.ok === false)
    expect((await broker(0).readyz())?.body).toMatchObject({ parts: { redis: false, mqtt: true } })
    let acknowledged = false
    const published = client.publishAsync(upTopic('g1', 'readings'), 'patience', { qos: 1 }).then(() => {
      acknowledged = true
    })
    const again = await device(1)
    await again.endAsync(true)
    expect(acknowledged).toBe(false)
    await redis.restart()
    await published
    await until('both are ready', async () => {
      const ready = await Promise.all(brokers.map((one) => one.readyz()))
      return ready.every((one) => one?.ok)
    })
    await until('its line is told', async () => (await world.plain()).hexists(linesOf(P), 'g1'))
  }, 120_000)

  it('G7: a command finds its device through whichever broker holds it', async () => {
    const subscriber = new Subscriber(world.connect())
    const line = new WorkerEnd({ redis: await world.plain(), subscriber, node: 'w1', now: () => performance.now() })
    line.start()
    expect(await line.lineOf('g1', null)).toBe('away')
    for (const index of [0, 1]) {
      const client = await device(index)
      await until('it is connected', async () => (await line.lineOf('g1', null)) === 'connected')
      const heard: string[] = []
      client.on('message', (_topic, payload) => heard.push(payload.toString()))
      await client.subscribeAsync(commandTopic('g1'), { qos: 1 })
      await until('it listens', async () => (await line.lineOf('g1', null)) === 'listening')
      let delivered = 0
      const options = { withinMs: 20_000, delivered: () => void delivered++ }
      expect(await line.send('g1', null, `command ${index}`, options)).toBe(true)
      await until('it is delivered', () => delivered === 1)
      expect(heard).toEqual([`command ${index}`])
      await client.endAsync()
      await until('it is away', async () => (await line.lineOf('g1', null)) === 'away')
    }
    line.stop()
  }, 120_000)

  it('are refused by a Redis that cannot keep what they promise', async () => {
    const careless = await startRedis({ more: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'] })
    const refused = await roleProcess({
      name: 'broker-2',
      role: 'broker',
      environment: { ZHIAN_DATABASE_URL: databaseUrl, ZHIAN_REDIS_URL: careless.url },
    })
    refused.launch()
    await until('it ended', () => !refused.running)
    expect(refused.output()).toContain('appendonly yes')
    expect(refused.output()).toContain('maxmemory-policy noeviction')
    await careless.dispose()
  }, 120_000)
})
