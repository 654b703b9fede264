import { afterEach, describe, expect, it } from 'vitest'
import {
  ackBytes,
  connectBytes,
  device,
  DISCONNECT,
  PINGREQ,
  publishBytes,
  RawClient,
  startBroker,
  TOKEN,
  until,
  type Harness,
} from './harness.ts'

const readings = (deviceId: string): string => `zhian/v1/${deviceId}/readings`

describe('publishing', () => {
  let hub: Harness
  afterEach(() => hub.broker.stop())

  it('G1: acknowledges only after the intake said it is safe', async () => {
    hub = await startBroker()
    const waiting: (() => void)[] = []
    hub.intake.settle = (_message, done) => void waiting.push(done)
    const client = await device(hub.port, 'd1')
    client.send(publishBytes(readings('d1'), 'a', 1, 7), PINGREQ)
    await client.received('pingresp')
    expect(client.ids('puback')).toEqual([])
    waiting[0]?.()
    await client.received('puback')
    expect(client.ids('puback')).toEqual([7])
    expect(hub.intake.messages[0]).toMatchObject({
      publisherId: 'd1',
      deviceId: 'd1',
      channel: 'readings',
      qos: 1,
      will: false,
    })
  })

  it.each([1, 2] as const)('G1: a failed intake closes the connection without an answer, QoS %i', async (qos) => {
    hub = await startBroker()
    hub.intake.settle = ({ payload }, done) => (payload[0] === 0x62 ? done(new Error('disk full')) : done())
    const client = await device(hub.port, 'd1')
    const topic = readings('d1')
    client.send(publishBytes(topic, 'a', qos, 1), publishBytes(topic, 'b', qos, 2), publishBytes(topic, 'c', qos, 3))
    await client.end()
    expect(client.ids(qos === 1 ? 'puback' : 'pubrec')).toEqual([1])
    expect(hub.broker.counters().refused.not_stored).toBe(1)
    expect(hub.refused.at(-1)).toMatchObject({ reason: 'not_stored', deviceId: 'd1' })
  })

  it('G1: an intake that throws is an intake that failed', async () => {
    hub = await startBroker()
    hub.intake.settle = () => {
      throw new Error('broken')
    }
    const client = await device(hub.port, 'd1')
    client.send(publishBytes(readings('d1'), 'a', 1, 1))
    await client.end()
    expect(client.ids('puback')).toEqual([])
    expect(hub.broker.counters()).toMatchObject({ taken: 1, stored: 0, failed: 1, inFlight: 0 })
  })

  it('a second callback of the intake changes nothing', async () => {
    hub = await startBroker()
    hub.intake.settle = (_message, done) => {
      done()
      done(new Error('late'))
      done()
    }
    const client = await device(hub.port, 'd1')
    client.send(publishBytes(readings('d1'), 'a', 1, 1), publishBytes(readings('d1'), 'b', 1, 2))
    await client.received('puback', 2)
    client.send(PINGREQ)
    await client.received('pingresp')
    expect(client.ids('puback')).toEqual([1, 2])
    expect(hub.broker.counters()).toMatchObject({ taken: 2, stored: 2, failed: 0, inFlight: 0 })
  })

  it('acknowledges in the order of arrival however unevenly the intake answers', async () => {
    hub = await startBroker()
    const waiting: (() => void)[] = []
    hub.intake.settle = (_message, done) => void waiting.push(done)
    const client = await device(hub.port, 'd1')
    const ids = Array.from({ length: 200 }, (_, i) => i + 1)
    client.send(...ids.map((id) => publishBytes(readings('d1'), String(id), ((id % 2) + 1) as 1 | 2, id)))
    await until(() => waiting.length === 200)
    const order = waiting.map((_, i) => i).sort((a, b) => ((a * 7_919) % 200) - ((b * 7_919) % 200))
    for (const i of order) waiting[i]?.()
    await until(() => client.packets.length === 201)
    expect(client.packets.slice(1).map((packet) => packet.messageId)).toEqual(ids)
    expect(client.ids('puback')).toHaveLength(100)
    expect(client.ids('pubrec')).toHaveLength(100)
  })

  it('G6: a slow intake slows the acknowledgements and loses none', async () => {
    hub = await startBroker({ inFlightMessages: 50 })
    let open = 0
    let most = 0
    hub.intake.settle = (_message, done) => {
      open += 1
      most = Math.max(most, open)
      setTimeout(() => {
        open -= 1
        done()
      }, 1)
    }
    const client = await device(hub.port, 'd1')
    const ids = Array.from({ length: 5_000 }, (_, i) => i + 1)
    client.send(...ids.map((id) => publishBytes(readings('d1'), String(id), 1, id)))
    await client.received('puback', 5_000)
    expect(client.ids('puback')).toEqual(ids)
    expect(hub.intake.texts()).toEqual(ids.map(String))
    expect(most).toBeLessThanOrEqual(50)
  })

  it('G6: all connections together are held to one budget and still get everything through', async () => {
    hub = await startBroker({ inFlightBytesTotal: 4_000 })
    let bytes = 0
    let most = 0
    hub.intake.settle = ({ payload }, done) => {
      bytes += payload.length
      most = Math.max(most, bytes)
      setTimeout(() => {
        bytes -= payload.length
        done()
      }, 1)
    }
    const names = Array.from({ length: 8 }, (_, i) => `d${i}`)
    const clients = await Promise.all(names.map((name) => device(hub.port, name)))
    clients.forEach((client, i) => {
      const topic = readings(names[i] as string)
      client.send(...Array.from({ length: 200 }, (_, k) => publishBytes(topic, Buffer.alloc(500, k), 1, k + 1)))
    })
    await Promise.all(clients.map((client) => client.received('puback', 200)))
    // Over budget every connection may still have one message on its way.
    expect(most).toBeLessThanOrEqual(4_000 + names.length * 500)
    expect(hub.broker.counters()).toMatchObject({ stored: 1_600, inFlightBytes: 0 })
  })

  it('a publication outside its rights closes the connection and reaches nobody', async () => {
    hub = await startBroker()
    const client = await device(hub.port, 'd1')
    client.send(publishBytes(readings('d2'), 'x', 1, 1))
    await client.end()
    expect(client.ids('puback')).toEqual([])
    expect(hub.intake.messages).toEqual([])
    expect(hub.broker.counters().refused.publish_denied).toBe(1)
  })

  it('QoS 0 is taken in order among the others and answered by nothing', async () => {
    hub = await startBroker()
    const client = await device(hub.port, 'd1')
    const topic = readings('d1')
    client.send(publishBytes(topic, 'a', 0), publishBytes(topic, 'b', 1, 1), publishBytes(topic, 'c', 0), PINGREQ)
    await client.received('pingresp')
    await client.received('puback')
    expect(hub.intake.texts()).toEqual(['a', 'b', 'c'])
    expect(client.packets).toHaveLength(3)
  })

  it('a QoS 0 message that could not be stored is counted; its connection lives on', async () => {
    hub = await startBroker()
    hub.intake.settle = ({ qos }, done) => (qos === 0 ? done(new Error('full')) : done())
    const client = await device(hub.port, 'd1')
    client.send(publishBytes(readings('d1'), 'a', 0), publishBytes(readings('d1'), 'b', 1, 1))
    await client.received('puback')
    expect(hub.broker.counters()).toMatchObject({ taken: 2, stored: 1, failed: 1 })
  })

  it('everything sent before a DISCONNECT is taken', async () => {
    hub = await startBroker()
    const client = new RawClient(hub.port)
    const messages = Array.from({ length: 50 }, (_, i) => publishBytes(readings('d1'), String(i), 0))
    client.send(connectBytes({ username: 'd1', password: TOKEN }), ...messages, DISCONNECT)
    await client.end()
    expect(hub.intake.messages).toHaveLength(50)
  })

  it('everything sent before the peer closed its side is taken and acknowledged, during the login too', async () => {
    hub = await startBroker()
    hub.credentials.answer = () => new Promise((resolve) => setTimeout(resolve, 30))
    hub.intake.settle = (_message, done) => void setTimeout(done, 30)
    const client = new RawClient(hub.port, { allowHalfOpen: true })
    const messages = [1, 2, 3].map((id) => publishBytes(readings('d1'), String(id), 1, id))
    client.send(connectBytes({ username: 'd1', password: TOKEN }), ...messages)
    client.socket.end()
    await client.end()
    expect(client.ids('puback')).toEqual([1, 2, 3])
    expect(hub.intake.messages).toHaveLength(3)
    expect(hub.presence.at(-1)).toEqual({ deviceId: 'd1', connected: false })
  })

  it('takes a message of 64 KiB in bytes as they come, and refuses one byte more before reading it', async () => {
    hub = await startBroker()
    const client = await device(hub.port, 'd1')
    const whole = publishBytes(readings('d1'), Buffer.alloc(65_536, 1), 1, 1)
    for (let at = 0; at < whole.length; at += 1_000) client.send(whole.subarray(at, at + 1_000))
    await client.received('puback')
    expect(hub.intake.messages[0]?.payload).toHaveLength(65_536)
    client.send(publishBytes(readings('d1'), Buffer.alloc(65_537, 1), 1, 2).subarray(0, 20))
    await client.end()
    expect(hub.broker.counters().refused.packet_too_large).toBe(1)
  })

  describe('QoS 2', () => {
    it('a repeated PUBLISH is committed once, before and after the commit', async () => {
      hub = await startBroker()
      const waiting: (() => void)[] = []
      hub.intake.settle = (_message, done) => void waiting.push(done)
      const client = await device(hub.port, 'd1')
      const topic = readings('d1')
      client.send(publishBytes(topic, 'a', 2, 5), publishBytes(topic, 'a', 2, 5, { dup: true }), PINGREQ)
      await client.received('pingresp')
      expect(client.ids('pubrec')).toEqual([])
      waiting[0]?.()
      await client.received('pubrec', 2)
      client.send(publishBytes(topic, 'a', 2, 5, { dup: true }))
      await client.received('pubrec', 3)
      expect(hub.intake.messages).toHaveLength(1)
      client.send(ackBytes('pubrel', 5))
      await client.received('pubcomp')
      client.send(publishBytes(topic, 'b', 2, 5))
      await until(() => waiting.length === 2)
      expect(hub.intake.texts()).toEqual(['a', 'b'])
    })

    it('a session that returns repeats without a second commit, even while the first still runs', async () => {
      hub = await startBroker()
      const waiting: (() => void)[] = []
      hub.intake.settle = (_message, done) => void waiting.push(done)
      const session = { clean: false, clientId: 's' }
      const first = await device(hub.port, 'd1', session)
      first.send(publishBytes(readings('d1'), 'a', 2, 5))
      await until(() => waiting.length === 1)
      first.destroy()
      const second = await device(hub.port, 'd1', session)
      second.send(publishBytes(readings('d1'), 'a', 2, 5, { dup: true }), PINGREQ)
      await second.received('pingresp')
      expect(second.ids('pubrec')).toEqual([])
      waiting[0]?.()
      await second.received('pubrec')
      second.destroy()
      const third = await device(hub.port, 'd1', session)
      third.send(publishBytes(readings('d1'), 'a', 2, 5, { dup: true }))
      await third.received('pubrec')
      third.send(ackBytes('pubrel', 5))
      await third.received('pubcomp')
      expect(hub.intake.messages).toHaveLength(1)
    })

    it('a clean session forgets what it owed', async () => {
      hub = await startBroker()
      const first = await device(hub.port, 'd1', { clean: false })
      first.send(publishBytes(readings('d1'), 'a', 2, 5))
      await first.received('pubrec')
      first.destroy()
      const second = await device(hub.port, 'd1', { clean: true })
      second.send(publishBytes(readings('d1'), 'b', 2, 5))
      await second.received('pubrec')
      expect(hub.intake.texts()).toEqual(['a', 'b'])
    })

    it('messages without a PUBREL are bounded', async () => {
      hub = await startBroker({ qos2Window: 10 })
      const client = await device(hub.port, 'd1')
      client.send(...Array.from({ length: 11 }, (_, i) => publishBytes(readings('d1'), 'x', 2, i + 1)))
      await client.end()
      expect(hub.intake.messages).toHaveLength(10)
      expect(hub.broker.counters().refused.qos2_window).toBe(1)
    })
  })

  describe('rate', () => {
    it('slows a device that sends too fast, keeps its order and drops nothing', async () => {
      hub = await startBroker({ ratePerSecond: 500, rateBurst: 20, heldMessages: 30 })
      const client = await device(hub.port, 'd1')
      const ids = Array.from({ length: 300 }, (_, i) => i + 1)
      const from = performance.now()
      client.send(...ids.map((id) => publishBytes(readings('d1'), String(id), 1, id)))
      await client.received('puback', 300)
      // 280 messages beyond the burst at 500/s: 560 ms at least.
      expect(performance.now() - from).toBeGreaterThan(550)
      expect(client.ids('puback')).toEqual(ids)
      expect(hub.intake.texts()).toEqual(ids.map(String))
      expect(hub.broker.counters().refused.rate_limited).toBeGreaterThan(0)
    })

    it('answers pings while messages wait, and whatever follows them waits too', async () => {
      hub = await startBroker({ ratePerSecond: 20, rateBurst: 1 })
      const client = await device(hub.port, 'd1')
      const ids = [1, 2, 3, 4, 5]
      client.send(...ids.map((id) => publishBytes(readings('d1'), String(id), 0, id)), PINGREQ, DISCONNECT)
      await client.received('pingresp')
      expect(hub.intake.messages.length).toBeLessThan(5)
      await client.end()
      expect(hub.intake.texts()).toEqual(ids.map(String))
    })

    it('waiting QoS 0 messages of a broken connection are stored on its account', async () => {
      hub = await startBroker({ ratePerSecond: 1, rateBurst: 1 })
      const client = await device(hub.port, 'd1')
      client.send(...[1, 2, 3].map((id) => publishBytes(readings('d1'), String(id), 0)), PINGREQ)
      await client.received('pingresp')
      client.destroy()
      await until(() => hub.intake.messages.length === 3)
      expect(hub.intake.texts()).toEqual(['1', '2', '3'])
    })

    it('one device is not slowed for another', async () => {
      hub = await startBroker({ ratePerSecond: 1, rateBurst: 2 })
      const fast = await device(hub.port, 'fast')
      fast.send(...[1, 2, 3, 4].map((id) => publishBytes(readings('fast'), 'x', 1, id)))
      await fast.received('puback', 2)
      const slow = await device(hub.port, 'slow')
      slow.send(publishBytes(readings('slow'), 'x', 1, 1))
      await slow.received('puback')
      expect(fast.ids('puback')).toEqual([1, 2])
    })
  })
})
