// One MQTT connection of the load generator: a ring of ready-made packets, a window of unacknowledged ones.
//
// A slot of the ring is written again only after its PUBACK, that is, after the peer has had all of its bytes: so the
// ring is handed to the socket without a copy, and what is unacknowledged after a broken connection is still there to be
// sent again.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Latencies } from './latencies.ts'
import { Runs } from './oracle.ts'
import { publishTemplate, writeTs } from './packets.ts'
import type { PublishTemplate } from './packets.ts'

/** Packet ids run 1…65535 in the order of sending. */
const IDS = 65_535
const DUP = 0x08

export interface ConnectionPlan {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly topic: string
  readonly payload: string
  readonly window: number
  readonly connect: Buffer
  readonly seed: number
}

export interface ConnectionHandlers {
  ready(connection: LoadConnection): void
  /** `freed` slots became free. */
  acknowledged(connection: LoadConnection, freed: number): void
  closed(connection: LoadConnection, reason: string): void
}

export class LoadConnection {
  readonly plan: ConnectionPlan
  readonly acknowledged = new Runs()
  /** Sequence number of the next packet to send, and of the oldest without PUBACK. */
  head = 0
  tail = 0
  outOfOrder = 0
  unexpected = 0
  resent = 0
  open = false

  readonly #handlers: ConnectionHandlers
  readonly #latencies: Latencies
  readonly #template: PublishTemplate
  readonly #ring: Buffer
  readonly #size: number
  readonly #ts: Float64Array
  readonly #sentAt: Float64Array
  readonly #early: Uint8Array
  readonly #partial = Buffer.alloc(4)
  #partialLength = 0
  #lastTs = 0
  #random: number
  #socket: Socket | null = null

  constructor(plan: ConnectionPlan, handlers: ConnectionHandlers, latencies: Latencies) {
    this.plan = plan
    this.#handlers = handlers
    this.#latencies = latencies
    this.#template = publishTemplate(plan.topic, plan.payload)
    this.#size = this.#template.bytes.length
    this.#ring = Buffer.alloc(this.#size * plan.window)
    for (let slot = 0; slot < plan.window; slot++) this.#template.bytes.copy(this.#ring, slot * this.#size)
    this.#ts = new Float64Array(plan.window)
    this.#sentAt = new Float64Array(plan.window)
    this.#early = new Uint8Array(plan.window)
    this.#random = plan.seed | 1
  }

  get free(): number {
    return this.plan.window - (this.head - this.tail)
  }

  get inFlight(): number {
    return this.head - this.tail
  }

  unacknowledged(): number[] {
    const left: number[] = []
    for (let sequence = this.tail; sequence < this.head; sequence++) {
      const slot = sequence % this.plan.window
      if (this.#early[slot] === 0) left.push(this.#ts[slot] as number)
    }
    return left
  }

  /** Opens the connection; after a broken one, sends again what was not acknowledged. `receive` is scratch space. */
  connect(receive: Buffer): void {
    this.#partialLength = 0
    const socket = connect({
      host: this.plan.host,
      port: this.plan.port,
      noDelay: true,
      onread: {
        buffer: receive,
        callback: (length) => {
          this.#receive(receive, length)
          return true
        },
      },
    })
    this.#socket = socket
    let reason = 'closed by the server'
    socket.on('connect', () => socket.write(this.plan.connect))
    socket.on('error', (error) => (reason = error.message))
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.#socket = null
      this.open = false
      this.#handlers.closed(this, reason)
    })
  }

  /** Fills and sends up to `count` free slots; returns how many. */
  send(count: number): number {
    const sending = Math.min(count, this.free)
    if (sending <= 0 || !this.open) return 0
    const first = this.head
    const wall = Date.now()
    const sentAt = performance.now()
    for (let i = 0; i < sending; i++) this.#fill(wall, sentAt)
    this.#write(first, this.head)
    return sending
  }

  /** Ends politely (DISCONNECT) without calling `closed`. */
  end(): void {
    const socket = this.#socket
    this.#socket = null
    this.open = false
    socket?.end(Buffer.from([0xe0, 0]))
    socket?.on('error', () => socket.destroy())
  }

  #fill(wall: number, sentAt: number): void {
    const { plan, head } = this
    const slot = head % plan.window
    const at = slot * this.#size
    const template = this.#template
    const ring = this.#ring
    // Every message of a device has its own millisecond: under more than 1,000 a second its clock runs ahead.
    const ts = wall > this.#lastTs ? wall : this.#lastTs + 1
    this.#lastTs = ts
    const id = (head % IDS) + 1
    ring[at] = (ring[at] as number) & ~DUP
    ring[at + template.packetIdAt] = id >> 8
    ring[at + template.packetIdAt + 1] = id & 0xff
    if (template.tsAt >= 0) writeTs(ring, at + template.tsAt, ts)
    let random = this.#random
    const digits = template.digitsAt
    for (let i = 0; i < digits.length; i++) {
      random ^= random << 13
      random ^= random >>> 17
      random ^= random << 5
      ring[at + (digits[i] as number)] = 48 + (((random >>> 8) & 0xffff) % 10)
    }
    this.#random = random
    this.#ts[slot] = ts
    this.#sentAt[slot] = sentAt
    this.head = head + 1
  }

  /** Hands the packets [from, to) to the socket: one write, or two where the ring wraps. */
  #write(from: number, to: number): void {
    if (to <= from || this.#socket === null) return
    const { window } = this.plan
    const start = from % window
    const length = to - from
    const straight = Math.min(length, window - start)
    this.#socket.write(this.#ring.subarray(start * this.#size, (start + straight) * this.#size))
    if (straight < length) this.#socket.write(this.#ring.subarray(0, (length - straight) * this.#size))
  }

  #receive(buffer: Buffer, length: number): void {
    let at = 0
    const before = this.tail
    const now = performance.now()
    if (this.#partialLength > 0) {
      while (this.#partialLength < 4 && at < length) this.#partial[this.#partialLength++] = buffer[at++] as number
      if (this.#partialLength < 4) return
      this.#partialLength = 0
      this.#packet(this.#partial, 0, now)
    }
    // CONNACK and PUBACK are both four bytes long, and nothing else is expected.
    for (; at + 4 <= length; at += 4) this.#packet(buffer, at, now)
    while (at < length) this.#partial[this.#partialLength++] = buffer[at++] as number
    if (this.tail > before) this.#handlers.acknowledged(this, this.tail - before)
  }

  #packet(buffer: Buffer, at: number, now: number): void {
    if (buffer[at] === 0x40 && buffer[at + 1] === 2) {
      this.#puback(((buffer[at + 2] as number) << 8) | (buffer[at + 3] as number), now)
    } else if (buffer[at] === 0x20 && buffer[at + 1] === 2) {
      this.#connack(buffer[at + 3] as number)
    } else {
      this.unexpected++
      this.#socket?.destroy()
    }
  }

  #connack(code: number): void {
    if (code !== 0) {
      this.#socket?.destroy(new Error(`CONNECT refused with code ${code}`))
      return
    }
    this.open = true
    for (let sequence = this.tail; sequence < this.head; sequence++) {
      const at = (sequence % this.plan.window) * this.#size
      this.#ring[at] = (this.#ring[at] as number) | DUP
      this.resent++
    }
    this.#write(this.tail, this.head)
    this.#handlers.ready(this)
  }

  #puback(id: number, now: number): void {
    const { window } = this.plan
    const ahead = (id - 1 - (this.tail % IDS) + IDS) % IDS
    if (ahead >= this.head - this.tail) {
      this.unexpected++
      return
    }
    const slot = (this.tail + ahead) % window
    if (this.#early[slot] === 1) return
    if (ahead > 0) this.outOfOrder++
    this.acknowledged.add(this.#ts[slot] as number)
    this.#latencies.add(now - (this.#sentAt[slot] as number))
    this.#early[slot] = 1
    while (this.tail < this.head && this.#early[this.tail % window] === 1) {
      this.#early[this.tail % window] = 0
      this.tail++
    }
  }
}
