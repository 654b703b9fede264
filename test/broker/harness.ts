// A broker with a recording intake, and a client that speaks bytes.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import mqttPacket, { type Packet } from 'mqtt-packet'
import { createBroker, createPolicyBroker, type Broker } from '../../broker/broker.ts'
import type { BrokerLimits } from '../../broker/limits.ts'
import { createOpenPolicy } from '../../broker/open-policy.ts'
import type { Credentials, InboundMessage, Intake } from '../../broker/ports.ts'
import type { RefusalReason } from '../../broker/refusals.ts'
import type { TlsFiles } from '../../broker/listeners.ts'

export const TOKEN = 'correct-horse'

/** Accepts `TOKEN` for every device except those named; children by `gateway/child`. */
export class TestCredentials implements Credentials {
  readonly unknown = new Set<string>()
  readonly retired = new Set<string>()
  readonly children = new Set<string>()
  logins = 0
  /** Replaced by tests that fail or hang. */
  answer: (() => Promise<unknown>) | null = null

  async login(deviceId: string, token: Uint8Array): ReturnType<Credentials['login']> {
    this.logins += 1
    await this.answer?.()
    if (this.unknown.has(deviceId)) return { ok: false, reason: 'unknown_device' }
    if (this.retired.has(deviceId)) return { ok: false, reason: 'retired' }
    return Buffer.from(token).toString() === TOKEN ? { ok: true } : { ok: false, reason: 'wrong_token' }
  }

  isChildOf(gatewayId: string, deviceId: string): boolean {
    return this.children.has(`${gatewayId}/${deviceId}`)
  }
}

/** Keeps every message; by default it is safe at once. */
export class TestIntake implements Intake {
  readonly messages: InboundMessage[] = []
  settle: (message: InboundMessage, done: (error?: Error) => void) => void = (_message, done) => done()

  accept(message: InboundMessage, done: (error?: Error) => void): void {
    this.messages.push({ ...message, payload: Buffer.from(message.payload) })
    this.settle(message, done)
  }

  texts(): string[] {
    return this.messages.map(({ payload }) => Buffer.from(payload).toString())
  }
}

export interface Refused {
  readonly reason: RefusalReason
  readonly deviceId: string | null
  readonly address: string | null
}

export interface Harness {
  readonly broker: Broker
  readonly port: number
  readonly tlsPort: number | null
  readonly intake: TestIntake
  readonly credentials: TestCredentials
  readonly refused: Refused[]
  readonly presence: { deviceId: string; connected: boolean }[]
  /** Devices whose line dropped, as often as it did. */
  readonly dropped: string[]
  readonly errors: unknown[]
}

export async function startBroker(
  limits: Partial<BrokerLimits> = {},
  tls?: TlsFiles,
  options: { credentials?: Credentials } = {},
): Promise<Harness> {
  const intake = new TestIntake()
  const credentials = new TestCredentials()
  const refused: Refused[] = []
  const presence: { deviceId: string; connected: boolean }[] = []
  const dropped: string[] = []
  const errors: unknown[] = []
  const broker = createBroker({
    host: '127.0.0.1',
    port: 0,
    ...(tls ? { tls: { ...tls, port: 0 } } : {}),
    intake,
    credentials: options.credentials ?? credentials,
    observer: {
      presence: (deviceId, connected, _at, politely) => {
        presence.push({ deviceId, connected })
        if (!connected && !politely) dropped.push(deviceId)
      },
      refused: (reason, deviceId, address) => void refused.push({ reason, deviceId, address }),
    },
    onError: (error) => void errors.push(error),
    limits: { ratePerSecond: 0, stopDrainMs: 200, ...limits },
  })
  const { port, tlsPort } = await broker.start()
  return { broker, port, tlsPort, intake, credentials, refused, presence, dropped, errors }
}

export async function startOpenBroker(
  limits: Partial<BrokerLimits> = {},
  denySubscribe: string | null = null,
): Promise<{ broker: Broker; port: number; errors: unknown[] }> {
  const errors: unknown[] = []
  const broker = createPolicyBroker({
    host: '127.0.0.1',
    port: 0,
    policy: (backbone) => createOpenPolicy(backbone, denySubscribe),
    onError: (error) => void errors.push(error),
    limits,
  })
  const { port } = await broker.start()
  return { broker, port, errors }
}

/** Waits for a condition, not for a time; the deadline only ends a test that would otherwise hang. */
export async function until(condition: () => boolean, what = 'condition', deadlineMs = 30_000): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export interface ConnectOptions {
  readonly clientId?: string
  readonly username?: string
  readonly password?: string
  readonly clean?: boolean
  readonly keepalive?: number
  readonly will?: { topic: string; payload: string; qos?: 0 | 1 | 2; retain?: boolean }
  readonly protocolVersion?: 3 | 4
}

export function connectBytes(options: ConnectOptions = {}): Buffer {
  const { clientId = 'c', username, password, clean = true, keepalive = 0, will, protocolVersion = 4 } = options
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion,
    clientId,
    clean,
    keepalive,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
    ...(will ? { will: { qos: 0, retain: false, ...will, payload: Buffer.from(will.payload) } } : {}),
  })
}

export function publishBytes(
  topic: string,
  payload: string | Buffer,
  qos: 0 | 1 | 2 = 0,
  messageId = 1,
  flags: { dup?: boolean; retain?: boolean } = {},
): Buffer {
  const { dup = false, retain = false } = flags
  return mqttPacket.generate({
    cmd: 'publish',
    topic,
    payload,
    qos,
    dup,
    retain,
    ...(qos > 0 ? { messageId } : {}),
  })
}

export const subscribeBytes = (filters: readonly (readonly [string, 0 | 1 | 2])[], messageId = 1): Buffer =>
  mqttPacket.generate({ cmd: 'subscribe', messageId, subscriptions: filters.map(([topic, qos]) => ({ topic, qos })) })

export const ackBytes = (cmd: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', messageId: number): Buffer =>
  mqttPacket.generate({ cmd, messageId })

export const DISCONNECT = Buffer.from([0xe0, 0])
export const PINGREQ = Buffer.from([0xc0, 0])

/** A socket whose incoming packets are kept; it answers nothing by itself. */
export class RawClient {
  readonly socket: Socket
  readonly packets: Packet[] = []
  closed = false

  constructor(port: number, options: { allowHalfOpen?: boolean } = {}) {
    this.socket = connect({ port, host: '127.0.0.1', ...options })
    this.socket.setNoDelay(true)
    const parser = mqttPacket.parser({ protocolVersion: 4 })
    parser.on('packet', (packet: Packet) => void this.packets.push(packet))
    this.socket.on('data', (bytes: Buffer) => void parser.parse(bytes))
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.closed = true
    })
  }

  send(...bytes: Buffer[]): this {
    this.socket.write(Buffer.concat(bytes))
    return this
  }

  of<C extends Packet['cmd']>(cmd: C): Extract<Packet, { cmd: C }>[] {
    return this.packets.filter((packet): packet is Extract<Packet, { cmd: C }> => packet.cmd === cmd)
  }

  ids(cmd: 'puback' | 'pubrec' | 'pubcomp'): number[] {
    return this.of(cmd).map(({ messageId }) => messageId as number)
  }

  /** Waits until `count` packets of a kind have come. */
  async received(cmd: Packet['cmd'], count = 1): Promise<void> {
    await until(() => this.of(cmd).length >= count || this.closed, `${count} ${cmd}`)
    if (this.of(cmd).length < count) throw new Error(`closed before ${count} ${cmd}, got ${this.of(cmd).length}`)
  }

  async end(): Promise<void> {
    await until(() => this.closed, 'the connection to be closed')
  }

  /** Breaks the connection without a DISCONNECT. */
  destroy(): void {
    this.socket.destroy()
  }
}

/** A logged-in device. */
export async function device(port: number, deviceId: string, options: ConnectOptions = {}): Promise<RawClient> {
  const client = new RawClient(port)
  client.send(connectBytes({ username: deviceId, password: TOKEN, ...options }))
  await client.received('connack')
  const code = client.of('connack')[0]?.returnCode
  if (code !== 0) throw new Error(`CONNACK ${code}`)
  return client
}

/** A client of the open broker. */
export async function openClient(port: number, clientId: string, options: ConnectOptions = {}): Promise<RawClient> {
  const client = new RawClient(port)
  client.send(connectBytes({ clientId, ...options }))
  await client.received('connack')
  return client
}

export async function tcpSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
