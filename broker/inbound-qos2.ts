// The receiving half of QoS 2 (§4.3.3) for one session: a packet id is committed once, however often its PUBLISH is repeated,
// on this connection or on the next one of the same session.

type Done = (error?: Error) => void

/** What a PUBLISH with this id is. */
export type Arrival = 'new' | 'committing' | 'committed' | 'full'

export class InboundQos2 {
  /** Null: committed, waiting for PUBREL. A list: being committed; who else waits for the outcome. */
  #ids: Map<number, Done[] | null> | null = null
  readonly #window: number

  constructor(window: number) {
    this.#window = window
  }

  get size(): number {
    return this.#ids?.size ?? 0
  }

  /** `repeated` is called with the outcome when another PUBLISH with this id is already being committed. */
  arrive(id: number, repeated: Done): Arrival {
    // Made with the first message: most sessions never send one at QoS 2.
    const ids = (this.#ids ??= new Map())
    const waiting = ids.get(id)
    if (waiting === null) return 'committed'
    if (waiting !== undefined) {
      // One waiter a connection would do; more than a few repeats in flight are a client gone wrong.
      if (waiting.length >= 8) return 'full'
      waiting.push(repeated)
      return 'committing'
    }
    if (ids.size >= this.#window) return 'full'
    ids.set(id, [])
    return 'new'
  }

  /** The outcome of a new one. A failure forgets the id, so that the repeat is new again. */
  settle(id: number, error?: Error): void {
    const ids = this.#ids
    const waiting = ids?.get(id)
    if (!ids || !waiting) return
    if (error) ids.delete(id)
    else ids.set(id, null)
    for (const done of waiting) done(error)
  }

  /** PUBREL: the id is free again, once what it names has been committed; `done` tells when that is. */
  release(id: number, done: Done): void {
    const ids = this.#ids
    const waiting = ids?.get(id)
    if (!ids || !waiting) {
      ids?.delete(id)
      done()
      return
    }
    waiting.push((error) => {
      if (!error) ids.delete(id)
      done(error)
    })
  }
}
