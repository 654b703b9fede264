// Commands on their way to one client. Each is sent once: if the connection breaks before the PUBACK it is forgotten, never
// repeated on the next one (G7). The core sends nothing to a device, so the packet ids here meet no others.
import { publish } from './packets.ts'

export class Commands {
  readonly #limit: number
  readonly #write: (bytes: Buffer) => void
  /** By packet id: whom to tell. */
  readonly #sent = new Map<number, (() => void) | null>()
  #lastId = 0

  constructor(limit: number, write: (bytes: Buffer) => void) {
    this.#limit = limit
    this.#write = write
  }

  /** False when too many have not been acknowledged. At QoS 0 nobody will ever be told. */
  send(topic: string, payload: Uint8Array, grantedQos: number, delivered: (() => void) | null): boolean {
    if (grantedQos === 0) {
      this.#write(publish(topic, payload, 0, 0))
      return true
    }
    if (this.#sent.size >= this.#limit) return false
    do {
      this.#lastId = this.#lastId === 0xffff ? 1 : this.#lastId + 1
    } while (this.#sent.has(this.#lastId))
    this.#sent.set(this.#lastId, delivered)
    this.#write(publish(topic, payload, 1, this.#lastId))
    return true
  }

  /** Whether a PUBACK belongs to a command. */
  acknowledged(id: number): boolean {
    const delivered = this.#sent.get(id)
    if (delivered === undefined) return false
    this.#sent.delete(id)
    delivered?.()
    return true
  }

  forget(): void {
    this.#sent.clear()
  }
}
