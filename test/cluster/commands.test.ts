// G7 between processes: a worker, Redis and two brokers, with the link cut between each pair of steps. A command is executed in
// time or not at all, once at most, and nothing is called delivered that no device acknowledged.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Redis } from 'ioredis'
import { createBroker } from '../../broker/broker.ts'
import type { Broker } from '../../broker/broker.ts'
import { BrokerEnd } from '../../cluster/commands/broker-end.ts'
import { WorkerEnd } from '../../cluster/commands/worker-end.ts'
import { GRANTED_MS } from '../../cluster/commands/words.ts'
import type { ToBroker } from '../../cluster/commands/words.ts'
import { linesOf } from '../../cluster/keys.ts'
import { connectRedis } from '../../cluster/redis.ts'
import { Subscriber } from '../../cluster/subscriber.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { commandTopic } from '../../contract/topics.ts'
import type { Command } from '../../contract/http/commands.ts'
import { Commands } from '../../ingest/commands/commands.ts'
import { Devices } from '../../ingest/devices.ts'
import { MemoryCommandLog, TestDevice } from '../hub/command-world.ts'
import { until } from '../support/hub-process.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import type { RedisServer } from '../support/services/redis.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

const OFFICER = { userId: 'u1', name: '周晓岚', address: '127.0.0.1' }

/** A broker and its own link to Redis. */
class BrokerSide {
  broker!: Broker
  port = 0
  link!: TcpProxy
  /** What its clock is ahead by, ms. */
  ahead = 0
  readonly #ends: (() => Promise<unknown> | void)[] = []

  static async start(server: RedisServer, node: string, plain: Redis): Promise<BrokerSide> {
    const side = new BrokerSide()
    side.link = await startTcpProxy({ port: server.port })
    const connect = (name: string): Redis =>
      connectRedis({ url: `redis://127.0.0.1:${side.link.port}`, name, onError: () => undefined })
    const [redis, listening] = [connect('broker'), connect('commands')]
    side.broker = createBroker({
      host: '127.0.0.1',
      port: 0,
      intake: { accept: (_message, done) => done() },
      credentials: { login: () => Promise.resolve({ ok: true }), isChildOf: () => false },
      observer: {
        // Its line is not what is tried here: it is written at once, whatever the broker's link does.
        presence(deviceId, connected) {
          const lines = linesOf(partitionOf(deviceId))
          const written = connected ? plain.hset(lines, deviceId, node) : plain.hdel(lines, deviceId)
          // At the end of a test its connection may go before the devices'.
          written.catch(() => undefined)
        },
        refused: () => undefined,
      },
    })
    side.port = (await side.broker.start()).port
    const end = new BrokerEnd({
      redis,
      subscriber: new Subscriber(listening),
      node,
      broker: side.broker,
      now: () => performance.now() + side.ahead,
      wall: () => Date.now() + side.ahead,
    })
    end.start()
    side.#ends.push(
      () => side.broker.stop(),
      () => end.stop(),
      () => redis.disconnect(),
      () => listening.disconnect(),
      () => side.link.stop(),
    )
    return side
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end()
  }
}

describe.skipIf(REDIS_MISSING)('G7: a command on its way through Redis', () => {
  let server: RedisServer
  let plain: Redis
  let brokers: BrokerSide[]
  let workerLink: TcpProxy
  let line: WorkerEnd
  let commands: Commands
  let log: MemoryCommandLog
  let devices: TestDevice[]
  /** What the worker says to brokers; a test may do something before a word goes out. */
  let said: ToBroker[]
  let before: (word: ToBroker) => Promise<void> | void
  const ends: (() => Promise<unknown> | void)[] = []

  beforeAll(async () => {
    server = await startRedis()
  }, 60_000)
  afterAll(() => server?.dispose())

  beforeEach(async () => {
    plain = connectRedis({ url: server.url, name: 'test', onError: () => undefined })
    await until('redis is ready', () => plain.status === 'ready')
    await plain.flushall()
    brokers = [await BrokerSide.start(server, 'b0', plain), await BrokerSide.start(server, 'b1', plain)]
    workerLink = await startTcpProxy({ port: server.port })
    const connect = (name: string): Redis =>
      connectRedis({ url: `redis://127.0.0.1:${workerLink.port}`, name, onError: () => undefined })
    const [redis, listening] = [connect('worker'), connect('replies')]
    said = []
    before = () => undefined
    const heard = {
      hget: (key: string, field: string) => redis.hget(key, field),
      async publish(channel: string, text: string) {
        const word = JSON.parse(text) as ToBroker
        await before(word)
        said.push(word)
        return redis.publish(channel, text)
      },
    }
    line = new WorkerEnd({
      redis: heard,
      subscriber: new Subscriber(listening),
      node: 'w0',
      now: () => performance.now(),
    })
    line.start()
    log = new MemoryCommandLog()
    const known = new Devices(() => [])
    known.put(
      {
        uid: 'd1',
        deviceId: 'd1',
        kind: 'gas',
        attributes: {},
        lifecycle: 'in_service',
        gatewayId: null,
        inServiceSince: null,
      },
      { deviceName: 'd1', siteId: 's1', areaIds: ['a1'], place: ['示范县'] },
      Date.now(),
    )
    commands = new Commands({
      clock: { now: () => Date.now() + clockAhead, wall: () => Date.now() + clockAhead },
      devices: known,
      line,
      log,
      changed: () => undefined,
      failed: () => undefined,
    })
    clockAhead = 0
    devices = []
    ends.push(
      () => commands.stop(),
      () => line.stop(),
      () => redis.disconnect(),
      () => listening.disconnect(),
      () => workerLink.stop(),
    )
    await until('all listen', async () => {
      const [, b0, , b1, , w0] = await plain.pubsub(
        'NUMSUB',
        'zhian:commands:b0',
        'zhian:commands:b1',
        'zhian:command-replies:w0',
      )
      return b0 === 1 && b1 === 1 && w0 === 1
    })
  }, 60_000)
  afterEach(async () => {
    for (const device of devices) await device.stop()
    for (const end of ends.splice(0)) await end()
    for (const side of brokers) await side.stop()
    plain.disconnect()
  }, 60_000)
  let clockAhead = 0

  const side = (index: number): BrokerSide => brokers[index] as BrokerSide

  async function device(index = 0): Promise<TestDevice> {
    const made = new TestDevice('d1', side(index).port, { topic: commandTopic('d1') })
    devices.push(made)
    await until('it listens', () => made.listening)
    await until('its line is known', async () => (await plain.hget(linesOf(partitionOf('d1')), 'd1')) === `b${index}`)
    return made
  }
  const request = () => commands.request(OFFICER, { deviceId: 'd1', name: 'self_test', args: {}, reason: '例行' })
  const row = (): Command => [...log.rows.values()].at(-1) as Command
  /** Long after its life: it has ended. */
  async function later(): Promise<void> {
    clockAhead += 120_000
    await commands.look()
  }
  /** Nothing that was on its way is on its way any more: a word that is sent now has arrived. */
  async function settled(index = 0): Promise<void> {
    before = () => undefined
    await until('the broker answers', async () => (await line.lineOf('d1', null)) !== 'away')
    expect(side(index).broker.isConnected('d1')).toBe(true)
  }

  it('whole: it goes out through either broker, is acknowledged, and told as delivered', async () => {
    for (const index of [0, 1]) {
      const one = await device(index)
      expect(await request()).toMatchObject({
        ok: true,
        command: { state: expect.stringMatching(/sent|delivered/) as string },
      })
      await until('it is delivered', () => row().deliveredAt !== null)
      expect(one.heard).toEqual([row().id])
      await one.stop()
      await until('its line is gone', async () => (await plain.hget(linesOf(partitionOf('d1')), 'd1')) === null)
      await later()
    }
  }, 60_000)

  it('cut before it is asked where the device is: refused, nothing is written down', async () => {
    await device()
    workerLink.refuse(true)
    workerLink.cut()
    expect(await request()).toMatchObject({ ok: false, refusal: 'not_connected' })
    expect(log.rows.size).toBe(0)
  }, 60_000)

  it('cut before the broker hears the question: refused; the question that comes late changes nothing', async () => {
    const one = await device()
    side(0).link.freeze()
    expect(await request()).toMatchObject({ ok: false, refusal: 'not_connected' })
    side(0).link.thaw()
    await settled()
    expect(one.heard).toEqual([])
    expect(log.rows.size).toBe(0)
  }, 60_000)

  it('cut between the answer and its place in the ledger: it failed, and is not sent', async () => {
    const one = await device()
    log.gate.shut = true
    const asked = request()
    await until('it is being written', () => log.adds === 1)
    side(0).link.refuse(true)
    side(0).link.cut()
    await until('redis knows', async () => (await plain.pubsub('NUMSUB', 'zhian:commands:b0'))[1] === 0)
    log.gate.open()
    expect(await asked).toMatchObject({ ok: true, command: { state: 'failed', ending: 'not_connected', sentAt: null } })
    side(0).link.refuse(false)
    await settled()
    expect(one.heard).toEqual([])
  }, 60_000)

  it('held up between the permit and the broker: refused there, however long it lay; it is never called delivered', async () => {
    const one = await device()
    before = (word) => {
      if (word.say === 'send') side(0).link.freeze()
    }
    // Whether it went out is not known: nobody may say that it did not.
    expect(await request()).toMatchObject({ ok: true, command: { state: 'sent' } })
    side(0).ahead += GRANTED_MS + 1
    side(0).link.thaw()
    await settled()
    expect(one.heard).toEqual([])
    await later()
    expect(row()).toMatchObject({ state: 'expired', ending: 'not_delivered', deliveredAt: null })
  }, 60_000)

  it('held up for less than the permit: it arrives within its life, once', async () => {
    const one = await device()
    before = (word) => {
      if (word.say === 'send') side(0).link.delay(100)
    }
    await request()
    await until('it is delivered', () => row().deliveredAt !== null)
    expect(one.heard).toEqual([row().id])
  }, 60_000)

  it('said twice: executed once', async () => {
    const one = await device()
    await request()
    await until('it is delivered', () => row().deliveredAt !== null)
    const send = said.find(({ say }) => say === 'send')
    await plain.publish('zhian:commands:b0', JSON.stringify(send))
    await settled()
    expect(one.heard).toEqual([row().id])
  }, 60_000)

  it('its life over on the way: not sent', async () => {
    const one = await device()
    const sent = await line.send('d1', null, JSON.stringify({ id: 'x' }), { withinMs: 0, delivered: () => undefined })
    expect(sent).toBe(false)
    await settled()
    expect(one.heard).toEqual([])
  }, 60_000)

  it('the answer is lost: it counts as sent and nothing more, and the device’s own word still tells', async () => {
    const one = await device()
    let frozen = false
    before = (word) => {
      if (word.say !== 'send') return
      // The word goes out by another way; the worker hears nothing more.
      frozen = true
      workerLink.freeze()
      void plain.publish('zhian:commands:b0', JSON.stringify(word))
    }
    const asked = request()
    await until('it arrived', () => one.heard.length === 1)
    expect(frozen).toBe(true)
    expect(await asked).toMatchObject({ ok: true, command: { state: 'sent', deliveredAt: null } })
    await commands.take('d1', { id: row().id, ok: true })
    expect(row()).toMatchObject({ state: 'done', ending: 'answered_ok' })
    workerLink.thaw()
  }, 60_000)

  it('the broker is gone when it is sent: it failed', async () => {
    await device()
    before = async (word) => {
      if (word.say === 'send') {
        side(0).link.refuse(true)
        side(0).link.cut()
        await until('redis knows', async () => (await plain.pubsub('NUMSUB', 'zhian:commands:b0'))[1] === 0)
      }
    }
    expect(await request()).toMatchObject({ ok: true, command: { state: 'failed', ending: 'not_connected' } })
  }, 60_000)

  it('the device moves to another broker before it is sent: it failed, and the device hears nothing of it', async () => {
    const first = await device(0)
    let second: TestDevice | null = null
    before = async (word) => {
      if (word.say !== 'send' || second !== null) return
      await first.stop()
      await until('the broker knows', () => !side(0).broker.isConnected('d1'))
      second = await device(1)
    }
    expect(await request()).toMatchObject({ ok: true, command: { state: 'failed', ending: 'not_connected' } })
    expect(first.heard).toEqual([])
    expect((second as TestDevice | null)?.heard).toEqual([])
  }, 60_000)
})
