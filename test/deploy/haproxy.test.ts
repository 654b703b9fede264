// The file that HAProxy is deployed with, in a real HAProxy, before servers that die, freeze and say that they are not ready.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificate.ts'
import { freePort, until } from '../support/hub-process.ts'
import { HAPROXY, HAPROXY_CONFIGURATION, HAPROXY_MISSING, startHaproxy } from '../support/services/haproxy.ts'
import type { HaproxyServer } from '../support/services/haproxy.ts'
import { startTcpServer, startWebServer } from './servers-behind.ts'
import type { TcpServerBehind, WebServerBehind } from './servers-behind.ts'

const cookieOf = (answer: Response): string => answer.headers.get('set-cookie')?.split(';')[0] ?? ''

async function ask(base: string, path: string, init: RequestInit = {}) {
  const answer = await fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(20_000) })
  return { status: answer.status, by: await answer.text(), cookie: cookieOf(answer) }
}

/** A device's connection: who greeted it, and whether its line still carries. */
async function lineTo(port: number): Promise<{ by: string; socket: Socket; carries(): Promise<boolean> }> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  const [greeting] = (await Promise.race([
    once(socket, 'data'),
    once(socket, 'close').then(() => [Buffer.from('nobody')]),
  ])) as [Buffer]
  return {
    by: greeting.toString(),
    socket,
    async carries() {
      if (socket.destroyed) return false
      const answered = Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)])
      socket.write('?')
      return answered
    },
  }
}

describe.skipIf(HAPROXY_MISSING)('HAProxy before a cluster', () => {
  const dashboards: WebServerBehind[] = []
  const brokers: TcpServerBehind[] = []
  const brokerHealth: WebServerBehind[] = []
  const open: Socket[] = []
  let proxy: HaproxyServer

  const seenAs = (server: string, state: string) =>
    until(`${server} is ${state}`, async () => (await proxy.states()).get(server)?.startsWith(state), 30_000)
  const allUp = async (): Promise<void> => {
    for (const server of ['dashboards/dashboard-1', 'dashboards/dashboard-2', 'brokers/broker-1', 'brokers/broker-2'])
      await seenAs(server, 'UP')
  }

  beforeAll(async () => {
    for (const name of ['one', 'two']) {
      dashboards.push(await startWebServer(name))
      brokers.push(await startTcpServer(name))
      brokerHealth.push(await startWebServer(name))
    }
    proxy = await startHaproxy({
      brokers: brokers.map(({ port }, i) => ({ port, healthPort: brokerHealth[i]?.port ?? 0 })),
      dashboards,
    })
  }, 60_000)
  afterAll(async () => {
    for (const socket of open) socket.destroy()
    await proxy?.dispose()
    await Promise.all([...dashboards, ...brokers, ...brokerHealth].map((server) => server.die()))
  })
  beforeEach(async () => {
    for (const server of [...dashboards, ...brokerHealth]) server.health = 'ready'
    await allUp()
  }, 60_000)

  const [first, second] = [() => dashboards[0] as WebServerBehind, () => dashboards[1] as WebServerBehind]
  const byName = (name: string): WebServerBehind => (name === 'one' ? first() : second())
  const otherThan = (name: string): string => (name === 'one' ? 'two' : 'one')

  it('a browser stays at its dashboard, and browsers are spread over both', async () => {
    const { by, cookie, status } = await ask(proxy.base, '/')
    expect(status).toBe(200)
    expect(cookie).toMatch(/^zhian_dashboard=[12]$/)
    for (let i = 0; i < 20; i++) expect((await ask(proxy.base, '/', { headers: { cookie } })).by).toBe(by)
    const newcomers = new Set<string>()
    for (let i = 0; i < 20; i++) newcomers.add((await ask(proxy.base, '/')).by)
    expect([...newcomers].toSorted()).toEqual(['one', 'two'])
  })

  it('a dashboard hears who calls, and not what the caller says of that', async () => {
    const said = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }
    const { by } = await ask(proxy.base, '/who', { headers: { ...said, forwarded: 'for=203.0.113.7' } })
    const headers = byName(by).seen.at(-1)?.headers ?? {}
    expect(headers['x-forwarded-for']).toBe('127.0.0.1')
    expect(headers['x-forwarded-proto']).toBe('http')
    expect(headers).not.toHaveProperty('x-forwarded-host')
    expect(headers).not.toHaveProperty('forwarded')
    // Its cookie is the proxy's own affair.
    expect(headers.cookie ?? '').not.toContain('zhian_dashboard')
  })

  it('when a dashboard dies every question is answered by the other at once, and its browsers stay there', async () => {
    const { by, cookie } = await ask(proxy.base, '/')
    await byName(by).die()
    const answers = []
    for (let i = 0; i < 10; i++) answers.push(await ask(proxy.base, '/', { headers: { cookie } }))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(new Set(answers.map((answer) => answer.by))).toEqual(new Set([otherThan(by)]))
    expect(answers[0]?.cookie).toMatch(/^zhian_dashboard=/)
    expect(answers[0]?.cookie).not.toBe(cookie)
    await byName(by).revive()
  }, 60_000)

  it('what only reads is asked again elsewhere when its dashboard breaks off; an act is never done twice', async () => {
    const counts = (method: string) =>
      [first(), second()].map(({ seen }) => seen.filter((s) => s.method === method).length)
    const before = counts('POST')
    const act = httpRequest(`${proxy.base}/broken`, { method: 'POST', agent: false }).end('{}')
    const [answer] = (await once(act, 'response')) as [IncomingMessage]
    expect(answer.resume().statusCode).toBe(502)
    expect(counts('POST').reduce((a, b) => a + b, 0)).toBe(before.reduce((a, b) => a + b, 0) + 1)

    const reads = counts('GET')
    // Both break off, so the browser is told in the end.
    await ask(proxy.base, '/broken').catch(() => null)
    expect(
      counts('GET').every((count, i) => count > (reads[i] ?? 0)),
      'both dashboards were asked',
    ).toBe(true)
  })

  it('a dashboard that says it is not ready gets nobody; when none is, pages still come and can say why', async () => {
    first().health = 'unready'
    await seenAs('dashboards/dashboard-1', 'DOWN')
    for (let i = 0; i < 10; i++) expect((await ask(proxy.base, '/')).by).toBe('two')
    // Also whoever was at home there.
    expect((await ask(proxy.base, '/', { headers: { cookie: 'zhian_dashboard=1' } })).by).toBe('two')

    second().health = 'unready'
    await seenAs('dashboards/dashboard-2', 'DOWN')
    const { status, by, cookie } = await ask(proxy.base, '/')
    expect(status).toBe(200)
    expect((await ask(proxy.base, '/', { headers: { cookie } })).by).toBe(by)

    second().health = 'ready'
    await seenAs('dashboards/dashboard-2', 'UP')
    for (let i = 0; i < 10; i++) expect((await ask(proxy.base, '/')).by).toBe('two')
  }, 60_000)

  it('a live feed lives on beside others’ troubles; when its own dashboard freezes or dies, it is at the other at once', async () => {
    const greetings: string[] = []
    // As a browser does it: with the cookie of its page.
    const { by, cookie } = await ask(proxy.base, '/')
    const feed = io(proxy.base, { transports: ['websocket'], extraHeaders: { cookie }, reconnectionDelay: 50 })
    let breaks = 0
    feed.on('hello', (name: string) => greetings.push(name))
    feed.on('disconnect', () => (breaks += 1))
    try {
      await until('the feed is open', () => greetings.length === 1)
      expect(greetings[0]).toBe(by)
      await byName(otherThan(by)).die()
      await seenAs(`dashboards/dashboard-${otherThan(by) === 'one' ? 1 : 2}`, 'DOWN')
      expect([feed.connected, breaks]).toEqual([true, 0])
      await byName(otherThan(by)).revive()
      await allUp()

      byName(by).health = 'silent'
      await until('the feed is at the other', () => greetings.at(-1) === otherThan(by) && feed.connected)
      byName(by).health = 'ready'
      await allUp()
      expect(feed.connected, 'it stays where it is').toBe(true)
      expect(greetings).toHaveLength(2)

      await byName(otherThan(by)).die()
      await until('the feed is back at the first', () => greetings.at(-1) === by && feed.connected)
    } finally {
      feed.disconnect()
      if (dashboards.some(({ name }) => name === otherThan(by)))
        await byName(otherThan(by))
          .revive()
          .catch(() => undefined)
    }
  }, 90_000)

  it('devices go to the broker with fewer connections; a broker that is not ready keeps its own and gets no more', async () => {
    const lines = []
    for (let i = 0; i < 10; i++) {
      const line = await lineTo(proxy.mqttPort)
      open.push(line.socket)
      lines.push(line)
    }
    expect(lines.filter(({ by }) => by === 'one')).toHaveLength(5)

    const [health] = brokerHealth
    if (health !== undefined) health.health = 'unready'
    await seenAs('brokers/broker-1', 'DOWN')
    for (const line of lines) expect(await line.carries()).toBe(true)
    for (let i = 0; i < 5; i++) {
      const line = await lineTo(proxy.mqttPort)
      open.push(line.socket)
      expect(line.by).toBe('two')
    }
  }, 60_000)

  it('the devices of a broker that dies are let in by the other, before any health check has failed', async () => {
    const lines = [await lineTo(proxy.mqttPort), await lineTo(proxy.mqttPort)]
    open.push(...lines.map(({ socket }) => socket))
    await brokers[1]?.die()
    for (let i = 0; i < 10; i++) {
      const line = await lineTo(proxy.mqttPort)
      open.push(line.socket)
      expect(line.by).toBe('one')
    }
    for (const line of lines) expect(await line.carries()).toBe(line.by === 'one')
  }, 60_000)

  it('statistics are for this machine alone', async () => {
    expect((await ask(`http://127.0.0.1:${proxy.statsPort}`, '/metrics')).by).toContain('haproxy_server_status')
    // Another address of this machine: only what listens on every address would answer.
    await expect(fetch(`http://127.0.0.2:${proxy.statsPort}/stats`)).rejects.toThrow()
    expect((await ask(proxy.base, '/stats')).by).not.toContain('Statistics Report')
    expect(readFileSync(HAPROXY_CONFIGURATION, 'utf8')).toContain('bind "127.0.0.1:${STATS_PORT-8404}"')
  })
})

describe.skipIf(HAPROXY_MISSING)('HAProxy with certificates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zhian-haproxy-tls-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('opens HTTPS itself, and passes MQTTS on unopened', async () => {
    const [pages, devices] = [makeCertificate(folder, 'localhost'), makeCertificate(folder, 'broker')]
    const pem = join(folder, 'both.pem')
    writeFileSync(pem, `${readFileSync(pages.certPath, 'utf8')}${readFileSync(pages.keyPath, 'utf8')}`, { mode: 0o600 })
    const dashboard = await startWebServer('one')
    const broker = await startTcpServer('one', (greet) =>
      createTlsServer({ cert: devices.cert, key: readFileSync(devices.keyPath) }, greet),
    )
    const proxy = await startHaproxy({
      brokers: [{ port: await freePort(), healthPort: dashboard.port, mqttsPort: broker.port }],
      dashboards: [dashboard],
      mqtts: true,
      tlsPem: pem,
    })
    try {
      await until('both are seen', async () => {
        const states = await proxy.states()
        return states.get('brokers/broker-1') === 'UP' && states.get('dashboards/dashboard-1') === 'UP'
      })
      const body = await new Promise<string>((resolve, reject) => {
        httpsRequest(`${proxy.base}/`, { ca: pages.cert }, (answer) => {
          let text = ''
          answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
          answer.on('end', () => resolve(text))
        })
          .on('error', reject)
          .end()
      })
      expect(body).toBe('one')
      expect(dashboard.seen.at(-1)?.headers['x-forwarded-proto']).toBe('https')

      const line = tlsConnect({ port: proxy.mqttsPort, host: '127.0.0.1', ca: devices.cert, servername: 'localhost' })
      const [greeting] = (await once(line, 'data')) as [Buffer]
      expect(line.authorized, 'the certificate is the broker’s own').toBe(true)
      expect(greeting.toString()).toBe('one')
      line.destroy()
    } finally {
      await proxy.dispose()
      await dashboard.die()
      await broker.die()
    }
  }, 60_000)
})

describe.skipIf(HAPROXY_MISSING)('the file', () => {
  it.each([
    ['as it is', {}],
    ['with MQTTS', { MQTTS_PORT: '8883' }],
  ])('is without a fault or a warning to HAProxy, %s', (_, more: Record<string, string>) => {
    const addresses = Object.fromEntries(
      ['BROKER_1', 'BROKER_2', 'BROKER_1_TLS', 'BROKER_2_TLS', 'DASHBOARD_1', 'DASHBOARD_2'].map((name) => [
        name,
        '127.0.0.1:1883',
      ]),
    )
    const { status, stderr } = spawnSync(HAPROXY, ['-c', '-f', HAPROXY_CONFIGURATION], {
      encoding: 'utf8',
      env: { ...process.env, ...addresses, MAXCONN: '4000', ...more },
    })
    expect(stderr).not.toMatch(/WARNING|ALERT/)
    expect(status).toBe(0)
  })
})
