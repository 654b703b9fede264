// What the broker core remembers between packets: subscriptions of sessions, messages queued for them, retained messages and
// wills. All of it is in memory and all of it is bounded. It answers in one turn of the event loop, so that nothing is overtaken
// while it "stores". The method names are those of the core's persistence contract, whose abstract suite it passes.
//
// Inbound QoS 2 is settled at the door (inbound-qos2.ts); the core asks for it only when something publishes behind the door.
import { Readable } from 'node:stream'
import { filterTakes } from './mqtt-text.ts'
import { SubscriptionIndex, type StoredSubscription } from './subscription-index.ts'

interface ClientRef {
  readonly id: string
}

/** A packet of the core; PUBREL entries of a queue carry only `cmd` and `messageId`. */
export interface CorePacket {
  cmd: string
  messageId?: number | undefined
  brokerId?: string
  brokerCounter?: number
  topic?: string
  payload?: Buffer
  qos?: number
  retain?: boolean
  dup?: boolean
  clientId?: string
}

export interface PersistenceLimits {
  readonly sessionMessages: number
  readonly retainedMessages: number
  readonly retainedBytes: number
}

export interface PersistenceDrops {
  /** A session's queue was full. */
  queued: number
  /** Too many or too large to be retained. */
  retained: number
}

/** Messages on their way to one session, in order, found by the core's counter or by packet id. */
interface Queue {
  readonly packets: Map<string, CorePacket>
  readonly keyOfId: Map<number, string>
}

const keyOf = (packet: CorePacket): string => `${packet.brokerId}:${packet.brokerCounter}`

export class BoundedPersistence {
  readonly drops: PersistenceDrops = { queued: 0, retained: 0 }
  broker: { id: string } = { id: '' }
  readonly #limits: PersistenceLimits
  readonly #retained = new Map<string, CorePacket>()
  readonly #subscriptions = new SubscriptionIndex()
  readonly #outgoing = new Map<string, Queue>()
  readonly #incoming = new Map<string, Map<number, CorePacket>>()
  readonly #wills = new Map<string, CorePacket>()

  constructor(limits: PersistenceLimits) {
    this.#limits = limits
  }

  get retainedCount(): number {
    return this.#retained.size
  }

  get queuedCount(): number {
    let count = 0
    for (const queue of this.#outgoing.values()) count += queue.packets.size
    return count
  }

  /** A packet id above all that a session still waits for; 1 when that leaves none. */
  freePacketId(clientId: string): number {
    let highest = 0
    for (const id of this.#outgoing.get(clientId)?.keyOfId.keys() ?? []) highest = Math.max(highest, id)
    return highest >= 0xffff ? 1 : highest + 1
  }

  /** Ends a session: nothing of it is left. */
  dropSession(clientId: string): void {
    this.#subscriptions.clear(clientId)
    this.#outgoing.delete(clientId)
    this.#incoming.delete(clientId)
  }

  retain(packet: CorePacket & { topic: string; payload: Buffer }): void {
    if (packet.payload.length === 0) {
      this.#retained.delete(packet.topic)
    } else if (
      packet.payload.length > this.#limits.retainedBytes ||
      (this.#retained.size >= this.#limits.retainedMessages && !this.#retained.has(packet.topic))
    ) {
      this.drops.retained += 1
    } else {
      this.#retained.set(packet.topic, { ...packet })
    }
  }

  dropRetained(topic: string): void {
    this.#retained.delete(topic)
  }

  // The core checks that `setup` is an async function.
  async setup(broker: { id: string }): Promise<void> {
    this.broker = broker
  }

  async storeRetained(packet: CorePacket & { topic: string; payload: Buffer }): Promise<void> {
    this.retain(packet)
  }

  createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter])
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.#retainedUnder(filters))
  }

  *#retainedUnder(filters: readonly string[]): Generator<CorePacket> {
    for (const filter of filters) {
      if (!filter.includes('+') && !filter.includes('#')) {
        const packet = this.#retained.get(filter)
        if (packet) yield packet
        continue
      }
      for (const [topic, packet] of this.#retained) if (filterTakes(filter, topic)) yield packet
    }
  }

  async addSubscriptions(client: ClientRef, subscriptions: readonly StoredSubscription[]): Promise<void> {
    this.#subscriptions.add(client.id, subscriptions)
  }

  async removeSubscriptions(client: ClientRef, filters: readonly string[]): Promise<void> {
    this.#subscriptions.remove(client.id, filters)
  }

  async subscriptionsByClient(client: ClientRef): Promise<StoredSubscription[]> {
    return this.#subscriptions.ofClient(client.id)
  }

  async subscriptionsByTopic(topic: string): Promise<(StoredSubscription & { clientId: string })[]> {
    return this.#subscriptions.taking(topic)
  }

  async cleanSubscriptions(client: ClientRef): Promise<void> {
    this.dropSession(client.id)
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    return { subsCount: this.#subscriptions.acknowledged, clientsCount: this.#subscriptions.clients }
  }

  getClientList(filter: string): Readable {
    return Readable.from(this.#subscriptions.clientsOf(filter))
  }

  async outgoingEnqueue(subscription: { clientId: string }, packet: CorePacket): Promise<void> {
    this.#enqueue(subscription.clientId, packet)
  }

  async outgoingEnqueueCombi(subscriptions: readonly { clientId: string }[], packet: CorePacket): Promise<void> {
    for (const { clientId } of subscriptions) this.#enqueue(clientId, packet)
  }

  /** Gives a queued packet its packet id, or replaces a PUBLISH by its PUBREL. */
  async outgoingUpdate(client: ClientRef, packet: CorePacket): Promise<void> {
    const queue = this.#outgoing.get(client.id)
    const key = packet.brokerId === undefined ? queue?.keyOfId.get(packet.messageId ?? 0) : keyOf(packet)
    const queued = key === undefined ? undefined : queue?.packets.get(key)
    if (!queue || key === undefined || !queued) throw new Error('no such packet')
    if (packet.brokerId === undefined) {
      queue.packets.set(key, packet)
      return
    }
    if (queued.messageId !== undefined && queue.keyOfId.get(queued.messageId) === key) {
      queue.keyOfId.delete(queued.messageId)
    }
    queued.messageId = packet.messageId
    if (packet.messageId !== undefined) queue.keyOfId.set(packet.messageId, key)
  }

  /** Forgets the packet with this packet id and returns it. */
  async outgoingClearMessageId(client: ClientRef, packet: CorePacket): Promise<CorePacket | undefined> {
    const queue = this.#outgoing.get(client.id)
    const key = packet.messageId === undefined ? undefined : queue?.keyOfId.get(packet.messageId)
    if (!queue || key === undefined) return undefined
    const queued = queue.packets.get(key)
    queue.packets.delete(key)
    queue.keyOfId.delete(packet.messageId as number)
    if (queue.packets.size === 0) this.#outgoing.delete(client.id)
    return queued
  }

  outgoingStream(client: ClientRef): Readable {
    return Readable.from([...(this.#outgoing.get(client.id)?.packets.values() ?? [])])
  }

  async incomingStorePacket(client: ClientRef, packet: CorePacket): Promise<void> {
    let packets = this.#incoming.get(client.id)
    if (!packets) this.#incoming.set(client.id, (packets = new Map()))
    packets.set(packet.messageId ?? 0, copyOf(packet, packet.messageId))
  }

  async incomingGetPacket(client: ClientRef, packet: CorePacket): Promise<CorePacket> {
    const stored = this.#incoming.get(client.id)?.get(packet.messageId ?? 0)
    if (!stored) throw new Error('no such packet')
    return stored
  }

  async incomingDelPacket(client: ClientRef, packet: CorePacket): Promise<void> {
    if (!this.#incoming.get(client.id)?.delete(packet.messageId ?? 0)) throw new Error('no such packet')
  }

  async cleanIncoming(client: ClientRef): Promise<void> {
    this.#incoming.delete(client.id)
  }

  async putWill(client: ClientRef, will: CorePacket): Promise<void> {
    will.brokerId = this.broker.id
    will.clientId = client.id
    this.#wills.set(client.id, will)
  }

  async getWill(client: ClientRef): Promise<CorePacket | undefined> {
    return this.#wills.get(client.id)
  }

  async delWill(client: ClientRef): Promise<CorePacket | undefined> {
    const will = this.#wills.get(client.id)
    this.#wills.delete(client.id)
    return will
  }

  /** Wills left behind by other brokers than these. */
  streamWill(brokers: Readonly<Record<string, unknown>> = {}): Readable {
    return Readable.from([...this.#wills.values()].filter((will) => !brokers[will.brokerId ?? '']))
  }

  async destroy(): Promise<void> {
    this.#retained.clear()
    this.#outgoing.clear()
    this.#incoming.clear()
    this.#wills.clear()
  }

  #enqueue(clientId: string, packet: CorePacket): void {
    let queue = this.#outgoing.get(clientId)
    if (!queue) this.#outgoing.set(clientId, (queue = { packets: new Map(), keyOfId: new Map() }))
    if (queue.packets.size >= this.#limits.sessionMessages) {
      this.drops.queued += 1
      return
    }
    queue.packets.set(keyOf(packet), copyOf(packet, undefined))
  }
}

/** The fields of a packet that are stored, whatever else a received one carries. */
function copyOf(packet: CorePacket, messageId: number | undefined): CorePacket {
  return {
    cmd: packet.cmd,
    brokerId: packet.brokerId ?? '',
    brokerCounter: packet.brokerCounter ?? 0,
    topic: packet.topic ?? '',
    payload: packet.payload ?? Buffer.alloc(0),
    qos: packet.qos ?? 0,
    retain: packet.retain ?? false,
    dup: packet.dup ?? false,
    messageId,
  }
}
