// The acknowledgements of one connection, in the order its messages came (MQTT-4.6.0-2, -3), however unevenly they become safe.

/** What a message is answered with: nothing at QoS 0, PUBACK, PUBREC. */
const ACK_HEADERS = [0, 0x40, 0x50] as const

/** One message on its way to becoming safe. */
export class Pending {
  /** Its route has called back; a second call is ignored. */
  reported = false
  /** It may be acknowledged. */
  settled = false
  readonly qos: 0 | 1 | 2
  readonly id: number
  /** Payload bytes it holds in memory. */
  readonly bytes: number

  constructor(qos: 0 | 1 | 2, id: number, bytes: number) {
    this.qos = qos
    this.id = id
    this.bytes = bytes
  }
}

export class Acknowledgements {
  #queue: Pending[] = []
  #head = 0

  get length(): number {
    return this.#queue.length - this.#head
  }

  push(pending: Pending): void {
    this.#queue.push(pending)
  }

  /** Takes the settled messages at the head and returns what is to be written for them, or null for nothing. */
  take(): Buffer | null {
    const from = this.#head
    let answers = 0
    while (this.#head < this.#queue.length) {
      const pending = this.#queue[this.#head] as Pending
      if (!pending.settled) break
      if (pending.qos > 0) answers += 1
      this.#head += 1
    }
    const bytes = answers === 0 ? null : this.#encode(from, answers)
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    } else if (this.#head > 1_024) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return bytes
  }

  #encode(from: number, answers: number): Buffer {
    const bytes = Buffer.allocUnsafe(answers * 4)
    let at = 0
    for (let i = from; i < this.#head; i += 1) {
      const { qos, id } = this.#queue[i] as Pending
      if (qos === 0) continue
      bytes[at] = ACK_HEADERS[qos]
      bytes[at + 1] = 2
      bytes[at + 2] = id >> 8
      bytes[at + 3] = id & 0xff
      at += 4
    }
    return bytes
  }
}
