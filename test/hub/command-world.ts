// A real broker and a real pipeline with a device behind a link that breaks where a test says. Time is the test's.
import { connect } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { createBroker } from '../../broker/broker.ts'
import type { Broker } from '../../broker/broker.ts'
import type { Command, CommandArgs } from '../../contract/http/commands.ts'
import { commandTopic, upTopic } from '../../contract/topics.ts'
import { commandLine } from '../../hub/command-line.ts'
import { Commands } from '../../ingest/commands/commands.ts'
import type { CommandOutcome } from '../../ingest/commands/ports.ts'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import { Obedience } from '../../simulators/devices/obey.ts'
import { until } from '../support/hub-process.ts'
import { Gate, MemoryJournal, MemoryReadings } from '../support/memory-stores.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

const OFFICER = { userId: 'u1', name: '周晓岚', address: '127.0.0.1' }

/** The ledger's part, which outlives a hub and fails on command. */
export class MemoryCommandLog {
  readonly rows = new Map<string, Command>()
  readonly gate = new Gate()
  failing = false
  adds = 0

  async add(_actor: unknown, command: Command): Promise<void> {
    this.adds++
    await this.#pass()
    this.rows.set(command.id, command)
  }
  async save(command: Command): Promise<void> {
    await this.#pass()
    this.rows.set(command.id, command)
  }
  open(): Promise<Command[]> {
    return Promise.resolve([...this.rows.values()].filter(({ endedAt }) => endedAt === null))
  }

  async #pass(): Promise<void> {
    await this.gate.pass()
    if (this.failing) throw new Error('no space left')
  }
}

export class CommandWorld {
  readonly log = new MemoryCommandLog()
  readonly told: Command[] = []
  /** Added to the real time: the hub's clock. */
  ahead = 0
  commands!: Commands
  pipeline!: Pipeline
  broker!: Broker
  proxy!: TcpProxy
  readonly #clock = { now: () => Date.now() + this.ahead, wall: () => Date.now() + this.ahead }
  readonly #devices: TestDevice[] = []

  static async start(): Promise<CommandWorld> {
    const world = new CommandWorld()
    await world.open()
    world.proxy = await startTcpProxy({ port: world.port })
    return world
  }
  port = 0

  async open(): Promise<void> {
    const devices = new Devices(() => [])
    for (const id of ['d1', 'd2', 'gw', 'child'])
      devices.put(
        {
          uid: id,
          deviceId: id,
          kind: id === 'gw' ? 'gateway' : 'gas',
          attributes: {},
          lifecycle: 'in_service',
          gatewayId: id === 'child' ? 'gw' : null,
          inServiceSince: null,
        },
        { deviceName: id, siteId: 's1', areaIds: ['a1'], place: ['示范县', '槐荫 12 号'] },
        this.#clock.now(),
      )
    this.commands = new Commands({
      clock: this.#clock,
      devices,
      line: commandLine(() => this.broker),
      log: this.log,
      changed: (command) => void this.told.push(command),
      failed: () => undefined,
    })
    const readings = new MemoryReadings()
    this.pipeline = new Pipeline({
      clock: this.#clock,
      devices,
      readings,
      journal: new MemoryJournal(),
      listener: {
        transitions: () => undefined,
        stored: (inputs) => this.commands.stored(inputs),
        presence: () => undefined,
        rejected: () => undefined,
        inService: () => undefined,
        storing: () => undefined,
      },
      replies: this.commands,
    })
    await this.commands.start()
    await this.pipeline.start(0)
    this.broker = createBroker({
      host: '127.0.0.1',
      port: this.port,
      intake: this.pipeline,
      credentials: {
        login: () => Promise.resolve({ ok: true }),
        isChildOf: (gateway, child) => gateway === 'gw' && child === 'child',
      },
      observer: { presence: () => undefined, refused: () => undefined },
    })
    this.port = (await this.broker.start()).port
  }

  async device(id: string, options: Partial<DeviceOptions> = {}): Promise<TestDevice> {
    const device = new TestDevice(id, this.proxy.port, { topic: commandTopic(id), ...options })
    this.#devices.push(device)
    await until(`${id} listens`, () => device.listening)
    return device
  }

  request(deviceId: string, name = 'self_test', args: CommandArgs = {}): Promise<CommandOutcome> {
    return this.commands.request(OFFICER, { deviceId, name, args, reason: '例行' })
  }

  /** A request that is taken. */
  async send(deviceId: string, name?: string): Promise<string> {
    const outcome = await this.request(deviceId, name)
    if (!outcome.ok) throw new Error(`refused: ${outcome.refusal}`)
    return outcome.command.id
  }

  /** As the ledger has it. */
  row(id: string): Command {
    return this.log.rows.get(id) as Command
  }

  reaches(id: string, state: Command['state']): Promise<unknown> {
    return until(`${id} is ${state}, not ${this.row(id).state}`, () => this.row(id).state === state)
  }

  /** Breaks every connection, and waits until the device listens on a new one. */
  async cutAndBack(device: TestDevice): Promise<void> {
    const { came } = device
    this.proxy.cut()
    await this.back(device, came)
  }

  /** Waits until the device has come back since it had come so often. */
  back(device: TestDevice, came: number): Promise<unknown> {
    return until('it is back', () => device.listening && device.came > came)
  }

  /** So many seconds later on the hub's clock. */
  async later(seconds: number): Promise<void> {
    this.ahead += seconds * 1_000
    await this.commands.look()
  }

  rejected(): Record<string, number> {
    return { ...this.pipeline.counters.snapshot().byReason }
  }

  /** The process is gone; what the ledger has stays. Its clients come back to the next one. */
  async end(): Promise<void> {
    await this.broker.stop()
    await this.pipeline.stop()
    await this.commands.stop()
  }

  async stop(): Promise<void> {
    this.log.failing = false
    this.log.gate.open()
    for (const device of this.#devices) await device.stop()
    await this.proxy.stop()
    await this.end()
  }
}

export interface DeviceOptions {
  readonly topic: string
  /** Whose answers these are, of a gateway's child. */
  readonly replies?: string
  /** What its clock is off by, ms. */
  readonly clockOff: number
  /** Called when a command reached it, before its PUBACK; false: the device does nothing further with it. */
  readonly reached: () => Promise<boolean> | boolean
  /** After its PUBACK, before it executes. */
  readonly acknowledged: () => Promise<boolean> | boolean
  /** After it executed, before it answers. */
  readonly executed: () => Promise<boolean> | boolean
}

export class TestDevice {
  /** Names of what it executed, in order. */
  readonly done: string[] = []
  readonly heard: string[] = []
  listening = false
  /** How often it has come to listen. */
  came = 0
  readonly client: MqttClient
  readonly #id: string
  readonly #options: Partial<DeviceOptions> & { readonly topic: string }
  readonly #obedience = new Obedience()

  constructor(id: string, port: number, options: Partial<DeviceOptions> & { readonly topic: string }) {
    this.#id = id
    this.#options = options
    this.client = connect(`mqtt://127.0.0.1:${port}`, {
      clientId: id,
      username: id,
      password: 'token',
      clean: true,
      reconnectPeriod: 50,
      resubscribe: false,
    })
    this.client.on('connect', () => {
      this.client.subscribe(options.topic, { qos: 1 }, (error) => {
        this.listening = error === null
        if (this.listening) this.came++
      })
    })
    this.client.on('close', () => (this.listening = false))
    this.client.on('error', () => undefined)
    // The PUBACK goes out when `done` is called.
    this.client.handleMessage = (packet, done) => void this.#take(Buffer.from(packet.payload), done)
  }

  reply(id: string, ok = true): Promise<unknown> {
    const body = ok ? { id, ok } : { id, ok, error: 'busy' }
    return this.client.publishAsync(this.#repliesTopic, JSON.stringify(body), { qos: 1 })
  }

  get #repliesTopic(): string {
    return this.#options.replies ?? upTopic(this.#id, 'replies')
  }

  stop(): Promise<void> {
    return this.client.endAsync(true)
  }

  async #take(payload: Buffer, done: () => void): Promise<void> {
    const { reached, acknowledged, executed, clockOff = 0 } = this.#options
    this.heard.push((JSON.parse(payload.toString()) as { id: string }).id)
    if ((await reached?.()) === false) return
    done()
    if ((await acknowledged?.()) === false) return
    const { reply, event } = this.#obedience.hear(payload, Date.now() + clockOff)
    if (reply?.ok === true) this.done.push(reply.id)
    if ((await executed?.()) === false) return
    if (event !== null) this.client.publish(upTopic(this.#id, 'events'), JSON.stringify(event), { qos: 1 })
    if (reply !== null) this.client.publish(this.#repliesTopic, JSON.stringify(reply), { qos: 1 })
  }
}
