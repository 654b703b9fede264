import { afterEach, describe, expect, it } from 'vitest'
import { connectBytes, device, publishBytes, RawClient, startBroker, subscribeBytes, TOKEN, until } from './harness.ts'
import type { ConnectOptions, Harness } from './harness.ts'
import { newToken, hashToken, tokenMatches } from '../../broker/tokens.ts'

/** The CONNACK code, or null when the connection was closed without one. */
async function codeOf(port: number, options: ConnectOptions): Promise<number | null> {
  const client = new RawClient(port)
  client.send(connectBytes(options))
  await until(() => client.closed || client.of('connack').length > 0)
  const code = client.of('connack')[0]?.returnCode ?? null
  if (code !== 0) await client.end()
  else client.destroy()
  return code
}

describe('login', () => {
  let hub: Harness
  afterEach(() => hub.broker.stop())

  it('row 24: an unknown id, a wrong token and a retired device get one and the same answer', async () => {
    hub = await startBroker()
    hub.credentials.unknown.add('ghost')
    hub.credentials.retired.add('old')
    expect(await codeOf(hub.port, { username: 'ghost', password: TOKEN })).toBe(5)
    expect(await codeOf(hub.port, { username: 'd1', password: 'wrong' })).toBe(5)
    expect(await codeOf(hub.port, { username: 'old', password: TOKEN })).toBe(5)
    expect(hub.refused.map(({ reason, deviceId }) => [reason, deviceId])).toEqual([
      ['unknown_device', 'ghost'],
      ['wrong_token', 'd1'],
      ['retired', 'old'],
    ])
    expect(hub.refused.every(({ address }) => address === '127.0.0.1')).toBe(true)
  })

  it('row 24: an unknown id takes as long as a wrong token', async () => {
    const key = Buffer.alloc(32, 7)
    const stored = hashToken(key, newToken())
    hub = await startBroker({}, undefined, {
      credentials: {
        login: async (deviceId, token) => {
          const known = deviceId === 'known' ? stored : null
          if (tokenMatches(key, token, known)) return { ok: true }
          return { ok: false, reason: known ? 'wrong_token' : 'unknown_device' }
        },
        isChildOf: () => false,
      },
    })
    const times: Record<'known' | 'nobody', number[]> = { known: [], nobody: [] }
    for (let i = 0; i < 60; i += 1) {
      for (const username of ['known', 'nobody'] as const) {
        const from = performance.now()
        expect(await codeOf(hub.port, { username, password: newToken() })).toBe(5)
        times[username].push(performance.now() - from)
      }
    }
    const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number
    expect(Math.abs(median(times.known) - median(times.nobody))).toBeLessThanOrEqual(5)
  })

  it('row 24: guessing is counted attempt by attempt and does not slow the device itself', async () => {
    hub = await startBroker({ loginsPerWindow: 3, flappingDelayMs: 60_000 })
    for (let i = 0; i < 30; i += 1) expect(await codeOf(hub.port, { username: 'd1', password: `guess${i}` })).toBe(5)
    expect(hub.broker.counters().refused.wrong_token).toBe(30)
    expect(await codeOf(hub.port, { username: 'd1', password: TOKEN })).toBe(0)
  })

  it('row 24: another credential cannot take over a client id; the same device can', async () => {
    hub = await startBroker()
    const owner = await device(hub.port, 'owner', { clientId: 'same' })
    const thief = await device(hub.port, 'thief', { clientId: 'same' })
    thief.send(publishBytes('zhian/v1/thief/readings', 'x', 1, 1))
    await thief.received('puback')
    owner.send(publishBytes('zhian/v1/owner/readings', 'x', 1, 1))
    await owner.received('puback')
    const next = await device(hub.port, 'owner', { clientId: 'same' })
    await owner.end()
    expect(thief.closed).toBe(false)
    next.send(publishBytes('zhian/v1/owner/readings', 'y', 1, 1))
    await next.received('puback')
    expect(hub.presence).toEqual([
      { deviceId: 'owner', connected: true },
      { deviceId: 'thief', connected: true },
    ])
  })

  it.each([
    ['a slash that imitates a namespace', 'owner/same', 'thief'],
    ['a prefix of the name', 'r/same', 'owne'],
  ])('row 24: %s does not reach another session', async (_, clientId, deviceId) => {
    hub = await startBroker()
    const owner = await device(hub.port, 'owner', { clientId: 'same' })
    await device(hub.port, deviceId, { clientId })
    owner.send(Buffer.from([0xc0, 0]))
    await owner.received('pingresp')
  })

  it.each(['+', '#', 'a/b', 'd1/+', '$SYS', '', 'x'.repeat(65), 'with space', '..'])(
    'CVE-2017-7650: the user name %j is nobody',
    async (username) => {
      hub = await startBroker()
      expect(await codeOf(hub.port, { username, password: TOKEN })).toBe(5)
      expect(hub.credentials.logins).toBe(0)
      expect(hub.broker.counters().refused.bad_identity).toBe(1)
    },
  )

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'the name %s is a device like any other',
    async (name) => {
      hub = await startBroker()
      const client = await device(hub.port, name, { clientId: name, clean: false })
      client.send(subscribeBytes([[`zhian/v1/${name}/commands`, 1]]))
      await client.received('suback')
      client.send(publishBytes(`zhian/v1/${name}/readings`, 'x', 2, 1))
      await client.received('pubrec')
      expect(hub.broker.publishCommand(name, 'go')).toBe(true)
      await client.received('publish')
      expect(Object.keys(Object.prototype)).toEqual([])
      expect(({} as Record<string, unknown>)['deviceId']).toBeUndefined()
    },
  )

  it('no user name, or no password, is refused', async () => {
    hub = await startBroker()
    expect(await codeOf(hub.port, {})).toBe(5)
    expect(await codeOf(hub.port, { username: 'd1' })).toBe(5)
    expect(hub.broker.counters().refused.no_credentials).toBe(2)
  })

  it('row 22: a login that hangs is refused in time', async () => {
    hub = await startBroker({ loginMs: 50 })
    hub.credentials.answer = () => new Promise(() => {})
    expect(await codeOf(hub.port, { username: 'd1', password: TOKEN })).toBe(3)
    expect(hub.broker.counters()).toMatchObject({ unauthenticated: 0, connections: 0 })
    expect(hub.broker.counters().refused.login_timeout).toBe(1)
  })

  it('a login that fails is refused, said to the log, and never an open door', async () => {
    hub = await startBroker()
    hub.credentials.answer = () => Promise.reject(new Error('ledger locked'))
    expect(await codeOf(hub.port, { username: 'd1', password: TOKEN })).toBe(3)
    hub.credentials.answer = () => {
      throw new Error('ledger gone')
    }
    expect(await codeOf(hub.port, { username: 'd1', password: TOKEN })).toBe(3)
    expect(hub.broker.counters().refused.login_failed).toBe(2)
    expect(hub.errors.map(String)).toEqual(['Error: ledger locked', 'Error: ledger gone'])
  })

  it('whatever was sent behind the CONNECT survives a slow login, however much it is', async () => {
    hub = await startBroker()
    hub.credentials.answer = () => new Promise((resolve) => setTimeout(resolve, 100))
    const client = new RawClient(hub.port)
    const messages = Array.from({ length: 2_000 }, (_, i) => publishBytes('zhian/v1/d1/readings', String(i), 1, i + 1))
    client.send(connectBytes({ username: 'd1', password: TOKEN }), ...messages)
    await client.received('puback', 2_000)
    expect(hub.intake.messages).toHaveLength(2_000)
  })

  it('a client that leaves during its login leaves nothing behind', async () => {
    hub = await startBroker()
    let release = (): void => {}
    hub.credentials.answer = () => new Promise<void>((resolve) => (release = resolve))
    const client = new RawClient(hub.port)
    client.send(connectBytes({ username: 'd1', password: TOKEN }))
    await until(() => hub.credentials.logins === 1)
    client.socket.resetAndDestroy()
    await until(() => hub.broker.counters().unauthenticated === 0)
    release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(hub.broker.isConnected('d1')).toBe(false)
    expect(hub.presence).toEqual([])
  })

  it('rights that end during a login end the login', async () => {
    hub = await startBroker({ loginsPerWindow: 0, flappingDelayMs: 100 })
    const client = new RawClient(hub.port)
    client.send(connectBytes({ username: 'd1', password: TOKEN }))
    await until(() => hub.broker.counters().refused.flapping === 1)
    hub.broker.disconnect('d1')
    await client.end()
    expect(client.packets).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(hub.presence).toEqual([])
    expect(hub.broker.isConnected('d1')).toBe(false)
  })

  it('the answer to a wrong login is not overtaken by a reset, whatever else was sent', async () => {
    hub = await startBroker()
    const more = Array.from({ length: 40 }, () => publishBytes('zhian/v1/d1/readings', Buffer.alloc(60_000), 1, 1))
    for (let i = 0; i < 20; i += 1) {
      const client = new RawClient(hub.port)
      client.send(connectBytes({ username: 'd1', password: 'wrong' }), ...more)
      await client.end()
      expect(client.of('connack')[0]?.returnCode).toBe(5)
    }
    await until(() => hub.broker.counters().unauthenticated === 0)
  })

  it('protocol versions other than 3.1 and 3.1.1 are told so', async () => {
    hub = await startBroker()
    const v5 = new RawClient(hub.port)
    v5.send(Buffer.from('101300044d51545405c2000a000001610001620000', 'hex'))
    await v5.end()
    expect(v5.of('connack')[0]?.returnCode).toBe(1)
    expect(await codeOf(hub.port, { username: 'd1', password: TOKEN, protocolVersion: 3 })).toBe(0)
  })

  it('an empty client id needs a clean session (MQTT-3.1.3-8)', async () => {
    hub = await startBroker()
    const login = { username: 'd1', password: TOKEN }
    expect(await codeOf(hub.port, { ...login, clientId: '', clean: true })).toBe(0)
    const client = new RawClient(hub.port)
    client.send(Buffer.from('100c00044d5154540400000a0000', 'hex'))
    await client.end()
    expect(client.of('connack')[0]?.returnCode).toBe(2)
    expect(await codeOf(hub.port, { ...login, clientId: 'x'.repeat(256) })).toBe(0)
    expect(await codeOf(hub.port, { ...login, clientId: 'x'.repeat(257) })).toBe(2)
  })

  it('two clients without a client id are two clients', async () => {
    hub = await startBroker()
    const first = await device(hub.port, 'd1', { clientId: '' })
    const second = await device(hub.port, 'd1', { clientId: '' })
    for (const client of [first, second]) client.send(publishBytes('zhian/v1/d1/readings', 'x', 1, 1))
    await first.received('puback')
    await second.received('puback')
  })

  it('a device that comes and goes is slowed and counted, unless the hub itself sent it away', async () => {
    hub = await startBroker({ loginsPerWindow: 3, flappingDelayMs: 300 })
    const login = { username: 'd1', password: TOKEN }
    for (let i = 0; i < 3; i += 1) expect(await codeOf(hub.port, login)).toBe(0)
    const from = performance.now()
    expect(await codeOf(hub.port, login)).toBe(0)
    expect(performance.now() - from).toBeGreaterThanOrEqual(295)
    expect(hub.broker.counters().refused.flapping).toBe(1)

    hub.intake.settle = (_message, done) => done(new Error('disk full'))
    for (let i = 0; i < 10; i += 1) {
      const client = await device(hub.port, 'd2')
      client.send(publishBytes('zhian/v1/d2/readings', 'x', 1, 1))
      await client.end()
    }
    expect(hub.broker.counters().refused.flapping).toBe(1)
  })

  it('the connections of one device are bounded: the oldest makes room', async () => {
    hub = await startBroker({ connectionsPerDevice: 3 })
    const clients: RawClient[] = []
    for (let i = 0; i < 5; i += 1) clients.push(await device(hub.port, 'd1', { clientId: `c${i}` }))
    await until(() => hub.broker.counters().connections === 3)
    expect(clients.map(({ closed }) => closed)).toEqual([true, true, false, false, false])
    expect(hub.presence).toEqual([{ deviceId: 'd1', connected: true }])
    for (const client of clients) client.destroy()
    await until(() => hub.presence.length === 2)
    expect(hub.presence[1]).toEqual({ deviceId: 'd1', connected: false })
  })

  it('a client that falls silent beyond its keep-alive is closed; one that only publishes is not', async () => {
    hub = await startBroker()
    const silent = await device(hub.port, 'silent', { keepalive: 1 })
    const busy = await device(hub.port, 'busy', { keepalive: 1 })
    let sent = 0
    const talk = setInterval(() => busy.send(publishBytes('zhian/v1/busy/readings', 'x', 1, (sent += 1))), 100)
    await silent.end()
    clearInterval(talk)
    expect(busy.closed).toBe(false)
    expect(hub.refused).toEqual([{ reason: 'keepalive', deviceId: 'silent', address: '127.0.0.1' }])
  })
})

describe('wills', () => {
  let hub: Harness
  afterEach(() => hub.broker.stop())
  const will = (topic: string, payload = '{"state":"offline"}'): ConnectOptions => ({
    will: { topic, payload, qos: 1, retain: true },
  })

  it('a will reaches the intake when the connection breaks, not after a DISCONNECT', async () => {
    hub = await startBroker()
    const polite = await device(hub.port, 'polite', will('zhian/v1/polite/status'))
    polite.send(Buffer.from([0xe0, 0]))
    await polite.end()
    const broken = await device(hub.port, 'broken', will('zhian/v1/broken/status'))
    broken.destroy()
    await until(() => hub.intake.messages.length === 1)
    expect(hub.intake.messages[0]).toMatchObject({ deviceId: 'broken', channel: 'status', will: true, qos: 1 })
    expect(hub.intake.texts()).toEqual(['{"state":"offline"}'])
    await until(() => hub.broker.counters().retained === 1)
  })

  it.each(['zhian/v1/other/status', 'zhian/v1/d1/commands', '$SYS/x/new/clients', 'zhian/v1/d1', 'hello'])(
    'CVE-2018-12546: a will for %s is refused at CONNECT',
    async (topic) => {
      hub = await startBroker()
      expect(await codeOf(hub.port, { username: 'd1', password: TOKEN, ...will(topic) })).toBe(5)
      expect(hub.broker.counters().refused.will_denied).toBe(1)
    },
  )

  it('a will is checked again when it fires', async () => {
    hub = await startBroker()
    hub.credentials.children.add('gw/child')
    const gateway = await device(hub.port, 'gw', will('zhian/v1/gw/children/child/events'))
    hub.credentials.children.clear()
    gateway.destroy()
    await until(() => hub.broker.counters().refused.will_denied === 1)
    expect(hub.intake.messages).toEqual([])
  })

  it('the will of a connection that the hub ended is not published', async () => {
    hub = await startBroker()
    const client = await device(hub.port, 'd1', will('zhian/v1/d1/status'))
    hub.broker.disconnect('d1')
    await client.end()
    expect(hub.broker.isConnected('d1')).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(hub.intake.messages).toEqual([])
    expect(hub.broker.counters().refused.revoked).toBe(1)
  })

  it('a takeover publishes the will of the connection that it ends', async () => {
    hub = await startBroker()
    const first = await device(hub.port, 'd1', will('zhian/v1/d1/status', 'first'))
    await device(hub.port, 'd1', will('zhian/v1/d1/status', 'second'))
    await first.end()
    await until(() => hub.intake.messages.length === 1)
    expect(hub.intake.texts()).toEqual(['first'])
    expect(hub.presence).toEqual([{ deviceId: 'd1', connected: true }])
  })
})
