// A list of the hub, read page by page as it is scrolled. A new query forgets the answers of the old one.
import { CallError } from './client.ts'

export interface Answer<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
  readonly total: number
}

export class PagedList<Item> {
  items = $state.raw<readonly Item[]>([])
  total = $state.raw<number | null>(null)
  status = $state.raw<'loading' | 'ready' | 'failed'>('loading')
  error = $state.raw<unknown>(null)
  readonly #read: (cursor: string | undefined, signal: AbortSignal) => Promise<Answer<Item>>
  #next: string | null = null
  #running: AbortController | null = null

  constructor(read: (cursor: string | undefined, signal: AbortSignal) => Promise<Answer<Item>>) {
    this.#read = read
  }

  /** From the start. What is shown stays until the answer is there. */
  async reload(): Promise<void> {
    this.#running?.abort()
    await this.#load(undefined, () => [])
  }

  /** The next page, if there is one and none is on its way. */
  async more(): Promise<void> {
    if (this.#next === null || this.#running !== null || this.status === 'failed') return
    await this.#load(this.#next, () => this.items)
  }

  /** Shows a changed item without reading the list again. */
  replace(same: (item: Item) => boolean, item: Item): void {
    this.items = this.items.map((held) => (same(held) ? item : held))
  }

  async #load(cursor: string | undefined, before: () => readonly Item[]): Promise<void> {
    const running = new AbortController()
    this.#running = running
    this.status = 'loading'
    try {
      const answer = await this.#read(cursor, running.signal)
      if (running.signal.aborted) return
      this.items = [...before(), ...answer.items]
      this.total = answer.total
      this.#next = answer.next
      this.status = 'ready'
    } catch (error) {
      if (running.signal.aborted) return
      if (!(error instanceof CallError)) throw error
      this.error = error
      this.status = 'failed'
    } finally {
      if (this.#running === running) this.#running = null
    }
  }
}
