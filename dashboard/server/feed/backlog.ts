// What a client has not taken yet. One that stops reading is disconnected before it costs memory; it will resume.
import type { Socket } from 'socket.io'

type Engine = Socket['conn']

/** Bytes waiting for a client beyond what is already on its way. */
export const MAX_BACKLOG = 5 * 1024 * 1024

/** Engine.IO's packet as its `packetCreate` event carries it. */
interface EnginePacket {
  readonly data?: string | Buffer
}

export class Backlog {
  #bytes = 0

  constructor(engine: Engine, exceeded: () => void) {
    engine.on('packetCreate', (packet: EnginePacket) => {
      // Whatever is written while the transport can take it leaves at once: only what waits is counted.
      if (engine.transport.writable || packet.data === undefined) return
      this.#bytes += Buffer.byteLength(packet.data)
      if (this.#bytes > MAX_BACKLOG) exceeded()
    })
    engine.on('flush', () => {
      this.#bytes = 0
    })
  }

  get bytes(): number {
    return this.#bytes
  }
}

/** Ends a connection without waiting for a peer that does not read: a polite close would keep its buffer for half a minute. */
export function cut(engine: Engine): void {
  const { socket } = engine.transport as { readonly socket?: { readonly terminate?: () => void } }
  if (socket?.terminate === undefined) engine.close(true)
  else socket.terminate()
}
