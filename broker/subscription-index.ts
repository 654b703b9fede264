// Subscriptions of sessions: by client to restore them, by topic to queue for them while their client is away.
import { filterTakes } from './mqtt-text.ts'

export interface StoredSubscription {
  readonly topic: string
  readonly qos: number
  readonly rh?: number
  readonly rap?: boolean
  readonly nl?: boolean
}

export class SubscriptionIndex {
  /** client → filter → subscription */
  readonly #byClient = new Map<string, Map<string, StoredSubscription>>()
  /** filter → clients with QoS > 0, without wildcards (found by a look-up) and with them (found by a scan). */
  readonly #exact = new Map<string, Set<string>>()
  readonly #wildcard = new Map<string, Set<string>>()

  get clients(): number {
    return this.#byClient.size
  }

  /** Subscriptions with QoS > 0. */
  get acknowledged(): number {
    let count = 0
    for (const filters of [this.#exact, this.#wildcard]) for (const clients of filters.values()) count += clients.size
    return count
  }

  add(clientId: string, subscriptions: readonly StoredSubscription[]): void {
    let own = this.#byClient.get(clientId)
    if (!own) this.#byClient.set(clientId, (own = new Map()))
    for (const subscription of subscriptions) {
      const { topic } = subscription
      const index = this.#indexOf(topic)
      if (subscription.qos > 0) {
        const clients = index.get(topic)
        if (clients) clients.add(clientId)
        else index.set(topic, new Set([clientId]))
      } else {
        this.#unindex(clientId, topic)
      }
      own.set(topic, { ...subscription })
    }
  }

  remove(clientId: string, filters: readonly string[]): void {
    const own = this.#byClient.get(clientId)
    if (!own) return
    for (const filter of filters) {
      if (own.delete(filter)) this.#unindex(clientId, filter)
    }
    if (own.size === 0) this.#byClient.delete(clientId)
  }

  clear(clientId: string): void {
    const own = this.#byClient.get(clientId)
    if (own) this.remove(clientId, [...own.keys()])
  }

  ofClient(clientId: string): StoredSubscription[] {
    return [...(this.#byClient.get(clientId)?.values() ?? [])].map((subscription) => ({ ...subscription }))
  }

  /** Every subscription with QoS > 0 that takes the topic. */
  taking(topic: string): (StoredSubscription & { clientId: string })[] {
    const found: (StoredSubscription & { clientId: string })[] = []
    for (const [filter, clients] of this.#wildcard) {
      if (filterTakes(filter, topic)) this.#collect(filter, clients, found)
    }
    const exact = this.#exact.get(topic)
    if (exact) this.#collect(topic, exact, found)
    return found
  }

  *clientsOf(filter: string): Generator<string> {
    for (const [clientId, own] of this.#byClient) if (own.has(filter)) yield clientId
  }

  #collect(filter: string, clients: Set<string>, found: (StoredSubscription & { clientId: string })[]): void {
    for (const clientId of clients) {
      const subscription = this.#byClient.get(clientId)?.get(filter)
      if (subscription) found.push({ clientId, ...subscription })
    }
  }

  #unindex(clientId: string, filter: string): void {
    const index = this.#indexOf(filter)
    const clients = index.get(filter)
    clients?.delete(clientId)
    if (clients?.size === 0) index.delete(filter)
  }

  #indexOf(filter: string): Map<string, Set<string>> {
    return filter.includes('+') || filter.includes('#') ? this.#wildcard : this.#exact
  }
}
