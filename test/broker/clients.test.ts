// Clients as they are in the field: Mosquitto's command line tools and MQTT.js, over TCP and TLS.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import mqtt from 'mqtt'
import { startBroker, tcpSocket, TOKEN, until, type Harness } from './harness.ts'

const has = (binary: string): boolean => {
  try {
    execFileSync('which', [binary], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const REQUIRED = process.env['ZHIAN_REQUIRE_SERVICES'] === '1'
const OPENSSL = REQUIRED || has('openssl')
const MOSQUITTO = REQUIRED || (has('mosquitto_pub') && has('mosquitto_sub'))

/** A certificate for localhost, signed by itself. */
function makeCertificate(folder: string): { cert: Buffer; key: Buffer; certPath: string } {
  const [keyPath, certPath] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
      '-keyout',
      keyPath,
      '-out',
      certPath,
    ],
    { stdio: 'ignore' },
  )
  return { cert: readFileSync(certPath), key: readFileSync(keyPath), certPath }
}

describe.skipIf(!OPENSSL)('real clients', () => {
  let hub: Harness
  let folder: string
  let certificate: ReturnType<typeof makeCertificate>
  const children: ChildProcess[] = []

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'zhian-broker-'))
    certificate = makeCertificate(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await hub.broker.stop()
  })

  const start = async (): Promise<void> => {
    hub = await startBroker({ loginsPerWindow: 1_000 }, certificate)
  }

  const target = (transport: 'TCP' | 'TLS'): string[] =>
    transport === 'TCP'
      ? ['-h', '127.0.0.1', '-p', String(hub.port)]
      : ['-h', 'localhost', '-p', String(hub.tlsPort), '--cafile', certificate.certPath]

  const run = (binary: string, args: string[]): ChildProcess & { text: () => string } => {
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    children.push(child)
    let text = ''
    child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()))
    return Object.assign(child, { text: () => text })
  }

  describe.skipIf(!MOSQUITTO).each(['TCP', 'TLS'] as const)('Mosquitto over %s', (transport) => {
    const publish = async (deviceId: string, args: string[], token = TOKEN): Promise<number> => {
      const child = run('mosquitto_pub', [...target(transport), '-u', deviceId, '-P', token, ...args])
      const [code] = (await once(child, 'exit')) as [number]
      return code
    }

    it.each(['0', '1', '2'])('publishes at QoS %s', async (qos) => {
      await start()
      expect(await publish('d1', ['-t', 'zhian/v1/d1/readings', '-q', qos, '-m', '{"values":{}}'])).toBe(0)
      await until(() => hub.intake.messages.length === 1)
      expect(hub.intake.messages[0]).toMatchObject({ deviceId: 'd1', qos: Number(qos) })
    })

    it('a wrong token is "not authorised"', async () => {
      await start()
      expect(await publish('d1', ['-t', 'zhian/v1/d1/readings', '-m', 'x'], 'wrong')).toBe(5)
    })

    it('a listener hears its commands; when it is killed its will arrives', async () => {
      await start()
      const listener = run('mosquitto_sub', [
        ...target(transport),
        '-u',
        'd1',
        '-P',
        TOKEN,
        '-q',
        '1',
        '-t',
        'zhian/v1/d1/commands',
        '-k',
        '30',

        '--will-topic',
        'zhian/v1/d1/status',
        '--will-payload',
        '{"state":"offline"}',
        '--will-qos',
        '1',
        '--will-retain',
      ])
      await until(() => hub.broker.publishCommand('d1', '{"id":"1","name":"breaker_open"}'))
      await until(() => listener.text().includes('breaker_open'))
      listener.kill('SIGKILL')
      await until(() => hub.intake.messages.length === 1)
      expect(hub.intake.messages[0]).toMatchObject({ deviceId: 'd1', channel: 'status', will: true })
      expect(hub.intake.texts()).toEqual(['{"state":"offline"}'])
      expect(hub.broker.counters().retained).toBe(1)
      expect(hub.presence.at(-1)).toEqual({ deviceId: 'd1', connected: false })
    })

    it('a listener that asks for more than its own is denied', async () => {
      await start()
      const listener = run('mosquitto_sub', [...target(transport), '-u', 'd1', '-P', TOKEN, '-t', '#', '-W', '5'])
      await once(listener, 'exit')
      expect(hub.broker.counters().refused.subscribe_denied).toBe(1)
    })

    it('many lines of one client arrive in order', async () => {
      await start()
      const child = spawn(
        'mosquitto_pub',
        [...target(transport), '-u', 'd1', '-P', TOKEN, '-q', '1', '-t', 'zhian/v1/d1/readings', '-l'],
        { stdio: ['pipe', 'ignore', 'ignore'] },
      )
      children.push(child)
      const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`)
      child.stdin.end(`${lines.join('\n')}\n`)
      const [code] = (await once(child, 'exit')) as [number]
      expect(code).toBe(0)
      expect(hub.intake.texts()).toEqual(lines)
    })
  })

  it.each(['mqtt', 'mqtts'] as const)(
    'MQTT.js over %s: publishes, hears commands, comes back by itself',
    async (scheme) => {
      await start()
      const client = mqtt.connect(`${scheme}://127.0.0.1:${scheme === 'mqtt' ? hub.port : hub.tlsPort}`, {
        ca: certificate.cert,
        username: 'd1',
        password: TOKEN,
        clientId: 'js',
        clean: false,
        reconnectPeriod: 20,
      })
      const heard: string[] = []
      client.on('message', (_topic, payload) => void heard.push(payload.toString()))
      const connected = (): Promise<unknown> => new Promise((resolve) => client.once('connect', resolve))
      await connected()
      await client.subscribeAsync('zhian/v1/d1/commands', { qos: 1 })
      for (const qos of [0, 1, 2] as const) await client.publishAsync('zhian/v1/d1/readings', `q${qos}`, { qos })
      await until(() => hub.intake.messages.length === 3)
      let delivered = 0
      expect(hub.broker.publishCommand('d1', 'go', { delivered: () => (delivered += 1) })).toBe(true)
      await until(() => delivered === 1)
      expect(heard).toEqual(['go'])

      client.stream.destroy()
      await connected()
      await client.publishAsync('zhian/v1/d1/readings', 'again', { qos: 1 })
      expect(hub.intake.texts()).toEqual(['q0', 'q1', 'q2', 'again'])
      await until(() => hub.broker.publishCommand('d1', 'still there'))
      await until(() => heard.length === 2)
      await client.endAsync()
      await until(() => hub.broker.counters().connections === 0)
    },
  )

  it('TLS: bytes that are no handshake are counted and closed, TLS 1.1 is refused', async () => {
    await start()
    const plain = await tcpSocket(hub.tlsPort as number)
    plain.write(Buffer.from('100d00044d51545404020000000163', 'hex'))
    plain.resume()
    await once(plain, 'close')
    await until(() => hub.broker.counters().refused.tls_failed === 1)
    const old = connectTls({
      port: hub.tlsPort as number,
      host: 'localhost',
      ca: certificate.cert,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    })
    const [error] = (await once(old, 'error')) as [Error]
    expect(error.message).toMatch(/protocol|version|alert/i)
  })
})
