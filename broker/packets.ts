// The bytes of MQTT 3.1 and 3.1.1: what a client may send is taken apart strictly, what the door itself says is put together.
// Everything returned as null is malformed: the connection closes (MQTT-4.8.0-1).
import { isTopicFilter, isTopicName, readText } from './mqtt-text.ts'

/** Control packet types (§2.2.1), only those that one of us sends. */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const

export type QoS = 0 | 1 | 2

export interface Will {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: QoS
  readonly retain: boolean
}

export interface ConnectPacket {
  /** 3 for MQTT 3.1, 4 for 3.1.1; anything else is to be answered with CONNACK 1. */
  readonly level: number
  readonly clean: boolean
  /** Seconds; 0 = off. */
  readonly keepalive: number
  readonly clientId: string
  readonly will: Will | null
  readonly username: string | null
  readonly password: Buffer | null
}

/** Reads the fields of a body one after another; `failed` once a field did not fit. */
class Fields {
  failed = false
  readonly #bytes: Buffer
  #at: number
  readonly #end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get atEnd(): boolean {
    return this.#at === this.#end
  }

  byte(): number {
    if (this.#at + 1 > this.#end) return this.#fail(0)
    return this.#bytes[this.#at++] as number
  }

  uint16(): number {
    if (this.#at + 2 > this.#end) return this.#fail(0)
    this.#at += 2
    return this.#bytes.readUInt16BE(this.#at - 2)
  }

  text(): string {
    const length = this.uint16()
    if (this.failed || this.#at + length > this.#end) return this.#fail('')
    this.#at += length
    return readText(this.#bytes, this.#at - length, this.#at) ?? this.#fail('')
  }

  /** A copy: it outlives the receive buffer. */
  binary(): Buffer {
    const length = this.uint16()
    if (this.failed || this.#at + length > this.#end) return this.#fail(Buffer.alloc(0))
    this.#at += length
    return Buffer.from(this.#bytes.subarray(this.#at - length, this.#at))
  }

  #fail<T>(nothing: T): T {
    this.failed = true
    return nothing
  }
}

/** §3.1. A level that is not spoken here ends the reading early: what follows it may have any shape. */
export function readConnect(header: number, bytes: Buffer, start: number, end: number): ConnectPacket | null {
  const fields = new Fields(bytes, start, end)
  const protocol = fields.text()
  const level = fields.byte()
  if (fields.failed || (protocol !== 'MQTT' && protocol !== 'MQIsdp')) return null
  if (level !== (protocol === 'MQTT' ? 4 : 3)) {
    return { level: -1, clean: true, keepalive: 0, clientId: '', will: null, username: null, password: null }
  }
  // 3.1 devices exist that set the QoS bits of the header; 3.1.1 reserves them.
  if (level === 4 && (header & 0x0f) !== 0) return null

  const flags = fields.byte()
  const hasWill = (flags & 0x04) !== 0
  const willQos = (flags >> 3) & 0x03
  const willRetain = (flags & 0x20) !== 0
  const hasPassword = (flags & 0x40) !== 0
  const hasUsername = (flags & 0x80) !== 0
  if (level === 4 && (flags & 0x01) !== 0) return null
  if (willQos === 3 || (!hasWill && (willQos !== 0 || willRetain)) || (hasPassword && !hasUsername)) return null

  const keepalive = fields.uint16()
  const clientId = fields.text()
  let will: Will | null = null
  if (hasWill) {
    const topic = fields.text()
    const payload = fields.binary()
    if (fields.failed || !isTopicName(topic)) return null
    will = { topic, payload, qos: willQos as QoS, retain: willRetain }
  }
  const username = hasUsername ? fields.text() : null
  const password = hasPassword ? fields.binary() : null
  if (fields.failed || !fields.atEnd) return null
  return { level, clean: (flags & 0x02) !== 0, keepalive, clientId, will, username, password }
}

export interface SubscribePacket {
  readonly id: number
  readonly filters: readonly string[]
}

/** §3.8 */
export function readSubscribe(bytes: Buffer, start: number, end: number): SubscribePacket | null {
  const fields = new Fields(bytes, start, end)
  const id = fields.uint16()
  const filters: string[] = []
  while (!fields.failed && !fields.atEnd) {
    const filter = fields.text()
    const qos = fields.byte()
    if (fields.failed || qos > 2 || !isTopicFilter(filter)) return null
    filters.push(filter)
  }
  return fields.failed || id === 0 || filters.length === 0 ? null : { id, filters }
}

/** §3.10 */
export function isUnsubscribe(bytes: Buffer, start: number, end: number): boolean {
  const fields = new Fields(bytes, start, end)
  const id = fields.uint16()
  let filters = 0
  while (!fields.failed && !fields.atEnd) {
    if (!isTopicFilter(fields.text())) return false
    filters += 1
  }
  return !fields.failed && id !== 0 && filters > 0
}

/** The packet id of PUBACK, PUBREC, PUBREL or PUBCOMP; 0, which is no id, when the body is not exactly one. */
export const readPacketId = (bytes: Buffer, start: number, end: number): number =>
  end - start === 2 ? bytes.readUInt16BE(start) : 0

export const connack = (code: number): Buffer => Buffer.from([0x20, 2, 0, code])
export const pingresp = (): Buffer => Buffer.from([0xd0, 0])

/** A SUBACK that refuses every filter (§3.9.3). */
export function subackRefused(id: number, filters: number): Buffer {
  const body = Buffer.alloc(2 + filters, 0x80)
  body.writeUInt16BE(id)
  return whole(PacketType.suback << 4, body)
}

/** `id` is not sent at QoS 0. */
export function publish(topic: string, payload: Uint8Array, qos: 0 | 1, id: number): Buffer {
  const parts: Uint8Array[] = [sized(Buffer.from(topic))]
  if (qos > 0) parts.push(Buffer.from([id >> 8, id & 0xff]))
  parts.push(payload)
  return whole((PacketType.publish << 4) | (qos << 1), Buffer.concat(parts))
}

/** A CONNECT for the broker core behind the door: an identity that is settled, so no credentials and no keep-alive. */
export function connect(level: number, clean: boolean, clientId: string, will: Will | null): Buffer {
  let flags = clean ? 0x02 : 0
  if (will) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0)
  const parts = [
    sized(Buffer.from(level === 3 ? 'MQIsdp' : 'MQTT')),
    Buffer.from([level, flags, 0, 0]),
    sized(Buffer.from(clientId)),
  ]
  if (will) parts.push(sized(Buffer.from(will.topic)), sized(will.payload))
  return whole(PacketType.connect << 4, Buffer.concat(parts))
}

const sized = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])

function whole(header: number, body: Buffer): Buffer {
  const head = [header]
  let rest = body.length
  do {
    head.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>= 7
  } while (rest > 0)
  return Buffer.concat([Buffer.from(head), body])
}
