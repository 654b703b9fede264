// Commands on their way to one client. Each is sent once: if the connection breaks before the PUBACK it is forgotten, never
// repeated on the next one (G7). The core sends nothing to a device, so the packet ids here meet no others.
import { publish } from './packets.ts'

interface Sent {
  /** Whom to tell of the PUBACK. */
  readonly delivered: (() => void) | null
  /** When it may not lie about any longer, monotonic ms. */
  readonly due: number
}

export class Commands {
  readonly #limit: number
  readonly #out: { write(bytes: Buffer): unknown }
  /** By packet id. Made with the first command: most connections never hear one. */
  #sent: Map<number, Sent> | null = null
  #lastId = 0

  constructor(limit: number, out: { write(bytes: Buffer): unknown }) {
    this.#limit = limit
    this.#out = out
  }

  /** False when too many have not been acknowledged. At QoS 0 nobody will ever be told. */
  send(topic: string, payload: Uint8Array, grantedQos: number, delivered: (() => void) | null, due: number): boolean {
    if (grantedQos === 0) {
      this.#out.write(publish(topic, payload, 0, 0))
      return true
    }
    const sent = (this.#sent ??= new Map())
    if (sent.size >= this.#limit) return false
    do {
      this.#lastId = this.#lastId === 0xffff ? 1 : this.#lastId + 1
    } while (sent.has(this.#lastId))
    sent.set(this.#lastId, { delivered, due })
    this.#out.write(publish(topic, payload, 1, this.#lastId))
    return true
  }

  /** Whether a PUBACK belongs to a command. */
  acknowledged(id: number): boolean {
    const sent = this.#sent?.get(id)
    if (sent === undefined) return false
    this.#sent?.delete(id)
    sent.delivered?.()
    return true
  }

  /** Whether one has not been acknowledged by its time: it may still lie in the line, and must not arrive later (G7). */
  isOverdue(now: number): boolean {
    if (this.#sent === null || this.#sent.size === 0) return false
    for (const { due } of this.#sent.values()) if (now >= due) return true
    return false
  }

  forget(): void {
    this.#sent = null
  }
}
