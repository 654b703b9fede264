// What an acknowledgement of the streams is worth: a Redis that is killed, replicas that do not follow, a master that is lost,
// and a Redis that has little memory.
import { afterEach, describe, expect, it } from 'vitest'
import mqtt from 'mqtt'
import type { MqttClient } from 'mqtt'
import { createBroker } from '../../broker/broker.ts'
import { Backlog, DEFAULT_BOUNDS } from '../../cluster/streams/backlog.ts'
import { checkLayout } from '../../cluster/streams/layout.ts'
import { testRedis } from '../../cluster/streams/self-test.ts'
import { StreamIntake } from '../../cluster/streams/stream-intake.ts'
import { readAfter, trimStream } from '../../cluster/streams/stream-reader.ts'
import { partitionOf, PARTITIONS } from '../../contract/partitions.ts'
import { upTopic } from '../../contract/topics.ts'
import { until } from '../support/hub-process.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import type { RedisServer, RedisServerOptions } from '../support/services/redis.ts'
import { message, StreamWorld } from './stream-world.ts'

const P = partitionOf('d1')

describe.skipIf(REDIS_MISSING)('what is acknowledged', () => {
  const ends: (() => Promise<unknown> | void)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  }, 60_000)

  async function redis(options: RedisServerOptions = {}): Promise<{ server: RedisServer; world: StreamWorld }> {
    const server = await startRedis(options)
    const world = new StreamWorld(server)
    ends.push(
      () => server.dispose(),
      () => world.close(),
    )
    return { server, world }
  }

  /** Texts in the stream of `d1`, in order. */
  async function texts(world: StreamWorld): Promise<string[]> {
    const plain = await world.plain()
    const found: string[] = []
    for (let after = 0; ;) {
      const batch = await readAfter(plain, P, after, { count: 5_000, wall: 0 })
      if (batch.upTo === after) return found
      for (const { entry } of batch.entries)
        if (entry.type === 'message') found.push(Buffer.from(entry.payload).toString())
      after = batch.upTo
    }
  }

  it('G1: is there after every kill of a Redis that syncs each write', async () => {
    const { server, world } = await redis()
    const writer = await world.writer()
    const backlog = new Backlog(await world.plain(), DEFAULT_BOUNDS, () => undefined)
    const intake = new StreamIntake({ writer, backlog, node: 'b0' })
    const acknowledged: string[] = []
    let next = 0
    for (let kill = 0; kill < 5; kill++) {
      await until('it adds', () => writer.problem === null)
      const enough = acknowledged.length + 1_000
      while (writer.problem === null) {
        for (let i = 0; i < 100; i++) {
          const text = String(next++)
          intake.accept(message('d1', text), (error) => error ?? acknowledged.push(text))
        }
        await new Promise((resolve) => setImmediate(resolve))
        if (acknowledged.length >= enough) break
      }
      await server.kill()
      await server.restart()
    }
    await until('it adds again', () => writer.problem === null)
    const found = await texts(world)
    const missing = new Set(acknowledged)
    for (const text of found) missing.delete(text)
    expect([...missing]).toEqual([])
    expect(acknowledged.length).toBeGreaterThanOrEqual(5_000)
    const order = found.map(Number)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  }, 120_000)

  it('G1: with a replica to wait for, waits for it, and is there when the master and its disk are lost', async () => {
    const { server: master, world } = await redis({ appendfsync: 'everysec' })
    const { server: replica, world: after } = await redis({ more: ['--replicaof', '127.0.0.1', String(master.port)] })
    const plain = await world.plain()
    await until('the replica follows', async () => (await plain.wait(1, 100)) === 1)
    const hints = (await testRedis(plain, 1)).join()
    expect(hints).toContain('min-replicas-to-write')
    expect(hints).toContain('promote a replica first')
    const writer = await world.writer({ replicas: 1 })
    const fields = (text: string): string[] => ['h', 'message d1 readings 1 1 0', 'p', text]
    const positions: number[] = []
    for (let i = 0; i < 200; i++) positions.push(await writer.added(P, fields(String(i))))
    replica.freeze()
    await expect(writer.added(P, fields('unsure'))).rejects.toThrow('0 of 1')
    replica.thaw()
    await until('the replica follows again', async () => (await plain.wait(1, 100)) === 1)
    positions.push(await writer.added(P, fields('sure')))
    await master.kill()
    const promoted = await after.plain()
    await promoted.replicaof('NO', 'ONE')
    const found = await texts(after)
    expect(found).toEqual([...Array.from({ length: 200 }, (_, i) => String(i)), 'unsure', 'sure'])
    // Another run of Redis: whoever has read up to the newest position sees what comes now.
    const behind = await (await after.writer()).added(P, fields('next'))
    expect(behind).toBeGreaterThan(positions.at(-1) as number)
  }, 120_000)

  it('G1: is refused by a master that became a replica, until it is told where the master is', async () => {
    const { world, server } = await redis()
    const { server: other } = await redis()
    const writer = await world.writer()
    const plain = await world.plain()
    await plain.replicaof('127.0.0.1', String(other.port))
    await expect(writer.added(P, ['h', 'x', 'p', 'y'])).rejects.toThrow()
    await plain.replicaof('NO', 'ONE')
    await until('it adds again', () => writer.problem === null)
    expect(await writer.added(P, ['h', 'x', 'p', 'y'])).toBeGreaterThan(0)
    expect(server.port).not.toBe(other.port)
  }, 120_000)

  it('G6: in little memory: devices are slowed, Redis is never full, nothing that was acknowledged is lost', async () => {
    const { world } = await redis({ maxmemory: '24mb' })
    const plain = await world.plain()
    const backlog = new Backlog(plain, DEFAULT_BOUNDS, () => intake.lookAtHeld())
    const writer = await world.writer()
    const intake = new StreamIntake({ writer, backlog, node: 'b0' })
    const broker = createBroker({
      host: '127.0.0.1',
      port: 0,
      intake,
      credentials: { login: () => Promise.resolve({ ok: true }), isChildOf: () => false },
      observer: { presence: () => undefined, refused: () => undefined },
      limits: { ratePerSecond: 0 },
    })
    const { port } = await broker.start()
    await backlog.look()
    backlog.start()
    intake.start()
    const clients: MqttClient[] = []
    // A worker that takes less than the devices give.
    const read = new Set<string>()
    const after = new Array<number>(PARTITIONS).fill(0)
    const ids = Array.from({ length: 4 }, (_, i) => `d${i}`)
    let reading = true
    const worker = (async () => {
      while (reading) {
        for (const id of ids) {
          const p = partitionOf(id)
          const batch = await readAfter(plain, p, after[p] as number, { count: 100, wall: 0 })
          for (const { entry } of batch.entries)
            if (entry.type === 'message') read.add(Buffer.from(entry.payload.subarray(0, 12)).toString().trim())
          after[p] = batch.upTo
          await trimStream(plain, p, batch.upTo)
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    const acknowledged = new Set<string>()
    let mostHeld = 0
    const watching = setInterval(() => (mostHeld = Math.max(mostHeld, intake.counters().held)), 20)
    ends.push(
      async () => {
        reading = false
        clearInterval(watching)
        await worker
      },
      () => backlog.stop(),
      () => broker.stop(),
      () => intake.stop(),
      () => Promise.all(clients.map((client) => client.endAsync(true))),
    )
    const MESSAGES = 8_000
    const padding = 'x'.repeat(1_000)
    for (const id of ids) {
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
        username: id,
        password: 'token',
        reconnectPeriod: 50,
      })
      clients.push(client)
      for (let i = 0; i < MESSAGES; i++) {
        const name = `${id}-${i}`.padEnd(12)
        client.publish(upTopic(id, 'readings'), name + padding, { qos: 1 }, (error) => {
          if (!error) acknowledged.add(name.trim())
        })
      }
    }
    await until('everything is acknowledged', () => acknowledged.size === ids.length * MESSAGES, 90_000)
    expect(mostHeld).toBeGreaterThan(0)
    expect(await plain.info('errorstats')).not.toContain('errorstat_OOM')
    await until('everything is read', () => read.size === acknowledged.size, 60_000)
  }, 180_000)

  it('a Redis that has no memory left acknowledges nothing, and goes on when it has', async () => {
    const { world } = await redis()
    const plain = await world.plain()
    const writer = await world.writer()
    await checkLayout(plain, 'c1', 1)
    await plain.set('filler', 'x'.repeat(20_000_000))
    await plain.config('SET', 'maxmemory', '16mb')
    await expect(writer.added(P, ['h', 'x', 'p', 'y'])).rejects.toThrow('OOM')
    expect(writer.refusal).toContain('OOM')
    // A worker that starts now must be able to: it is the one that makes room.
    expect((await testRedis(plain, 0)).join()).toContain('OOM')
    expect((await checkLayout(plain, 'c1', 2)).madeAt).toBe(1)
    await plain.config('SET', 'maxmemory', '512mb')
    await until('it is asked again', () => writer.refusal === null)
    expect(await writer.added(P, ['h', 'x', 'p', 'y'])).toBeGreaterThan(0)
  }, 60_000)
})

describe.skipIf(REDIS_MISSING)('a Redis that cannot keep its word is refused', () => {
  const problemsOf = async (more: readonly string[], replicas = 0, maxmemory = '64mb'): Promise<string> => {
    const server = await startRedis({ more, maxmemory })
    const world = new StreamWorld(server)
    try {
      return await testRedis(await world.plain(), replicas).then(
        (hints) => `fine ${hints.join()}`,
        (error: unknown) => String(error),
      )
    } finally {
      await world.close()
      await server.dispose()
    }
  }

  it('each reason is a sentence that names what to set', async () => {
    expect(await problemsOf(['--appendfsync', 'everysec'])).toMatch(/^fine appendfsync is everysec/)
    expect(await problemsOf([])).toBe('fine ')
    expect(await problemsOf(['--appendonly', 'no'])).toContain('appendonly yes')
    expect(await problemsOf(['--maxmemory-policy', 'allkeys-lru'])).toContain('maxmemory-policy noeviction')
    expect(await problemsOf([], 0, '0')).toContain('maxmemory')
    expect(await problemsOf([], 1)).toContain('ZHIAN_REDIS_REPLICAS=1')
    expect(await problemsOf(['--cluster-enabled', 'yes'])).toContain('cluster-enabled no')
    expect(await problemsOf(['--replicaof', '127.0.0.1', '1'])).toContain('ZHIAN_REDIS_URL')
    expect(await problemsOf(['--min-replicas-to-write', '1'])).toContain('NOREPLICAS')
  }, 120_000)
})
