// The duplex stream that the broker core takes for a client's socket. What the core reads has passed the door; what it writes
// goes to the real socket. A wide buffer keeps one slow receiver from stalling the core: the door ends it before it fills.
import { Duplex } from 'node:stream'

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

export class Tunnel extends Duplex {
  readonly outer: TunnelEnd

  constructor(outer: TunnelEnd) {
    super({ writableHighWaterMark: WRITE_BUFFER_BYTES, allowHalfOpen: false, emitClose: true })
    this.outer = outer
  }

  override _read(): void {
    this.outer.coreReads()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, sent: (error?: Error | null) => void): void {
    this.outer.send(bytes, sent)
  }

  override _writev(chunks: { chunk: Buffer }[], sent: (error?: Error | null) => void): void {
    this.outer.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), sent)
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.outer.coreClosed()
    // The reason is counted where it arose; an 'error' event here would only close the client a second time.
    done(null)
  }
}
