// The acknowledgements of one connection, in the order its messages came (MQTT-4.6.0-2, -3), however unevenly they become safe.

/** What is answered: nothing (QoS 0), PUBACK, PUBREC, PUBCOMP, as the first byte of the packet. */
export const ANSWER = { nothing: 0, puback: 0x40, pubrec: 0x50, pubcomp: 0x70 } as const
export type Answer = (typeof ANSWER)[keyof typeof ANSWER]

/** The answer to a PUBLISH, by its QoS. */
export const ANSWER_TO_QOS = [ANSWER.nothing, ANSWER.puback, ANSWER.pubrec] as const

/** One message on its way to becoming safe, or another packet whose answer waits in the same line. */
export class Pending {
  /** Its route has called back; a second call is ignored. */
  reported = false
  /** It may be acknowledged. */
  settled = false
  readonly answer: Answer
  readonly id: number
  /** Payload bytes it holds in memory. */
  readonly bytes: number

  constructor(answer: Answer, id: number, bytes = 0) {
    this.answer = answer
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
      if (pending.answer !== ANSWER.nothing) answers += 1
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
      const { answer, id } = this.#queue[i] as Pending
      if (answer === ANSWER.nothing) continue
      bytes[at] = answer
      bytes[at + 1] = 2
      bytes[at + 2] = id >> 8
      bytes[at + 3] = id & 0xff
      at += 4
    }
    return bytes
  }
}
