// The acknowledgements that are owed on one connection: given in the order in which the messages came, each after its commit.
const PUBACK = 0x40

interface Debt {
  /** Packet id; null: QoS 0, nobody waits for an answer. */
  readonly id: number | null
  settled: boolean
}

export class Owed {
  #debts: Debt[] = []

  /** Messages that came and are not acknowledged. */
  get length(): number {
    return this.#debts.length
  }

  /** A message came; call what is answered when it is durable. */
  add(id: number | null): () => void {
    const debt: Debt = { id, settled: false }
    this.#debts.push(debt)
    return () => {
      debt.settled = true
    }
  }

  /** The PUBACKs that are due, as they go on the wire; null: none. The same bytes in MQTT 3.1.1 and 5. */
  take(): Buffer | null {
    const next = this.#debts.findIndex(({ settled }) => !settled)
    const due = this.#debts.splice(0, next === -1 ? this.#debts.length : next)
    const bytes = due.flatMap(({ id }) => (id === null ? [] : [PUBACK, 2, id >> 8, id & 0xff]))
    return bytes.length === 0 ? null : Buffer.from(bytes)
  }
}
