// One client's connection: the door in front of the broker core.
//
//   socket ─▶ framer ─▶ login ─▶ PUBLISH ─▶ rate ─▶ route (intake) ─▶ acknowledgement, in order
//                          └──▶ everything else, checked ─▶ tunnel ─▶ core (sessions, subscriptions, wills)
//
// What a client publishes never enters the core: it is acknowledged when its route says it is safe, and not before. The core
// meets a client only after its login, under the name the policy gave it. While something must wait the socket is not read,
// so that the sender slows down and nothing is lost; whoever is not read is not blamed for being silent either.
import type { Socket } from 'node:net'
import { Acknowledgements, ANSWER, ANSWER_TO_QOS, Pending } from './acknowledgements.ts'
import { Framer, NEED_MORE, REFUSED } from './framer.ts'
import { HeldMessages } from './held-messages.ts'
import type { InboundQos2 } from './inbound-qos2.ts'
import type { BrokerLimits } from './limits.ts'
import { filterTakes, isTopicName, readText } from './mqtt-text.ts'
import * as packets from './packets.ts'
import { PacketType, type ConnectPacket } from './packets.ts'
import type { Admission, Identity, Policy, Publication, Route } from './policy.ts'
import type { RateLimiter } from './rate.ts'
import { CONNACK_CODES, type RefusalReason } from './refusals.ts'
import { Tunnel, type TunnelEnd } from './tunnel.ts'
import { within } from './within.ts'

/** A client as the core knows it. */
export interface CoreClient {
  readonly subscriptions: Readonly<Record<string, { readonly qos: number }>>
}

/** What a connection needs of the broker around it. */
export interface ConnectionHost {
  readonly limits: BrokerLimits
  readonly policy: Policy
  readonly rate: RateLimiter
  /** Time in which this process was running and not stalled, ms. */
  readonly awakeMs: number
  readonly stopping: boolean
  /** True when all connections together hold as much as they may. */
  readonly overBudget: boolean
  refused(reason: RefusalReason, connection: Connection, deviceId: string | null): void
  unexpected(error: unknown): void
  /** A login was right; returns how long to make it wait, ms. */
  loginDelay(identity: Identity): number
  /** The connection enters: makes room for it and returns the QoS 2 state of its session. */
  enter(connection: Connection, identity: Identity, clean: boolean): InboundQos2
  /** Hands the client to the core. */
  join(tunnel: Tunnel): CoreClient
  opened(connection: Connection): void
  /** The connection is over; its socket may still be writing its last words. */
  left(connection: Connection): void
  socketClosed(connection: Connection): void
  taken(bytes: number): void
  settled(bytes: number, error: Error | undefined): void
}

type State = 'awaiting' | 'login' | 'joining' | 'open' | 'closed'

/** Why the socket is not read for now; the connection goes on when no bit is left. */
const LOGIN = 1
const WINDOW = 2
const CORE = 4
const RATE = 8
const LEAVING = 16

/** A receiver that takes less than this in `backlogMs` while more is waiting stands still. */
const PROGRESS_BYTES = 16_384

const NOTHING = Buffer.alloc(0)
const PINGRESP = packets.pingresp()

export class Connection implements TunnelEnd {
  identity: Identity | null = null
  state: State = 'awaiting'
  /** When the socket was accepted, and when it was last heard, in awake time. */
  readonly acceptedAt: number
  seenAt: number
  closedAt = 0
  inbound: InboundQos2 | null = null
  readonly address: string | null
  /** False after a DISCONNECT, and after an administrative end: the rights that the will was checked under are gone. */
  willMayFire = true
  /** The core's counter of the last message forwarded: overlapping filters would deliver it twice. */
  lastForwarded = -1

  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #framer: Framer
  readonly #acks = new Acknowledgements()
  readonly #held: HeldMessages
  #tunnel: Tunnel | null = null
  #client: CoreClient | null = null
  #keepaliveMs = 0
  #blocked = 0
  #pumping = false
  #peerEnded = false
  #deferred = false
  #flushing = false
  #inFlight = 0
  #inFlightBytes = 0
  #receivedAt = 0
  #now = 0
  #heldTimer: NodeJS.Timeout | null = null
  /** The last topic published to: devices repeat theirs, so its decision is kept. */
  #topicBytes: Buffer = NOTHING
  #topic = ''
  #route: Route | null = null
  readonly #commands = new Map<number, (() => void) | null>()
  #commandId = 0
  #progressAt = 0
  #progressBytes = 0

  constructor(host: ConnectionHost, socket: Socket) {
    this.#host = host
    this.#socket = socket
    this.#framer = new Framer(host.limits)
    this.#held = new HeldMessages(host.limits.heldMessages, host.limits.heldBytes)
    this.acceptedAt = host.awakeMs
    this.seenAt = host.awakeMs
    this.address = socket.remoteAddress ?? null
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', ignore)
    socket.on('close', this.#onClose)
  }

  /** Unsent bytes. */
  get backlog(): number {
    return this.#socket.writableLength + (this.#tunnel?.writableLength ?? 0)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Ends the connection and counts why. Acknowledgements that are due still go out. */
  refuse(reason: RefusalReason, deviceId: string | null = this.identity?.deviceId ?? null): void {
    if (this.state === 'closed') return
    this.#host.refused(reason, this, deviceId)
    const code = this.state === 'open' || this.state === 'joining' ? undefined : CONNACK_CODES[reason]
    if (code !== undefined) this.#socket.write(packets.connack(code))
    this.#shut()
  }

  /** Stops reading: what was taken is finished, nothing more is taken. */
  stopReading(): void {
    this.#block(LEAVING)
    this.#socket.off('data', this.#onData)
    this.#socket.pause()
  }

  end(): void {
    this.#shut()
  }

  destroySocket(): void {
    this.#socket.destroy()
  }

  /** The CONNACK is on its way: what the client sent behind its CONNECT may be read. */
  joined(): void {
    if (this.state !== 'joining') return
    this.state = 'open'
    this.#host.opened(this)
    this.#unblock(LOGIN)
  }

  /** Called about once a second. */
  check(awakeMs: number): void {
    if (this.state !== 'open') return
    if (this.#keepaliveMs > 0 && this.#blocked === 0 && awakeMs - this.seenAt > this.#keepaliveMs) {
      this.refuse('keepalive')
      return
    }
    const sent = this.#socket.bytesWritten - this.#socket.writableLength
    if (this.backlog === 0 || sent - this.#progressBytes >= PROGRESS_BYTES) {
      this.#progressAt = awakeMs
      this.#progressBytes = sent
    } else if (awakeMs - this.#progressAt >= this.#host.limits.backlogMs) {
      this.refuse('slow_consumer')
    }
  }

  /** True while the receiver keeps up; one that does not is ended here. */
  keepsUp(): boolean {
    if (this.backlog <= this.#host.limits.backlogBytes) return true
    this.refuse('slow_consumer')
    return false
  }

  /**
   * Sends a command to a subscribed client, at QoS 1 if it asked for that or more. False when nobody listens here.
   * It is sent once: if the connection breaks before the PUBACK it is forgotten, never repeated on the next one (G7).
   */
  command(topic: string, payload: Uint8Array, delivered: (() => void) | null): boolean {
    const granted = this.#grantedQos(topic)
    if (granted === null || this.identity === null) return false
    if (!this.#host.policy.mayReceive(this.identity, topic)) {
      this.#host.refused('forward_denied', this, this.identity.deviceId)
      return false
    }
    if (!this.keepsUp()) return false
    if (granted === 0) {
      this.#socket.write(packets.publish(topic, payload, 0, 0))
      return true
    }
    if (this.#commands.size >= this.#host.limits.commandsInFlight) return false
    do {
      this.#commandId = this.#commandId === 0xffff ? 1 : this.#commandId + 1
    } while (this.#commands.has(this.#commandId))
    this.#commands.set(this.#commandId, delivered)
    this.#socket.write(packets.publish(topic, payload, 1, this.#commandId))
    return true
  }

  // ── the tunnel's outer end ──

  send(bytes: Buffer, sent: (error?: Error | null) => void): void {
    if (this.state === 'closed') sent(new Error('connection closed'))
    else this.#socket.write(bytes, sent)
  }

  coreReads(): void {
    this.#unblock(CORE)
  }

  coreClosed(): void {
    this.#shut()
  }

  // ── reading ──

  readonly #onData = (chunk: Buffer): void => {
    if (this.state === 'closed') return
    this.seenAt = this.#host.awakeMs
    this.#receivedAt = Date.now()
    this.#now = performance.now()
    this.#framer.add(chunk)
    this.#pump()
  }

  /** The peer says no more: what it said before is finished first, then the connection is over. */
  readonly #onEnd = (): void => {
    this.#peerEnded = true
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#peerEnded && this.#blocked === 0 && this.#held.empty && this.#acks.length === 0) this.#shut()
  }

  readonly #onClose = (): void => {
    this.#shut()
    this.#host.socketClosed(this)
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#blocked === 0 && this.state !== 'closed') {
        if (this.#deferred) {
          this.#deferred = false
        } else {
          const found = this.#framer.next()
          if (found === NEED_MORE) break
          if (found === REFUSED) {
            this.refuse(this.#framer.reason)
            break
          }
        }
        this.#packet()
      }
    } catch (error) {
      this.#host.unexpected(error)
      this.refuse('internal')
    } finally {
      this.#pumping = false
    }
    if (this.state === 'closed') return
    if (this.#blocked !== 0) this.#socket.pause()
    else if (this.#peerEnded) this.#endIfDone()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  #block(bit: number): void {
    this.#blocked |= bit
  }

  #unblock(bit: number): void {
    if ((this.#blocked & bit) === 0) return
    this.#blocked &= ~bit
    if (this.#blocked !== 0 || this.state === 'closed') return
    this.seenAt = this.#host.awakeMs
    this.#now = performance.now()
    this.#pump()
  }

  #packet(): void {
    const { bytes, start, end, header } = this.#framer
    const type = header >> 4
    if (type === PacketType.publish) {
      this.#publish()
      return
    }
    if (type === PacketType.pingreq) {
      if (end !== start) this.refuse('malformed')
      else this.#write(PINGRESP)
      return
    }
    if (!this.#held.empty) {
      // What comes behind waiting messages waits behind them.
      this.#deferred = true
      this.#block(RATE)
      return
    }
    switch (type) {
      case PacketType.connect:
        this.#connect(packets.readConnect(header, bytes, start, end))
        return
      case PacketType.subscribe:
        this.#subscribe()
        return
      case PacketType.unsubscribe:
        if (packets.isUnsubscribe(bytes, start, end)) this.#toCore()
        else this.refuse('malformed')
        return
      case PacketType.disconnect:
        if (end === start) this.#disconnect()
        else this.refuse('malformed')
        return
      default:
        this.#acknowledged(type, packets.readPacketId(bytes, start, end))
    }
  }

  #toCore(): void {
    const { bytes, packetStart, end } = this.#framer
    if (this.#tunnel?.push(bytes.subarray(packetStart, end)) === false) this.#block(CORE)
  }

  // ── login ──

  #connect(packet: ConnectPacket | null): void {
    if (packet === null) {
      this.refuse('malformed')
    } else if (packet.level < 0) {
      this.refuse('protocol_version')
    } else if (
      Buffer.byteLength(packet.clientId) > this.#host.limits.clientIdBytes ||
      (packet.clientId === '' && (!packet.clean || packet.level === 3))
    ) {
      this.refuse('client_id')
    } else {
      this.state = 'login'
      this.#framer.loggedIn()
      this.#block(LOGIN)
      this.#login(packet).catch((error: unknown) => {
        this.#host.unexpected(error)
        this.refuse('internal')
      })
    }
  }

  async #login(packet: ConnectPacket): Promise<void> {
    const host = this.#host
    const { clientId, username, password } = packet
    let admission: Admission
    try {
      const verdict = await within(host.limits.loginMs, () => host.policy.admit({ clientId, username, password }))
      admission = verdict ?? { ok: false, reason: 'login_timeout', deviceId: username }
    } catch (error) {
      host.unexpected(error)
      admission = { ok: false, reason: 'login_failed', deviceId: username }
    }
    if (this.state === 'closed') return
    if (!admission.ok) {
      this.refuse(admission.reason, admission.deviceId)
      return
    }
    const { identity } = admission
    const delayMs = host.loginDelay(identity)
    if (delayMs > 0) {
      host.refused('flapping', this, identity.deviceId)
      await new Promise((resolve) => setTimeout(resolve, delayMs).unref())
    }
    this.#enter(packet, identity)
  }

  #enter(packet: ConnectPacket, identity: Identity): void {
    if (this.state === 'closed') return
    const host = this.#host
    if (host.stopping) {
      this.refuse('stopping', identity.deviceId)
      return
    }
    let will = packet.will
    if (will) {
      const route = host.policy.route(identity, will.topic)
      if (typeof route === 'string') {
        this.refuse('will_denied', identity.deviceId)
        return
      }
      if (!route.mayRetain) will = { ...will, retain: false }
    }
    this.identity = identity
    this.#keepaliveMs = packet.keepalive * 1_500
    this.inbound = host.enter(this, identity, packet.clean)
    this.state = 'joining'
    this.#tunnel = new Tunnel(this)
    this.#client = host.join(this.#tunnel)
    this.#tunnel.push(packets.connect(packet.level, packet.clean, identity.clientId, will))
  }

  // ── publishing ──

  #publish(): void {
    const { bytes, start, end, header } = this.#framer
    const qos = ((header >> 1) & 0x03) as 0 | 1 | 2 | 3
    if (qos === 3 || (qos === 0 && (header & 0x08) !== 0) || end - start < 2) {
      this.refuse('malformed')
      return
    }
    const topicAt = start + 2
    const topicEnd = topicAt + (((bytes[start] as number) << 8) | (bytes[start + 1] as number))
    const payloadAt = qos === 0 ? topicEnd : topicEnd + 2
    if (payloadAt > end) {
      this.refuse('malformed')
      return
    }
    const id = qos === 0 ? 0 : ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number)
    const route = this.#routeOf(bytes, topicAt, topicEnd)
    if (typeof route === 'string') {
      this.refuse(route)
      return
    }
    if (qos > 0 && id === 0) {
      this.refuse('malformed')
      return
    }
    if (qos === 2 && !this.#isNew(id)) return
    const publication: Publication = {
      topic: this.#topic,
      payload: bytes.subarray(payloadAt, end),
      qos,
      retain: (header & 0x01) !== 0,
      receivedAt: this.#receivedAt,
      will: false,
    }
    if (route.meter !== null && !this.#withinRate(route, publication, id)) return
    this.#submit(route, publication, id)
  }

  /** Where a topic leads; asked once for as long as a client stays on one topic. */
  #routeOf(bytes: Buffer, start: number, end: number): Route | RefusalReason {
    if (this.#route !== null && sameBytes(this.#topicBytes, bytes, start, end)) return this.#route
    const topic = readText(bytes, start, end)
    if (topic === null || !isTopicName(topic)) return 'malformed'
    const route = this.#host.policy.route(this.identity as Identity, topic)
    this.#topic = topic
    if (typeof route !== 'string' && route.lasting) {
      this.#topicBytes = Buffer.from(bytes.subarray(start, end))
      this.#route = route
    } else {
      this.#route = null
    }
    return route
  }

  /** False when a QoS 2 PUBLISH repeats one that is committed or being committed; its PUBREC is seen to. */
  #isNew(id: number): boolean {
    const repeat = new Pending(ANSWER.pubrec, id)
    const arrival = (this.inbound as InboundQos2).arrive(id, (error) => this.#answer(repeat, error))
    if (arrival === 'new') return true
    if (arrival === 'full') {
      this.refuse('qos2_window')
      return false
    }
    this.#acks.push(repeat)
    if (arrival === 'committed') this.#answer(repeat)
    return false
  }

  #withinRate(route: Route, publication: Publication, id: number): boolean {
    const waiting = !this.#held.empty
    const waitMs = waiting ? 0 : this.#host.rate.take(route.meter as string, this.#now)
    if (!waiting && waitMs === 0) return true
    this.#held.push({ route, publication, id })
    if (this.#held.full) this.#block(RATE)
    if (!waiting) {
      this.#host.refused('rate_limited', this, route.meter)
      this.#heldTimer = setTimeout(this.#releaseHeld, waitMs)
    }
    return false
  }

  readonly #releaseHeld = (): void => {
    this.#heldTimer = null
    if (this.state === 'closed') return
    this.#now = performance.now()
    for (let held = this.#held.first; held; held = this.#held.first) {
      const waitMs = this.#host.rate.take(held.route.meter as string, this.#now)
      if (waitMs > 0) {
        this.#heldTimer = setTimeout(this.#releaseHeld, waitMs)
        break
      }
      this.#held.shift()
      this.#submit(held.route, held.publication, held.id)
    }
    if (this.#peerEnded) this.#endIfDone()
    if (this.#held.empty || (!this.#deferred && !this.#held.full)) this.#unblock(RATE)
  }

  #submit(route: Route, publication: Publication, id: number): void {
    const pending = new Pending(ANSWER_TO_QOS[publication.qos], id, publication.payload.length)
    this.#acks.push(pending)
    this.#inFlight += 1
    this.#inFlightBytes += pending.bytes
    this.#host.taken(pending.bytes)
    this.#considerWindow()
    try {
      route.accept(publication, (error) => this.#settled(pending, error))
    } catch (error) {
      this.#settled(pending, error instanceof Error ? error : new Error(String(error)))
    }
  }

  #settled(pending: Pending, error?: Error): void {
    if (pending.reported) return
    pending.reported = true
    this.#inFlight -= 1
    this.#inFlightBytes -= pending.bytes
    this.#host.settled(pending.bytes, error)
    if (pending.answer === ANSWER.pubrec) this.inbound?.settle(pending.id, error)
    this.#answer(pending, error)
  }

  /** Marks a message as answered; its acknowledgement goes out once all before it have been. */
  #answer(pending: Pending, error?: Error): void {
    if (error && pending.answer !== ANSWER.nothing) {
      this.refuse('not_stored')
      return
    }
    pending.settled = true
    if (this.#flushing || this.state === 'closed') return
    this.#flushing = true
    process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#flushing = false
    if (this.state === 'closed') return
    const bytes = this.#acks.take()
    if (bytes !== null) this.#write(bytes)
    this.#considerWindow()
    if (this.#peerEnded) this.#endIfDone()
  }

  /** Takes no more while too much is not yet safe; half of it must be before reading goes on. */
  #considerWindow(): void {
    const { inFlightMessages, inFlightBytes } = this.#host.limits
    const queued = this.#acks.length
    if ((this.#blocked & WINDOW) === 0) {
      const full = queued >= inFlightMessages || this.#inFlightBytes >= inFlightBytes
      if (full || (this.#inFlight > 0 && this.#host.overBudget)) this.#block(WINDOW)
    } else if (queued <= inFlightMessages / 2 && this.#inFlightBytes <= inFlightBytes / 2) {
      if (this.#inFlight === 0 || !this.#host.overBudget) this.#unblock(WINDOW)
    }
  }

  // ── the rest ──

  #acknowledged(type: number, id: number): void {
    if (id === 0) {
      this.refuse('malformed')
    } else if (type === PacketType.pubrel) {
      const release = new Pending(ANSWER.pubcomp, id)
      this.#acks.push(release)
      this.inbound?.release(id, (error) => this.#answer(release, error))
    } else if (type === PacketType.puback && this.#commands.has(id)) {
      const delivered = this.#commands.get(id)
      this.#commands.delete(id)
      delivered?.()
    } else {
      this.#toCore()
    }
  }

  /** A denied filter refuses the whole packet: the core would store the allowed and the denied ones alike. */
  #subscribe(): void {
    const { bytes, start, end } = this.#framer
    const packet = packets.readSubscribe(bytes, start, end)
    if (packet === null) {
      this.refuse('malformed')
      return
    }
    const identity = this.identity as Identity
    for (const filter of packet.filters) {
      const reason = this.#host.policy.refuseSubscription(identity, filter)
      if (reason === null) continue
      this.#host.refused(reason, this, identity.deviceId)
      this.#write(packets.subackRefused(packet.id, packet.filters.length))
      return
    }
    this.#toCore()
  }

  /** The core forgets the will and closes; whatever the client still sends is not read (MQTT-3.14.4-2, -3). */
  #disconnect(): void {
    this.willMayFire = false
    this.#toCore()
    this.#block(LEAVING)
  }

  #grantedQos(topic: string): number | null {
    if (this.state !== 'open' || this.#client === null) return null
    let granted: number | null = null
    for (const [filter, { qos }] of Object.entries(this.#client.subscriptions)) {
      if (filterTakes(filter, topic)) granted = Math.max(granted ?? 0, qos)
    }
    return granted
  }

  #write(bytes: Buffer): void {
    this.#socket.write(bytes)
    if (this.#socket.writableLength > 0) this.keepsUp()
  }

  #shut(): void {
    if (this.state === 'closed') return
    const entered = this.#tunnel !== null
    const due = this.#acks.take()
    if (due !== null && this.#socket.writable) this.#socket.write(due)
    this.state = 'closed'
    this.closedAt = this.#host.awakeMs
    if (this.#heldTimer) clearTimeout(this.#heldTimer)
    this.#abandonHeld()
    this.#commands.clear()
    this.#socket.off('data', this.#onData)
    if (this.#socket.writableLength > 0 && this.backlog <= this.#host.limits.backlogBytes) {
      // Last words (a CONNACK, acknowledgements): read on and throw away, so that no reset overtakes them.
      this.#socket.end()
      this.#socket.resume()
    } else {
      this.#socket.destroy()
    }
    if (entered) this.#tunnel?.destroy()
    this.#host.left(this)
  }

  /** Waiting QoS 0 messages have no sender that would repeat them: they go now, on their device's account. */
  #abandonHeld(): void {
    for (let held = this.#held.shift(); held; held = this.#held.shift()) {
      const { route, publication, id } = held
      if (publication.qos === 2) this.inbound?.settle(id, new Error('connection closed'))
      if (publication.qos > 0) continue
      this.#host.rate.charge(route.meter as string, this.#now)
      this.#submit(route, publication, id)
    }
  }
}

/** Errors of a socket end in its 'close'. */
function ignore(): void {}

function sameBytes(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = 0; i < known.length; i += 1) if (known[i] !== bytes[start + i]) return false
  return true
}
