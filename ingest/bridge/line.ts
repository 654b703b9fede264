// One connection to an external broker, from CONNECT to its end. What comes is handed on at once and acknowledged when it is
// durable, in its order. What cannot be kept ends the connection without an acknowledgement: it comes again on the next.
//
// MQTT.js would take one message at a time and wait for its commit before it reads the next. It leaves the acknowledgement to
// us when `handleMessage` answers with an error (it goes on to the next packet and sends nothing), so that as many messages
// are on their way as the other side allows, and one commit serves them all.
import mqtt from 'mqtt'
import type { IClientOptions, IConnackPacket, MqttClient } from 'mqtt'
import type { BridgeProblem } from '../../contract/http/bridges.ts'
import type { BridgeConfig } from './config.ts'
import { problemOf, problemOfDisconnect } from './line-problem.ts'
import { Owed } from './owed.ts'

/** How long the other side may take to answer CONNECT, ms. */
const CONNECT_LIMIT_MS = 10_000
/** How long the other side may take to read the last acknowledgements and our DISCONNECT, ms. */
const LEAVE_LIMIT_MS = 3_000

const LATER = new Error('acknowledged after the commit')

export interface Problem {
  readonly reason: BridgeProblem
  readonly detail: string
}

export interface Packet {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1
  readonly retain: boolean
}

export interface LineHost {
  /** `done` follows, once, when the message is durable, or with the reason why it is not. */
  take(packet: Packet, done: (error?: Error) => void): void
  /** It is subscribed. `kept`: the other side knew the session, and kept for it what came meanwhile. */
  opened(kept: boolean): void
}

export interface LineOptions {
  readonly config: BridgeConfig
  readonly clientId: string
  /** Also where the session is kept: its subscriptions may be those of an older configuration. */
  readonly subscribeAnyway: boolean
  readonly host: LineHost
}

export class Line {
  /** Resolves when the connection is over, with why; null: because it was asked to stop. */
  readonly ended: Promise<Problem | null>
  readonly #options: LineOptions
  readonly #client: MqttClient
  readonly #owed = new Owed()
  #problem: Problem | null = null
  #underWay = 0
  #taking = true
  /** What came behind a message that could not be kept must not overtake it. */
  #failed = false
  /** Nothing can be acknowledged any more. What had arrived is taken all the same: the other side may forget it. */
  #closed = false
  #flushing = false
  /** Messages have been acknowledged on it. */
  #proved = false
  /** Reading goes on when this is called. */
  #resume: (() => void) | null = null
  #settled: (() => void)[] = []

  constructor(options: LineOptions) {
    this.#options = options
    const client = mqtt.connect(options.config.url, clientOptions(options))
    this.#client = client
    client.handleMessage = (packet, next) => this.#receive(packet as unknown as Received, () => next(LATER))
    client.on('connect', (connack) => this.#connected(connack))
    client.on('error', (error) => this.#cut(problemOf(error)))
    client.on('disconnect', (packet) => this.#cut(problemOfDisconnect(packet)))
    this.ended = new Promise((resolve) => {
      client.on('close', () => {
        this.#closed = true
        resolve(this.#taking ? (this.#problem ?? { reason: 'cut', detail: '' }) : this.#problem)
      })
    })
  }

  /** Whether something was taken on it for good: what failed before may be tried again soon. */
  get proved(): boolean {
    return this.#proved
  }

  /** Resolves when nothing that came on it is on its way to the store any more. */
  settled(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => this.#settled.push(resolve))
  }

  /** Takes nothing more, acknowledges what becomes durable within `graceMs`, and takes leave. */
  async stop(graceMs: number): Promise<void> {
    this.#taking = false
    await within(graceMs, this.settled())
    this.#flush()
    if (this.#client.connected) {
      this.#client.end(false)
      await within(LEAVE_LIMIT_MS, this.ended)
    }
    this.#client.end(true)
    // Asked to leave and then to hurry, MQTT.js would go on leaving.
    this.#client.stream.destroy()
    await this.ended
  }

  #connected({ sessionPresent }: IConnackPacket): void {
    const { config, subscribeAnyway } = this.#options
    if (sessionPresent && !subscribeAnyway) {
      this.#options.host.opened(true)
      return
    }
    const filters = [...new Set(config.topics.map(({ filter }) => filter))]
    const inGroup = (group: string): string[] => filters.map((filter) => `$share/${group}/${filter}`)
    const { share } = config
    if (share !== null && sessionPresent) this.#client.unsubscribe(share.former.flatMap(inGroup))
    // Retained messages are not asked for where that can be said (`rh`, MQTT 5).
    this.#client.subscribe(
      share === null ? filters : inGroup(share.group),
      { qos: config.qos, rh: 2 },
      (error, granted = [], suback) => {
        // Without an answer the connection ended first, and says why itself.
        if (error && suback === undefined) return
        if (error) return this.#cut({ reason: 'subscription_refused', detail: error.message })
        if (granted.some(({ qos }) => qos !== config.qos))
          return this.#cut({ reason: 'subscription_refused', detail: `QoS ${config.qos} was not granted` })
        this.#options.host.opened(sessionPresent)
      },
    )
  }

  #receive(packet: Received, next: () => void): void {
    // What is not taken is not acknowledged either.
    if (!this.#taking || this.#failed) return
    const settle = this.#owed.add(packet.qos === 0 ? null : (packet.messageId as number))
    this.#underWay++
    let reported = false
    this.#options.host.take(packet, (error) => {
      if (reported) return
      reported = true
      this.#underWay--
      if (error === undefined || packet.qos === 0) {
        settle()
        this.#flushSoon()
      } else {
        this.#failed = true
        this.#cut({ reason: 'not_stored', detail: error.message })
      }
      if (this.#underWay === 0) for (const resolve of this.#settled.splice(0)) resolve()
    })
    // A broker that bounds nothing is read no faster than the hub stores.
    if (this.#owed.length < this.#options.config.inFlight) next()
    else this.#resume = next
  }

  /** One write for everything that became durable in the same turn. */
  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    process.nextTick(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    const bytes = this.#owed.take()
    if (bytes !== null && !this.#closed && !this.#failed) {
      this.#client.stream.write(bytes)
      this.#proved = true
    }
    if (this.#owed.length < this.#options.config.inFlight) {
      const resume = this.#resume
      this.#resume = null
      resume?.()
    }
  }

  /** The first reason counts: what follows is its consequence. */
  #cut(problem: Problem): void {
    this.#problem ??= problem
    this.#client.end(true)
  }
}

/** As MQTT.js hands it over: never QoS 2, which is not subscribed to. */
interface Received extends Packet {
  readonly messageId?: number
}

function clientOptions({ config, clientId }: LineOptions): IClientOptions {
  const { protocolVersion, keepaliveSeconds, sessionExpirySeconds, inFlight, login } = config
  const { username, password, ca, cert, key, servername } = login
  return {
    protocolVersion,
    clientId,
    clean: false,
    keepalive: keepaliveSeconds,
    connectTimeout: CONNECT_LIMIT_MS,
    // A new connection is a new line; when, is decided there.
    reconnectPeriod: 0,
    resubscribe: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(servername === undefined ? {} : { servername }),
    ...(protocolVersion === 5
      ? { properties: { sessionExpiryInterval: sessionExpirySeconds, receiveMaximum: inFlight } }
      : {}),
  }
}

function within(limitMs: number, work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  return Promise.race([work, limit]).finally(() => clearTimeout(timer))
}
