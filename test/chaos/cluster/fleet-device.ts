// One simulated device: it measures by the clock, keeps what it measured until it is acknowledged, sends one message at a time
// over a session of its own, and comes back over whatever broker the balancer gives it.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { generate, parser } from 'mqtt-packet'
import type { Packet } from 'mqtt-packet'
import { upTopic } from '../../../contract/topics.ts'
import { bodyOf, isLoud } from './schedule.ts'
import type { Cycle } from './schedule.ts'

export interface FleetDevicePlan {
  readonly id: string
  readonly password: string
  readonly index: number
  readonly cycle: Cycle
  readonly port: number
}

/** One sample's life, wall times, ms. */
export interface Measured {
  readonly ts: number
  readonly loud: boolean
  /** How often it was sent. */
  sent: number
  /** 0: not yet. */
  acknowledgedAt: number
}

/** A PUBACK that takes longer means to the device that its line is dead; it comes back over a new one. */
const PATIENCE_MS = 20_000
const KEEPALIVE_S = 30
const RETRY_MS = { first: 100, most: 2_000 }
const MESSAGE_IDS = 65_535

export class FleetDevice {
  readonly plan: FleetDevicePlan
  readonly samples: Measured[] = []
  /** Messages sent again. */
  resent = 0
  /** PUBACKs for what was not under way. */
  unexpected = 0
  connects = 0
  /** Logins that were refused. */
  refused = 0
  connected = false
  /** The oldest sample without a PUBACK, and whether it is under way. */
  #next = 0
  #sentAt: number | null = null
  #socket: Socket | null = null
  #retryMs = RETRY_MS.first
  #heardAt = 0
  #ended = false

  constructor(plan: FleetDevicePlan) {
    this.plan = plan
  }

  get waiting(): number {
    return this.samples.length - this.#next
  }

  /** When it measured the newest sample that is acknowledged; 0: none is. */
  get newestAcknowledged(): number {
    return this.samples[this.#next - 1]?.ts ?? 0
  }

  connect(): void {
    const { id, password, port } = this.plan
    const packets = parser({ protocolVersion: 4 })
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket = socket
    this.#heardAt = Date.now()
    packets.on('packet', (packet) => this.#socket === socket && this.#take(packet))
    packets.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => packets.parse(chunk))
    socket.on('error', () => undefined)
    socket.on('connect', () =>
      socket.write(
        generate({
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion: 4,
          clean: false,
          clientId: 'line',
          keepalive: KEEPALIVE_S,
          username: id,
          password: Buffer.from(password),
        }),
      ),
    )
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.#socket = null
      this.connected = false
      this.#sentAt = null
      if (this.#ended) return
      // Spread, as a county's devices are: all of them lose their broker at the same moment.
      setTimeout(() => this.#ended || this.connect(), this.#retryMs * (0.5 + Math.random()))
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.most)
    })
  }

  measure(now: number): void {
    const newest = this.samples.at(-1)?.ts ?? 0
    const loud = isLoud(this.plan.index, this.samples.length, this.plan.cycle)
    this.samples.push({ ts: Math.max(now, newest + 1), loud, sent: 0, acknowledgedAt: 0 })
    this.#send()
  }

  /** Now and then: gives a dead line up, and says that it is there while it has nothing else to say. */
  look(now: number): void {
    if (this.#socket === null) return
    const patient = now - (this.#sentAt ?? this.#heardAt) < PATIENCE_MS
    if (!patient && (!this.connected || this.#sentAt !== null)) this.#socket.destroy()
    else if (this.connected && now - this.#heardAt > (KEEPALIVE_S * 1_000) / 2)
      this.#socket.write(generate({ cmd: 'pingreq' }))
  }

  end(): void {
    this.#ended = true
    this.#socket?.end(generate({ cmd: 'disconnect' }))
  }

  #take(packet: Packet): void {
    this.#heardAt = Date.now()
    if (packet.cmd === 'connack') {
      if (packet.returnCode !== 0) {
        this.refused++
        this.#socket?.destroy()
        return
      }
      this.connects++
      this.connected = true
      this.#retryMs = RETRY_MS.first
      this.#send()
    } else if (packet.cmd === 'puback') {
      const sample = this.samples[this.#next]
      if (sample === undefined || this.#sentAt === null || packet.messageId !== this.#messageId()) {
        this.unexpected++
        return
      }
      sample.acknowledgedAt = this.#heardAt
      this.#sentAt = null
      this.#next++
      this.#send()
    }
  }

  #messageId(): number {
    return (this.#next % MESSAGE_IDS) + 1
  }

  #send(): void {
    const sample = this.samples[this.#next]
    if (sample === undefined || this.#sentAt !== null || !this.connected) return
    this.#socket?.write(
      generate({
        cmd: 'publish',
        topic: upTopic(this.plan.id, 'readings'),
        payload: bodyOf(sample.ts, sample.loud),
        qos: 1,
        dup: sample.sent > 0,
        retain: false,
        messageId: this.#messageId(),
      }),
    )
    if (sample.sent > 0) this.resent++
    sample.sent++
    this.#sentAt = Date.now()
  }
}
