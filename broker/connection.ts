// One client's connection: the door in front of the broker core.
//
//   socket ─▶ framer ─▶ login ─▶ PUBLISH ─▶ uplink: rate ─▶ route (intake) ─▶ acknowledgement, in order
//                          └──▶ everything else, checked ─▶ tunnel ─▶ core (sessions, subscriptions, wills)
//
// What a client publishes never enters the core: it is acknowledged when its route says it is safe, and not before. The core
// meets a client only after its login, under the name the policy gave it. While something must wait the socket is not read,
// so that the sender slows down and nothing is lost; whoever is not read is not blamed for being silent either.
import type { Socket } from 'node:net'
import { Commands } from './commands.ts'
import { Framer, NEED_MORE, REFUSED } from './framer.ts'
import { Gate, Hold, type GateOwner } from './gate.ts'
import type { InboundQos2 } from './inbound-qos2.ts'
import { decideLogin, type LoginHost } from './login.ts'
import { filterTakes } from './mqtt-text.ts'
import * as packets from './packets.ts'
import { PacketType, type ConnectPacket } from './packets.ts'
import type { Identity } from './policy.ts'
import { CONNACK_CODES, type RefusalReason } from './refusals.ts'
import { Tunnel, type TunnelEnd } from './tunnel.ts'
import { Uplink, type UplinkEnd, type UplinkHost } from './uplink.ts'

/** A client as the core knows it. */
export interface CoreClient {
  readonly subscriptions: Readonly<Record<string, { readonly qos: number }>>
}

/** What a connection needs of the broker around it. */
export interface ConnectionHost extends UplinkHost, LoginHost {
  /** Time in which this process was running and not stalled, ms; as of the last tick. */
  readonly awakeMs: number
  refused(reason: RefusalReason, connection: Connection, deviceId: string | null): void
  /** A complete CONNECT is there: the peer is not a stranger any more. */
  connectCame(connection: Connection): void
  /** Calls back when the core has room for one more client. */
  admit(connection: Connection, enter: () => void): void
  /** The connection enters: makes room for it and returns the QoS 2 state of its session. */
  enter(connection: Connection, identity: Identity, clean: boolean): InboundQos2
  /** Hands the client to the core. */
  join(tunnel: Tunnel, identity: Identity): CoreClient
  opened(connection: Connection): void
  /** The connection is over; its socket may still be writing its last words. */
  left(connection: Connection): void
  socketClosed(connection: Connection): void
}

type State = 'awaiting' | 'login' | 'joining' | 'open' | 'closed'

/** A receiver that takes less than this in `backlogMs` while more is waiting stands still. */
const PROGRESS_BYTES = 16_384
/** `awakeMs` is up to a tick old. */
const TICK_MS = 1_000
/** A peer that vanished without a word is noticed by the operating system, even when its keep-alive is 0. */
const TCP_KEEPALIVE_MS = 60_000

const PINGRESP = packets.pingresp()

export class Connection implements TunnelEnd, UplinkEnd, GateOwner {
  state: State = 'awaiting'
  /** Who the CONNECT claims to be, from its arrival; and who it is, from the login. */
  claimedId: string | null = null
  identity: Identity | null = null
  inbound: InboundQos2 | null = null
  readonly address: string | null
  /** When the socket was accepted and when the connection ended, in awake time. */
  readonly acceptedAt: number
  closedAt = 0
  /** False after a DISCONNECT, and after an administrative end: the rights that the will was checked under are gone. */
  willMayFire = true
  /** Its end is no drop of its line: it left with a DISCONNECT of its own, or the hub ended it for the hub's own reasons. */
  tookLeave = false
  /** The core's counter of the last message forwarded: overlapping filters would deliver it twice. */
  lastForwarded = -1
  readonly gate: Gate

  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #framer: Framer
  #uplink: Uplink | null = null
  #commands: Commands | null = null
  #tunnel: Tunnel | null = null
  #client: CoreClient | null = null
  /** The core's CONNACK has left for the socket: the session stands, and whatever is written now comes behind it. */
  #greeted = false
  #keepaliveMs = 0
  #seenAt: number
  #pumping = false
  #peerEnded = false
  /** The framer's packet could not be handled yet. */
  #deferred = false
  /** Of the bytes being read: wall time, and monotonic ms. */
  #receivedAt = 0
  #now = 0
  #progressAt = 0
  #progressBytes = 0

  constructor(host: ConnectionHost, socket: Socket) {
    this.#host = host
    this.#socket = socket
    this.#framer = new Framer(host.limits)
    this.gate = new Gate(this)
    this.acceptedAt = host.awakeMs
    this.#seenAt = host.awakeMs
    this.address = socket.remoteAddress ?? null
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', ignore)
    socket.on('close', this.#onClose)
  }

  get isClosed(): boolean {
    return this.state === 'closed'
  }

  /** Unsent bytes. */
  get #backlog(): number {
    return this.#socket.writableLength + (this.#tunnel?.heldBytes ?? 0)
  }

  /** Ends the connection and counts why. Acknowledgements that are due still go out. */
  refuse(reason: RefusalReason, deviceId: string | null = this.identity?.deviceId ?? null): void {
    if (this.isClosed) return
    this.#host.refused(reason, this, deviceId)
    const code = this.state === 'awaiting' || this.state === 'login' ? CONNACK_CODES[reason] : undefined
    if (code !== undefined) this.#socket.write(packets.connack(code))
    this.#shut(code !== undefined)
  }

  /** Ends the connection so that nothing of what lies in its line is delivered any more. */
  #reset(reason: RefusalReason): void {
    this.#host.refused(reason, this, this.identity?.deviceId ?? null)
    this.#socket.resetAndDestroy()
    this.#shut(false)
  }

  /** Stops reading: what was taken is finished, nothing more is taken. */
  stopReading(): void {
    this.gate.hold(Hold.leaving)
    this.#socket.off('data', this.#onData)
    this.#socket.pause()
  }

  end(): void {
    this.#shut(true)
  }

  destroySocket(): void {
    this.#socket.destroy()
  }

  /** The core is done with the CONNECT: what the client sent behind it may be read. */
  joined(): void {
    if (this.state !== 'joining') return
    this.state = 'open'
    this.#host.opened(this)
    this.gate.release(Hold.login)
  }

  /** Called about once a second. */
  check(awakeMs: number): void {
    if (this.state !== 'open') return
    if (this.#commands?.isOverdue(performance.now()) === true) {
      this.#reset('command_unacknowledged')
      return
    }
    if (this.#keepaliveMs > 0 && this.gate.isOpen && awakeMs - this.#seenAt > this.#keepaliveMs) {
      this.refuse('keepalive')
      return
    }
    const sent = this.#socket.bytesWritten - this.#socket.writableLength
    if (this.#backlog === 0 || sent - this.#progressBytes >= PROGRESS_BYTES) {
      this.#progressAt = awakeMs
      this.#progressBytes = sent
    } else if (awakeMs - this.#progressAt >= this.#host.limits.backlogMs) {
      this.refuse('slow_consumer')
    }
  }

  /** True while the receiver keeps up; one that does not is ended here. */
  keepsUp(): boolean {
    if (this.#backlog <= this.#host.limits.backlogBytes) return true
    this.refuse('slow_consumer')
    return false
  }

  /** Sends a command to a subscribed client, at QoS 1 if it asked for that or more. False when nobody listens here. */
  command(topic: string, payload: Uint8Array, delivered: (() => void) | null, due: number): boolean {
    const granted = this.#grantedQos(topic)
    if (granted === null || this.identity === null || this.#commands === null) return false
    if (!this.#host.policy.mayReceive(this.identity, topic)) {
      this.#host.refused('forward_denied', this, this.identity.deviceId)
      return false
    }
    return this.keepsUp() && this.#commands.send(topic, payload, granted, delivered, due)
  }

  /** Whether a command on that topic would be taken. */
  listens(topic: string): boolean {
    return this.#grantedQos(topic) !== null
  }

  // ── the uplink's end ──

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
    if (this.#socket.writableLength > 0) this.keepsUp()
  }

  slowed(deviceId: string): void {
    this.#host.refused('rate_limited', this, deviceId)
  }

  progressed(): void {
    if (this.#peerEnded) this.#endIfDone()
  }

  // ── the tunnel's outer end ──

  send(bytes: Buffer, sent: (error?: Error | null) => void): void {
    if (this.isClosed) {
      sent(new Error('connection closed'))
      return
    }
    // The first that the core has to say is its CONNACK, and it says so once the session's subscriptions stand again.
    this.#greeted = true
    this.#socket.write(bytes, sent)
  }

  coreReads(): void {
    this.gate.release(Hold.core)
  }

  coreClosed(): void {
    this.#shut(true)
  }

  // ── reading ──

  gateOpened(): void {
    if (this.isClosed) return
    this.#seenAt = this.#host.awakeMs
    this.#now = performance.now()
    this.#pump()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.isClosed) return
    this.#seenAt = this.#host.awakeMs
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

  readonly #onClose = (): void => {
    this.#shut(false)
    this.#host.socketClosed(this)
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.gate.isOpen && !this.isClosed) {
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
    if (this.isClosed) return
    if (!this.gate.isOpen) this.#socket.pause()
    else if (this.#peerEnded) this.#endIfDone()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  #packet(): void {
    const { bytes, start, end, header } = this.#framer
    const type = header >> 4
    if (type === PacketType.publish) {
      this.#uplink?.publish(this.#framer, this.#now, this.#receivedAt)
    } else if (type === PacketType.pingreq) {
      if (end === start) this.write(PINGRESP)
      else this.refuse('malformed')
    } else if (this.#uplink?.isHolding) {
      this.#deferred = true
      this.gate.hold(Hold.rate)
    } else {
      this.#control(type, bytes, start, end)
    }
  }

  #control(type: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case PacketType.connect:
        this.#connect(packets.readConnect(this.#framer.header, bytes, start, end))
        return
      case PacketType.subscribe:
        this.#subscribe(packets.readSubscribe(bytes, start, end))
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
    if (this.#tunnel?.push(bytes.subarray(packetStart, end)) === false) this.gate.hold(Hold.core)
  }

  #connect(packet: ConnectPacket | null): void {
    if (packet === null) {
      this.refuse('malformed')
      return
    }
    this.state = 'login'
    this.claimedId = packet.username
    this.#host.connectCame(this)
    this.#framer.loggedIn()
    this.gate.hold(Hold.login)
    decideLogin(this.#host, packet, () => this.#host.refused('flapping', this, packet.username)).then(
      (verdict) => {
        if (this.isClosed) return
        if (verdict.ok) this.#host.admit(this, () => this.#enter(packet, verdict.identity, verdict.will))
        else this.refuse(verdict.reason, verdict.deviceId)
      },
      (error: unknown) => {
        this.#host.unexpected(error)
        this.refuse('internal')
      },
    )
  }

  #enter(packet: ConnectPacket, identity: Identity, will: packets.Will | null): void {
    this.identity = identity
    this.#keepaliveMs = packet.keepalive === 0 ? 0 : packet.keepalive * 1_500 + TICK_MS
    this.inbound = this.#host.enter(this, identity, packet.clean)
    this.#uplink = new Uplink(this.#host, this, identity, this.inbound)
    this.#commands = new Commands(this.#host.limits.commandsInFlight, this.#socket)
    this.state = 'joining'
    this.#tunnel = new Tunnel(this)
    this.#client = this.#host.join(this.#tunnel, identity)
    this.#tunnel.push(packets.connect(packet.level, packet.clean, identity.clientId, will))
  }

  /** A denied filter refuses the whole packet: the core would store the allowed and the denied ones alike. */
  #subscribe(packet: packets.SubscribePacket | null): void {
    if (packet === null) {
      this.refuse('malformed')
      return
    }
    const identity = this.identity as Identity
    for (const filter of packet.filters) {
      const reason = this.#host.policy.refuseSubscription(identity, filter)
      if (reason === null) continue
      this.#host.refused(reason, this, identity.deviceId)
      this.write(packets.subackRefused(packet.id, packet.filters.length))
      return
    }
    this.#toCore()
  }

  #acknowledged(type: number, id: number): void {
    if (id === 0) this.refuse('malformed')
    else if (type === PacketType.pubrel) this.#uplink?.release(id)
    else if (type !== PacketType.puback || !this.#commands?.acknowledged(id)) this.#toCore()
  }

  /** The core forgets the will and closes; whatever the client still sends is not read (MQTT-3.14.4-2, -3). */
  #disconnect(): void {
    this.willMayFire = false
    this.tookLeave = true
    this.#toCore()
    this.gate.hold(Hold.leaving)
  }

  /** A client that has read its CONNACK is ready for commands; the core says that it is done only some turns later. */
  #grantedQos(topic: string): number | null {
    if (this.isClosed || !this.#greeted || this.#client === null) return null
    let granted: number | null = null
    for (const [filter, { qos }] of Object.entries(this.#client.subscriptions)) {
      if (filterTakes(filter, topic)) granted = Math.max(granted ?? 0, qos)
    }
    return granted
  }

  // ── ending ──

  #endIfDone(): void {
    if (this.#peerEnded && this.gate.isOpen && this.#uplink?.isIdle !== false) this.#shut(true)
  }

  /** `lastWords`: something was just written that the peer should see before the socket closes. */
  #shut(lastWords: boolean): void {
    if (this.isClosed) return
    this.state = 'closed'
    this.closedAt = this.#host.awakeMs
    const due = this.#uplink?.close(this.#now) ?? null
    if (due !== null) this.#socket.write(due)
    this.#commands?.forget()
    this.#socket.off('data', this.#onData)
    if ((lastWords || due !== null) && this.#backlog <= this.#host.limits.backlogBytes) {
      // What the peer still sends is read and thrown away: closing over unread bytes would send a reset that overtakes them.
      this.#socket.end()
      this.#socket.resume()
    } else {
      this.#socket.destroy()
    }
    this.#tunnel?.destroy()
    this.#host.left(this)
  }
}

/** Errors of a socket end in its 'close'. */
function ignore(): void {}
