// Cuts a byte stream into MQTT control packets and refuses before it buffers: the type, the reserved flags and the length
// are judged on the first bytes of a packet, so a stranger never makes the hub hold more than one CONNECT of legal size.
import { PacketType } from './packets.ts'
import type { BrokerLimits } from './limits.ts'
import type { RefusalReason } from './refusals.ts'

/** What `next()` found. */
export const NEED_MORE = 0
export const PACKET = 1
export const REFUSED = 2

/** Fixed header (5) plus the two bytes of a PUBLISH's topic length: enough to judge any packet. */
const PREAMBLE_BYTES = 7
const MAX_TOPIC_BYTES = 65_535

const NO_BYTES = Buffer.alloc(0)

/** Reserved flags of the fixed header (§2.2.2) for the packets a client may send; PUBLISH uses them, CONNECT is judged later. */
const RESERVED_FLAGS: Partial<Record<number, number>> = {
  [PacketType.puback]: 0,
  [PacketType.pubrec]: 0,
  [PacketType.pubrel]: 2,
  [PacketType.pubcomp]: 0,
  [PacketType.subscribe]: 2,
  [PacketType.unsubscribe]: 2,
  [PacketType.pingreq]: 0,
  [PacketType.disconnect]: 0,
}

export class Framer {
  /** Set by `next()` when it returns PACKET: the packet is `bytes[packetStart, end)`, its body `bytes[start, end)`. */
  bytes: Buffer = NO_BYTES
  header = 0
  packetStart = 0
  start = 0
  end = 0
  /** Set by `next()` when it returns REFUSED. */
  reason: RefusalReason = 'malformed'

  readonly #limits: BrokerLimits
  #loggedIn = false
  #chunk: Buffer = NO_BYTES
  #at = 0
  /** A packet that did not end in its chunk, at its full size. */
  #partial: Buffer | null = null
  #filled = 0
  #bodyAt = 0

  constructor(limits: BrokerLimits) {
    this.#limits = limits
  }

  /** From now on everything but CONNECT is expected. */
  loggedIn(): void {
    this.#loggedIn = true
  }

  /** True when bytes of an unfinished packet, or whole packets, are still in here. */
  get holdsBytes(): boolean {
    return this.#partial !== null || this.#at < this.#chunk.length
  }

  add(chunk: Buffer): void {
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk
    this.#at = 0
  }

  next(): typeof NEED_MORE | typeof PACKET | typeof REFUSED {
    if (this.#partial !== null) return this.#fill(this.#partial)
    const chunk = this.#chunk
    const available = chunk.length - this.#at
    if (available === 0) {
      // An idle connection holds no buffer.
      this.bytes = NO_BYTES
      this.#chunk = NO_BYTES
      this.#at = 0
      return NEED_MORE
    }

    const header = chunk[this.#at] as number
    const type = header >> 4
    if (!this.#loggedIn) {
      if (type !== PacketType.connect) return this.#refuse('unexpected_packet')
    } else if (type !== PacketType.publish) {
      const flags = RESERVED_FLAGS[type]
      if (flags === undefined) return this.#refuse('unexpected_packet')
      if ((header & 0x0f) !== flags) return this.#refuse('malformed')
    }

    let length = 0
    let headerBytes = 1
    for (let shift = 0; ; shift += 7) {
      if (headerBytes === 5) return this.#refuse('malformed')
      if (headerBytes === available) return this.#keepTail()
      const byte = chunk[this.#at + headerBytes] as number
      headerBytes += 1
      length += (byte & 0x7f) << shift
      if (byte < 0x80) break
    }

    const body = this.#at + headerBytes
    if (type === PacketType.publish) {
      if (length > this.#limits.payloadBytes) {
        // The limit is on the payload: the topic and the packet id come on top.
        if (length > this.#limits.payloadBytes + MAX_TOPIC_BYTES + 4) return this.#refuse('packet_too_large')
        if (available < PREAMBLE_BYTES) return this.#keepTail()
        const topicBytes = ((chunk[body] as number) << 8) | (chunk[body + 1] as number)
        const idBytes = (header & 0x06) === 0 ? 0 : 2
        if (length - topicBytes - 2 - idBytes > this.#limits.payloadBytes) return this.#refuse('packet_too_large')
      }
    } else if (type === PacketType.connect) {
      if (length > this.#limits.connectBytes) return this.#refuse('connect_too_large')
    } else if (length > this.#limits.payloadBytes) {
      return this.#refuse('packet_too_large')
    }

    const total = headerBytes + length
    if (total > available) {
      this.#partial = Buffer.allocUnsafeSlow(total)
      this.#filled = chunk.copy(this.#partial, 0, this.#at)
      this.#bodyAt = headerBytes
      this.#chunk = NO_BYTES
      this.#at = 0
      return NEED_MORE
    }
    this.header = header
    this.bytes = chunk
    this.packetStart = this.#at
    this.start = body
    this.end = this.#at + total
    this.#at = this.end
    return PACKET
  }

  #fill(partial: Buffer): typeof NEED_MORE | typeof PACKET {
    const copied = this.#chunk.copy(partial, this.#filled, this.#at)
    this.#filled += copied
    this.#at += copied
    if (this.#filled < partial.length) return NEED_MORE
    this.header = partial[0] as number
    this.bytes = partial
    this.packetStart = 0
    this.start = this.#bodyAt
    this.end = partial.length
    this.#partial = null
    return PACKET
  }

  /** Holds the few bytes of an undecided header without holding the chunk they came in. */
  #keepTail(): typeof NEED_MORE {
    if (this.#at > 0) {
      this.#chunk = Buffer.from(this.#chunk.subarray(this.#at))
      this.#at = 0
    }
    return NEED_MORE
  }

  #refuse(reason: RefusalReason): typeof REFUSED {
    this.reason = reason
    this.#chunk = NO_BYTES
    this.#at = 0
    return REFUSED
  }
}
