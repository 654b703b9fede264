// Messages of one connection that wait for their device's rate limit: in order, bounded by count and bytes.
import type { Publication, Route } from './policy.ts'

export interface Held {
  readonly route: Route
  readonly publication: Publication
  readonly id: number
}

export class HeldMessages {
  readonly #queue: Held[] = []
  #bytes = 0
  readonly #maxMessages: number
  readonly #maxBytes: number

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages
    this.#maxBytes = maxBytes
  }

  get empty(): boolean {
    return this.#queue.length === 0
  }

  get full(): boolean {
    return this.#queue.length >= this.#maxMessages || this.#bytes >= this.#maxBytes
  }

  get first(): Held | undefined {
    return this.#queue[0]
  }

  push(held: Held): void {
    this.#queue.push(held)
    this.#bytes += held.publication.payload.length
  }

  shift(): Held | undefined {
    const held = this.#queue.shift()
    if (held) this.#bytes -= held.publication.payload.length
    return held
  }
}
