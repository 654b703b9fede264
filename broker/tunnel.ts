// The stream that the broker core takes for a client's socket. What the core reads has passed the door; what it writes goes to
// the real socket. A wide buffer keeps one slow receiver from stalling the core: the door ends it before it fills.
//
// It speaks as much of the stream protocol as the core and its packet writer use, and no more: a Duplex would hold two thirds
// of a kilobyte for each idle device.
import { EventEmitter } from 'node:events'

/** Packets that the core has not read yet, bytes, after which the door waits with further ones. */
const READ_BUFFER_BYTES = 65_536
/** Bytes that the operating system has not taken, after which the core waits with further ones. */
const WRITE_BUFFER_BYTES = 1_048_576

/** What the tunnel needs of the connection at its outer end. */
export interface TunnelEnd {
  /** Sends bytes; `sent` when the operating system took them. */
  send(bytes: Buffer, sent: (error?: Error | null) => void): void
  /** The core has room for more packets. */
  coreReads(): void
  /** The core let go of the client. */
  coreClosed(): void
}

export class Tunnel extends EventEmitter {
  readonly outer: TunnelEnd
  destroyed = false
  /** The core leaves a reference to its client here. */
  client: unknown = null
  /** Whole packets on their way to the core. */
  #inbound: Buffer[] | null = null
  #inboundBytes = 0
  /** Parts of packets on their way to the socket while corked. */
  #outbound: Buffer[] | null = null
  #outboundBytes = 0
  #corks = 0
  /** Bytes that the operating system has not taken; `#full` once the core was told to wait. */
  #unsent = 0
  #full = false

  constructor(outer: TunnelEnd) {
    super()
    this.outer = outer
  }

  // ── the outer end ──

  /** Takes a whole packet; false when the core is behind. */
  push(packet: Buffer): boolean {
    if (this.destroyed) return true
    if (this.#inbound === null) {
      this.#inbound = [packet]
      process.nextTick(announce, this)
    } else {
      this.#inbound.push(packet)
    }
    this.#inboundBytes += packet.length
    return this.#inboundBytes < READ_BUFFER_BYTES
  }

  /** Bytes that have not reached the socket. */
  get heldBytes(): number {
    return this.#outboundBytes
  }

  // ── the core's end ──

  /** All that is there, or null: always whole packets. */
  read(): Buffer | null {
    const packets = this.#inbound
    if (packets === null) return null
    this.#inbound = null
    this.#inboundBytes = 0
    this.outer.coreReads()
    return packets.length === 1 ? (packets[0] as Buffer) : Buffer.concat(packets)
  }

  /** False when the core is to wait for 'drain'. */
  write(part: Buffer | string): boolean {
    if (this.destroyed) return true
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    this.#unsent += bytes.length
    this.#outboundBytes += bytes.length
    if (this.#outbound === null) this.#outbound = [bytes]
    else this.#outbound.push(bytes)
    if (this.#corks === 0) this.#flush()
    if (this.#unsent >= WRITE_BUFFER_BYTES) this.#full = true
    return !this.#full
  }

  cork(): void {
    this.#corks += 1
  }

  uncork(): void {
    if (this.#corks > 0) this.#corks -= 1
    if (this.#corks === 0) this.#flush()
  }

  /** The reason is counted where it arose; telling the core of it would only close the client a second time. */
  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#inbound = null
    this.#outbound = null
    this.#outboundBytes = 0
    this.outer.coreClosed()
    process.nextTick(ended, this)
  }

  #flush(): void {
    const parts = this.#outbound
    if (parts === null) return
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    this.#outbound = null
    this.#outboundBytes = 0
    this.outer.send(bytes, (error) => {
      if (error) this.destroy()
      else this.#sent(bytes.length)
    })
  }

  #sent(bytes: number): void {
    this.#unsent -= bytes
    if (!this.#full || this.#unsent > 0) return
    this.#full = false
    this.emit('drain')
  }
}

function announce(tunnel: Tunnel): void {
  if (!tunnel.destroyed) tunnel.emit('readable')
}

function ended(tunnel: Tunnel): void {
  tunnel.emit('end')
}
