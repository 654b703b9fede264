// The broker: lets devices in and hands what they say to the intake. It knows nothing of meaning.
//
// Promises kept here: a QoS 1 or 2 message is acknowledged only after the intake said it is safe (G1); under load senders are
// slowed, nothing that was to be acknowledged is dropped (G6); a command reaches a connected subscriber now or not at all (G7);
// whatever is refused is counted by reason (G10).
import type { Server, Socket } from 'node:net'
import { childCommandTopic, commandTopic, upTopic } from '../contract/topics.ts'
import { Connection, type ConnectionHost, type CoreClient } from './connection.ts'
import { Core } from './core.ts'
import { DeviceConnections } from './device-connections.ts'
import { createDevicePolicy } from './device-policy.ts'
import { FlappingWatch } from './flapping.ts'
import type { InboundQos2 } from './inbound-qos2.ts'
import { DEFAULT_LIMITS, type BrokerLimits } from './limits.ts'
import { createTcpListener, createTlsListener, listen, type ListenOptions, type TlsFiles } from './listeners.ts'
import { Lobby } from './lobby.ts'
import { BoundedPersistence } from './persistence.ts'
import type { Backbone, Identity, Policy, Publication } from './policy.ts'
import type { BrokerObserver, Credentials, Intake } from './ports.ts'
import { RateLimiter } from './rate.ts'
import type { RefusalReason } from './refusals.ts'
import { Sessions } from './sessions.ts'
import { Tally, type BrokerCounters } from './tally.ts'
import type { Tunnel } from './tunnel.ts'

export interface ListenAt {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly tls?: TlsFiles & { readonly port: number }
}

export interface BrokerOptions extends ListenAt {
  readonly intake: Intake
  readonly credentials: Credentials
  readonly observer: BrokerObserver
  /** Errors that are the broker's own, for the log; never once a message. */
  readonly onError?: (error: unknown) => void
  readonly limits?: Partial<BrokerLimits>
}

export interface PolicyBrokerOptions extends ListenAt {
  readonly policy: (backbone: Backbone) => Policy
  readonly observer?: BrokerObserver
  readonly onError?: (error: unknown) => void
  readonly limits?: Partial<BrokerLimits>
}

export interface CommandOptions {
  /** The gateway that carries the command, when the device is its child. */
  readonly gatewayId?: string | null
  /** Called when the device acknowledged it (PUBACK); never if it subscribed at QoS 0 or went away. */
  readonly delivered?: () => void
  /** The connection is cut when it has not acknowledged the command within so many ms: it must not arrive later. */
  readonly withinMs?: number
}

export interface Broker {
  /** Resolves once it listens; rejects when an address is taken. */
  start(): Promise<{ port: number; tlsPort: number | null }>
  /** Stops taking, finishes and acknowledges what was taken, closes. */
  stop(): Promise<void>
  /** True when a connected subscriber took it; false when nobody is there to hear it, and it is not kept. */
  publishCommand(deviceId: string, payload: Uint8Array | string, options?: CommandOptions): boolean
  /** Whether a connected subscriber would take a command for it. */
  listens(deviceId: string, gatewayId?: string | null): boolean
  /** Ends a device's connections and sessions without their wills: its token was replaced, or it is retired. */
  disconnect(deviceId: string): void
  isConnected(deviceId: string): boolean
  counters(): BrokerCounters
}

/** The hub's broker. Inert until `start()`. */
export const createBroker = ({ intake, credentials, ...options }: BrokerOptions): Broker =>
  createPolicyBroker({ ...options, policy: (backbone) => createDevicePolicy(intake, credentials, backbone) })

/** The same broker under any policy. */
export const createPolicyBroker = (options: PolicyBrokerOptions): Broker => new DoorBroker(options)

const TICK_MS = 1_000
/** A tick that comes later than this means that the process stood still: nobody is blamed for that time. */
const LONGEST_TICK_MS = 2_000
const SWEEP_TICKS = 60
/** The hub could not store, is going, or took the rights away: an end of its own making. */
const HUBS_OWN: ReadonlySet<RefusalReason> = new Set(['not_stored', 'stopping', 'revoked'])
const NO_OBSERVER: BrokerObserver = { presence: () => {}, refused: () => {} }

class DoorBroker implements Broker, ConnectionHost {
  readonly limits: BrokerLimits
  readonly policy: Policy
  readonly rate: RateLimiter
  awakeMs = 0
  stopping = false

  readonly #options: PolicyBrokerOptions
  readonly #observer: BrokerObserver
  readonly #tally = new Tally()
  readonly #persistence: BoundedPersistence
  readonly #core: Core
  readonly #sessions: Sessions
  readonly #flapping: FlappingWatch
  /** Every socket, until it is closed. */
  readonly #sockets = new Set<Connection>()
  /** Those without a CONNACK, and those with one. */
  readonly #lobby: Lobby
  readonly #open = new Set<Connection>()
  readonly #devices: DeviceConnections
  #listeners: Server[] = []
  #ticker: NodeJS.Timeout | null = null
  #lastTick = 0
  #ticks = 0
  /** Set while stopping: called when nothing is in flight, and when no socket is left. */
  #drained: (() => void) | null = null
  #allClosed: (() => void) | null = null
  #stopped: Promise<void> | null = null

  constructor(options: PolicyBrokerOptions) {
    this.#options = options
    this.#observer = options.observer ?? NO_OBSERVER
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.rate = new RateLimiter(this.limits.ratePerSecond, this.limits.rateBurst)
    this.#flapping = new FlappingWatch(this.limits.loginsPerWindow, this.limits.flappingWindowMs)
    this.#lobby = new Lobby(this.limits)
    this.#devices = new DeviceConnections(this.limits.connectionsPerDevice)
    this.#persistence = new BoundedPersistence(this.limits)
    this.#sessions = new Sessions(this.limits, (clientId) => this.#persistence.dropSession(clientId))
    this.#core = new Core(this.#persistence, {
      drainMs: this.limits.backlogMs,
      will: (connection, will, done) => this.#fireWill(connection, will, done),
      maySubscribe: ({ identity }, filter) =>
        identity !== null && this.policy.refuseSubscription(identity, filter) === null,
      mayForward: (connection, topic) => this.#mayForward(connection, topic),
      joined: (connection) => connection.joined(),
      error: (error) => this.unexpected(error),
    })
    this.policy = options.policy({
      publish: (publication, done) => this.#core.publish(publication, done),
      retain: ({ topic, payload, qos }) =>
        this.#persistence.retain({ cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain: true }),
    })
  }

  async start(): Promise<{ port: number; tlsPort: number | null }> {
    await this.#core.start()
    this.#lastTick = performance.now()
    this.#ticker = setInterval(this.#tick, TICK_MS)
    try {
      const { host, port, tls } = this.#options
      const tcp = this.#listenOptions(host, port)
      const tcpPort = await this.#listen(createTcpListener(tcp), tcp)
      if (!tls) return { port: tcpPort, tlsPort: null }
      const secure = this.#listenOptions(host, tls.port)
      return { port: tcpPort, tlsPort: await this.#listen(createTlsListener(tls, secure), secure) }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  publishCommand(deviceId: string, payload: Uint8Array | string, options: CommandOptions = {}): boolean {
    const { gatewayId = null, delivered = null, withinMs = Infinity } = options
    const topic = commandTopicOf(deviceId, gatewayId)
    if (this.stopping) return false
    const due = performance.now() + withinMs
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    // The newest connection that listens: an older one may be half dead, and nobody is to act twice.
    for (const connection of this.#devices.oldestFirst(gatewayId ?? deviceId).toReversed()) {
      if (!connection.command(topic, bytes, delivered, due)) continue
      this.#tally.commandsSent += 1
      return true
    }
    return false
  }

  listens(deviceId: string, gatewayId: string | null = null): boolean {
    const topic = commandTopicOf(deviceId, gatewayId)
    return (
      !this.stopping && this.#devices.oldestFirst(gatewayId ?? deviceId).some((connection) => connection.listens(topic))
    )
  }

  disconnect(deviceId: string): void {
    const connections = new Set(this.#devices.oldestFirst(deviceId))
    // Some may be in the middle of a login that was decided under the rights that end now.
    for (const connection of this.#lobby.connections()) {
      if (connection.claimedId === deviceId) connections.add(connection)
    }
    for (const connection of connections) {
      connection.willMayFire = false
      connection.refuse('revoked', deviceId)
    }
    this.#sessions.forget(deviceId)
    this.#persistence.dropRetained(upTopic(deviceId, 'status'))
  }

  isConnected(deviceId: string): boolean {
    return this.#devices.has(deviceId)
  }

  counters(): BrokerCounters {
    const { refused, taken, stored, failed, opened, commandsSent, inFlight, inFlightBytes } = this.#tally
    return {
      refused: { ...refused },
      taken,
      stored,
      failed,
      opened,
      commandsSent,
      inFlight,
      inFlightBytes,
      connections: this.#open.size,
      unauthenticated: this.#lobby.size,
      sessions: this.#sessions.size,
      queued: this.#persistence.queuedCount,
      queueDropped: this.#persistence.drops.queued,
      retained: this.#persistence.retainedCount,
      retainDropped: this.#persistence.drops.retained,
    }
  }

  // ── what connections ask ──

  get overBudget(): boolean {
    return this.#tally.inFlightBytes >= this.limits.inFlightBytesTotal
  }

  refused(reason: RefusalReason, connection: Connection | null, deviceId: string | null): void {
    this.#tally.refused[reason] += 1
    if (connection !== null && HUBS_OWN.has(reason)) {
      // That the device was cut off, and comes back, is not its fault.
      connection.tookLeave = true
      const forgiven = connection.identity?.deviceId ?? null
      if (forgiven !== null) this.#flapping.forgive(forgiven)
    }
    this.#observer.refused(reason, deviceId, connection?.address ?? null)
  }

  unexpected(error: unknown): void {
    this.#options.onError?.(error)
  }

  loginDelay({ deviceId }: Identity): number {
    if (deviceId === null || !this.#flapping.login(deviceId, performance.now())) return 0
    return this.limits.flappingDelayMs
  }

  connectCame(connection: Connection): void {
    this.#lobby.connectCame(connection)
  }

  admit(connection: Connection, enter: () => void): void {
    this.#lobby.admit(connection, this.awakeMs, enter)
  }

  enter(connection: Connection, identity: Identity, clean: boolean): InboundQos2 {
    const { deviceId } = identity
    if (deviceId !== null && this.#devices.add(deviceId, connection)) {
      this.#observer.presence(deviceId, true, Date.now(), false)
    }
    return this.#sessions.open(identity, clean)
  }

  join(tunnel: Tunnel, { clientId }: Identity): CoreClient {
    return this.#core.join(tunnel, this.#persistence.freePacketId(clientId))
  }

  opened(connection: Connection): void {
    this.#lobby.leave(connection, this.awakeMs)
    this.#open.add(connection)
    this.#tally.opened += 1
  }

  left(connection: Connection): void {
    this.#lobby.leave(connection, this.awakeMs)
    this.#open.delete(connection)
    const { identity, inbound } = connection
    if (identity === null || inbound === null) return
    this.#sessions.closed(identity.clientId, inbound, this.awakeMs)
    const { deviceId } = identity
    if (deviceId === null || !this.#devices.remove(deviceId, connection)) return
    // The hub is going, not the device.
    if (!this.stopping) this.#observer.presence(deviceId, false, Date.now(), connection.tookLeave)
  }

  socketClosed(connection: Connection): void {
    this.#sockets.delete(connection)
    if (this.#sockets.size === 0) this.#allClosed?.()
  }

  taken(bytes: number): void {
    this.#tally.taken += 1
    this.#tally.inFlightBytes += bytes
  }

  settled(bytes: number, error: Error | undefined): void {
    this.#tally.inFlightBytes -= bytes
    if (error) this.#tally.failed += 1
    else this.#tally.stored += 1
    if (this.#tally.inFlight === 0) this.#drained?.()
  }

  // ── inside ──

  async #listen(server: Server, options: ListenOptions): Promise<number> {
    const port = await listen(server, options)
    this.#listeners.push(server)
    return port
  }

  #listenOptions(host: string, port: number): ListenOptions {
    return {
      host,
      port,
      maxConnections: this.limits.connections,
      handshakeMs: this.limits.connectMs,
      onSocket: this.#onSocket,
      onHandshakeFailed: () => this.refused('tls_failed', null, null),
      onDropped: () => this.refused('too_many_connections', null, null),
      onError: (error) => this.unexpected(error),
    }
  }

  readonly #onSocket = (socket: Socket): void => {
    if (this.stopping) {
      socket.destroy()
      return
    }
    const connection = new Connection(this, socket)
    this.#sockets.add(connection)
    this.#lobby.arrive(connection)
  }

  /** Once a second: one pass over all connections costs less than a timer for each of them. */
  readonly #tick = (): void => {
    const now = performance.now()
    this.awakeMs += Math.min(now - this.#lastTick, LONGEST_TICK_MS)
    this.#lastTick = now
    this.#lobby.expire(this.awakeMs)
    for (const connection of this.#sockets) {
      if (connection.state !== 'closed') connection.check(this.awakeMs)
      else if (this.awakeMs - connection.closedAt >= this.limits.stopFlushMs) connection.destroySocket()
    }
    this.#ticks += 1
    if (this.#ticks % SWEEP_TICKS !== 0) return
    this.rate.sweep(now)
    this.#flapping.sweep(now)
    this.#sessions.expire(this.awakeMs)
  }

  #mayForward(connection: Connection, topic: string): boolean {
    if (connection.identity === null || !connection.keepsUp()) return false
    if (this.policy.mayReceive(connection.identity, topic)) return true
    this.refused('forward_denied', connection, connection.identity.deviceId)
    return false
  }

  /** A will takes the same way as any publication, under the rights of the moment it fires. */
  #fireWill(connection: Connection, will: Publication, done: () => void): void {
    const { identity } = connection
    if (this.stopping || !connection.willMayFire || identity === null) return done()
    const route = this.policy.route(identity, will.topic)
    if (typeof route === 'string') {
      this.refused('will_denied', connection, identity.deviceId)
      return done()
    }
    const bytes = will.payload.length
    this.taken(bytes)
    route.accept(will, (error) => {
      this.settled(bytes, error)
      done()
    })
  }

  async #stop(): Promise<void> {
    this.stopping = true
    for (const server of this.#listeners) server.close()
    if (this.#ticker) clearInterval(this.#ticker)
    for (const connection of this.#sockets) {
      if (connection.state === 'open') connection.stopReading()
      else connection.refuse('stopping')
    }
    if (this.#tally.inFlight > 0) {
      await withTimer(this.limits.stopDrainMs, (drained) => {
        this.#drained = drained
      })
      // Acknowledgements are written in the turn after the last message was settled.
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const connection of this.#sockets) connection.end()
    if (this.#sockets.size > 0) {
      await withTimer(this.limits.stopFlushMs, (allClosed) => {
        this.#allClosed = allClosed
      })
    }
    for (const connection of this.#sockets) connection.destroySocket()
    await this.#core.stop()
  }
}

const commandTopicOf = (deviceId: string, gatewayId: string | null): string =>
  gatewayId === null ? commandTopic(deviceId) : childCommandTopic(gatewayId, deviceId)

/** Waits for `done` to be called, but no longer than `ms`. */
const withTimer = (ms: number, begin: (done: () => void) => void): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    begin(() => {
      clearTimeout(timer)
      resolve()
    })
  })
