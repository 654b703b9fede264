import { afterEach, describe, expect, it } from 'vitest'
import { rssOf, startOpenProcess } from './open-process.ts'
import {
  connectBytes,
  device,
  openClient,
  PINGREQ,
  publishBytes,
  RawClient,
  startBroker,
  tcpSocket,
  TOKEN,
  until,
  type Harness,
} from './harness.ts'

const CONNECT_256_MB = Buffer.from('10ffffff7f00044d51545404', 'hex')

describe('row 22', () => {
  let hub: Harness
  afterEach(() => hub?.broker.stop())

  const alive = async (): Promise<void> => {
    const client = await device(hub.port, 'd1', { clientId: '' })
    client.send(publishBytes('zhian/v1/d1/readings', 'x', 1, 1))
    await client.received('puback')
    client.destroy()
  }

  it('a CONNECT of 256 MB is refused on its first bytes', async () => {
    hub = await startBroker()
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const client = new RawClient(hub.port)
        client.send(CONNECT_256_MB)
        await client.end()
      }),
    )
    expect(hub.broker.counters().refused.connect_too_large).toBe(50)
    await alive()
  })

  it('silent sockets: the oldest make room, all are closed in time, devices still get in', async () => {
    hub = await startBroker({ connectMs: 3_000, unauthenticated: 500 })
    let closed = 0
    for (let i = 0; i < 15; i += 1) {
      const more = await Promise.all(Array.from({ length: 100 }, () => tcpSocket(hub.port)))
      for (const socket of more) socket.on('close', () => (closed += 1)).resume()
      expect(hub.broker.counters().unauthenticated).toBeLessThanOrEqual(500)
      await alive()
    }
    await until(() => closed === 1_500, 'all silent sockets to be closed')
    const { refused, unauthenticated } = hub.broker.counters()
    expect(refused.too_many_unauthenticated + refused.connect_timeout).toBe(1_500)
    expect(refused.too_many_unauthenticated).toBeGreaterThan(0)
    expect(unauthenticated).toBe(0)
  })

  it('in a process of its own: 2,500 silent sockets and 256 MB CONNECTs cost it ≤ 50 MB and are gone ≤ 10 s later', async () => {
    const open = await startOpenProcess()
    try {
      const before = rssOf(open.pid)
      let most = 0
      let closed = 0
      const sockets = []
      for (let i = 0; i < 25; i += 1) {
        const more = await Promise.all(Array.from({ length: 100 }, () => tcpSocket(open.port)))
        for (const socket of more) socket.on('close', () => (closed += 1)).resume()
        sockets.push(...more)
      }
      const from = performance.now()
      const filler = Buffer.alloc(65_536)
      const greedy = Array.from({ length: 20 }, () => new RawClient(open.port).send(CONNECT_256_MB))
      for (let i = 0; i < 100; i += 1) {
        for (const client of greedy) if (!client.closed && client.socket.writableLength < 1_000_000) client.send(filler)
        most = Math.max(most, rssOf(open.pid))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await Promise.all(greedy.map((client) => client.end()))
      const client = await openClient(open.port, 'c')
      await until(() => closed === sockets.length, 'all silent sockets to be closed')
      // Ten seconds, and a tick of one second that notices.
      expect(performance.now() - from).toBeLessThan(13_000)
      expect(Math.max(most, rssOf(open.pid)) - before).toBeLessThan(50 * 1_048_576)
      client.send(PINGREQ)
      await client.received('pingresp')
    } finally {
      await open.stop()
    }
  })

  it('slow-loris: a CONNECT a byte at a time is closed in time', async () => {
    hub = await startBroker({ connectMs: 1_000 })
    const connect = connectBytes({ username: 'd1', password: TOKEN, clientId: 'x'.repeat(200) })
    const clients = Array.from({ length: 50 }, () => new RawClient(hub.port))
    let at = 0
    const drip = setInterval(() => {
      for (const client of clients) if (!client.closed) client.send(connect.subarray(at, at + 1))
      at += 1
    }, 30)
    await Promise.all(clients.map((client) => client.end()))
    clearInterval(drip)
    expect(at).toBeLessThan(connect.length)
    expect(hub.broker.counters().refused.connect_timeout).toBe(50)
    await alive()
  })

  it('hanging logins are closed in time and hold nothing', async () => {
    hub = await startBroker({ loginMs: 300 })
    hub.credentials.answer = () => new Promise(() => {})
    const clients = Array.from({ length: 200 }, () => new RawClient(hub.port))
    for (const client of clients) {
      client.send(
        connectBytes({ username: 'd1', password: TOKEN, clientId: '' }),
        publishBytes('a', Buffer.alloc(60_000)),
      )
    }
    await Promise.all(clients.map((client) => client.end()))
    expect(hub.broker.counters()).toMatchObject({ unauthenticated: 0, connections: 0 })
    expect(hub.broker.counters().refused.login_timeout).toBe(200)
    hub.credentials.answer = null
    await alive()
  })

  it('sockets beyond the limit of the process are dropped and counted', async () => {
    hub = await startBroker({ connections: 5 })
    const sockets = await Promise.all(Array.from({ length: 8 }, () => tcpSocket(hub.port)))
    await until(() => hub.broker.counters().refused.too_many_connections === 3)
    for (const socket of sockets) socket.destroy()
    await until(() => hub.broker.counters().unauthenticated === 0)
    await alive()
  })

  it('row 15: a crowd that returns at once gets in, a few at a time', async () => {
    hub = await startBroker({ joining: 4, loginsPerWindow: 10_000 })
    const names = Array.from({ length: 600 }, (_, i) => `d${i}`)
    const crowd = await Promise.all(names.map((name) => device(hub.port, name)))
    for (const client of crowd.slice(0, 300)) client.destroy()
    await Promise.all(names.slice(0, 300).map((name) => device(hub.port, name)))
    await until(() => hub.broker.counters().connections === 600)
    expect(hub.broker.counters().unauthenticated).toBe(0)
    expect(Object.values(hub.broker.counters().refused).every((count) => count === 0)).toBe(true)
  })

  it('a thousand connections that come and go leave nothing behind', async () => {
    hub = await startBroker({ loginsPerWindow: 10_000 })
    for (let round = 0; round < 10; round += 1) {
      const clients = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          device(hub.port, `d${i}`, { clean: i % 2 === 0, will: { topic: `zhian/v1/d${i}/status`, payload: 'x' } }),
        ),
      )
      clients.forEach((client, i) => (i % 3 === 0 ? client.send(Buffer.from([0xe0, 0])) : client.destroy()))
      await until(() => hub.broker.counters().connections === 0)
    }
    expect(hub.broker.counters()).toMatchObject({ unauthenticated: 0, inFlight: 0, sessions: 50 })
    expect(hub.presence.filter(({ connected }) => connected)).toHaveLength(1_000)
    await until(() => hub.presence.length === 2_000)
    await until(() => hub.intake.messages.length === 660)
  })
})
