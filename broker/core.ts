// The broker core: aedes behind the door. It keeps sessions, subscriptions, retained messages and wills of clients that have
// logged in; it never sees a stranger, a malformed packet or a device's publications.
import type { Duplex } from 'node:stream'
import { Aedes, type Client } from 'aedes'
import { writeToStream, type Packet, type Parser } from 'mqtt-packet'
import type { Connection, CoreClient } from './connection.ts'
import { MAX_TOPIC_LEVELS } from './mqtt-text.ts'
import type { BoundedPersistence } from './persistence.ts'
import type { Publication } from './policy.ts'
import { ClientParser, SharedParser } from './shared-parser.ts'
import { Tunnel } from './tunnel.ts'

/**
 * A core that has not heard its own heartbeat for three intervals takes its clients' wills for those of a dead broker and
 * fires them all: a laptop that slept would report every device offline. There is one broker a process, so the interval is as
 * long as timers go (four of them must fit 2^31 ms).
 */
const HEARTBEAT_MS = 500_000_000

/** The ids of this core's messages are never compared with those delivered before: see `join`. */
interface SeenCounters {
  [brokerId: string]: number
}

/** The parts of the core's client that its types leave out. */
type AedesClient = Client &
  CoreClient & {
    duplicates: SeenCounters
    _nextId: number
    _parser: Parser | ClientParser
    /** Stops the watch over the end of the client's stream. */
    _eos: () => void
  }

/** All two-byte numbers as buffers, made in advance, would be 10 MB to spare a small allocation for each message. */
writeToStream.cacheNumbers = false

export interface CoreHooks {
  readonly drainMs: number
  /** A will is due. */
  will(connection: Connection, will: Publication, done: () => void): void
  maySubscribe(connection: Connection, filter: string): boolean
  /** False when the message must not go out: rights have changed, or the receiver is too slow. */
  mayForward(connection: Connection, topic: string): boolean
  joined(connection: Connection): void
  error(error: Error): void
}

export class Core {
  readonly #aedes: Aedes
  readonly #neverSeen: SeenCounters
  readonly #hooks: CoreHooks
  readonly #parser = new SharedParser()

  constructor(persistence: BoundedPersistence, hooks: CoreHooks) {
    this.#hooks = hooks
    this.#aedes = new Aedes({
      persistence,
      heartbeatInterval: HEARTBEAT_MS,
      drainTimeout: hooks.drainMs,
      maxClientsIdLength: 65_535,
      maxTopicLevels: MAX_TOPIC_LEVELS,
      authorizePublish: (client, packet, done) => {
        // Publications end at the door; what arrives here is a will.
        const handled = new Error('handled at the door')
        const connection = client && connectionOf(client)
        if (!connection) return done(handled)
        const { topic, payload, qos, retain } = packet
        const will = { topic, payload: Buffer.from(payload), qos, retain, receivedAt: Date.now(), will: true }
        hooks.will(connection, will, () => done(handled))
      },
      authorizeSubscribe: (client, subscription, done) => {
        const connection = connectionOf(client)
        done(null, connection && hooks.maySubscribe(connection, subscription.topic) ? subscription : null)
      },
      authorizeForward: (client, packet) => {
        const connection = connectionOf(client)
        if (!connection || connection.state === 'closed') return null
        // Filters that overlap deliver one message once.
        if (packet.brokerId && packet.brokerCounter === connection.lastForwarded) return null
        if (!hooks.mayForward(connection, packet.topic)) return null
        connection.lastForwarded = packet.brokerCounter
        return packet
      },
    })
    // The core drops a message that a later one overtook on its way to a subscriber. Nothing is repeated inside one process,
    // so its memory of what was delivered is replaced by one that never remembers.
    this.#neverSeen = Object.defineProperty(Object.create(null) as SeenCounters, this.#aedes.id, {
      get: () => 0,
      set: () => {},
    })
    this.#aedes.on('connackSent', (packet, client) => {
      const connection = connectionOf(client)
      // The core opens the gate for further packets right after this event.
      if (connection && packet.returnCode === 0) setImmediate(() => hooks.joined(connection))
    })
    this.#aedes.on('clientError', () => {})
    this.#aedes.on('connectionError', () => {})
    // Without a listener any error of the core would end the process.
    ;(this.#aedes as NodeJS.EventEmitter).on('error', (error: Error) => this.#hooks.error(error))
  }

  start(): Promise<void> {
    return this.#aedes.listen()
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#aedes.close(() => resolve()))
  }

  /**
   * `packetId` is the first for messages to this client. The core would begin anywhere, perhaps on the id of a message that
   * the session still waits to see acknowledged.
   */
  join(tunnel: Tunnel, packetId: number): CoreClient {
    // The tunnel is as much of a stream as the core asks for.
    const client = this.#aedes.handle(tunnel as unknown as Duplex) as AedesClient
    client.duplicates = this.#neverSeen
    client._nextId = packetId
    const take = (client._parser as Parser).listeners('packet')[0] as (packet: Packet) => void
    client._parser.removeAllListeners()
    client._parser = new ClientParser(this.#parser, client, take)
    // A tunnel ends in one way only, which the core listens for as well.
    client._eos()
    client._eos = nothing
    return client
  }

  /** Delivers to subscribers; `done` when their sockets took it. */
  publish({ topic, payload, qos, retain }: Publication, done: (error?: Error) => void): void {
    // A copy: a session may queue it far longer than the receive buffer should live.
    this.#aedes.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup: false }, done)
  }
}

const connectionOf = (client: Client): Connection | null =>
  (client.conn as unknown) instanceof Tunnel ? ((client.conn as unknown as Tunnel).outer as Connection) : null

function nothing(): void {}
