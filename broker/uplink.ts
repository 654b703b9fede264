// What one client publishes: from PUBLISH through rate and route to its acknowledgement, in order.
//
// The hot path of the hub: no promise, no pattern, no log per message.
import { Acknowledgements, ANSWER, ANSWER_TO_QOS, Pending } from './acknowledgements.ts'
import type { Framer } from './framer.ts'
import { Hold, type Gate } from './gate.ts'
import { HeldMessages } from './held-messages.ts'
import type { InboundQos2 } from './inbound-qos2.ts'
import type { BrokerLimits } from './limits.ts'
import { isTopicName, readText } from './mqtt-text.ts'
import type { Identity, Policy, Publication, Route } from './policy.ts'
import type { RateLimiter } from './rate.ts'
import type { RefusalReason } from './refusals.ts'

/** What the publications of all connections share. */
export interface UplinkHost {
  readonly limits: BrokerLimits
  readonly policy: Policy
  readonly rate: RateLimiter
  /** True when all connections together hold as much as they may. */
  readonly overBudget: boolean
  taken(bytes: number): void
  settled(bytes: number, error: Error | undefined): void
}

/** The connection that an uplink belongs to. */
export interface UplinkEnd {
  readonly gate: Gate
  readonly isClosed: boolean
  write(bytes: Buffer): void
  refuse(reason: RefusalReason): void
  /** A device begins to be slowed. */
  slowed(deviceId: string): void
  /** An acknowledgement went out, or a waiting message moved on. */
  progressed(): void
}

const NOTHING = Buffer.alloc(0)

export class Uplink {
  readonly #host: UplinkHost
  readonly #end: UplinkEnd
  readonly #identity: Identity
  readonly #inbound: InboundQos2
  readonly #acks = new Acknowledgements()
  /** Made when the device is slowed for the first time: most never are. */
  #held: HeldMessages | null = null
  #heldTimer: NodeJS.Timeout | null = null
  #flushing = false
  #inFlight = 0
  #inFlightBytes = 0
  /** The last topic published to: devices repeat theirs, so its decision is kept. */
  #topicBytes: Buffer = NOTHING
  #topic = ''
  #route: Route | null = null

  constructor(host: UplinkHost, end: UplinkEnd, identity: Identity, inbound: InboundQos2) {
    this.#host = host
    this.#end = end
    this.#identity = identity
    this.#inbound = inbound
  }

  /** Messages wait for their device's rate: whatever comes behind them must wait too. */
  get isHolding(): boolean {
    return this.#held !== null && !this.#held.empty
  }

  /** Everything that was read has been answered. */
  get isIdle(): boolean {
    return !this.isHolding && this.#acks.length === 0
  }

  /** Takes the PUBLISH that the framer found. `now` is monotonic ms, `receivedAt` wall time. */
  publish(framer: Framer, now: number, receivedAt: number): void {
    const { bytes, start, end, header } = framer
    const qos = ((header >> 1) & 0x03) as 0 | 1 | 2 | 3
    if (qos === 3 || (qos === 0 && (header & 0x08) !== 0) || end - start < 2) {
      this.#end.refuse('malformed')
      return
    }
    const topicAt = start + 2
    const topicEnd = topicAt + (((bytes[start] as number) << 8) | (bytes[start + 1] as number))
    const payloadAt = qos === 0 ? topicEnd : topicEnd + 2
    if (payloadAt > end) {
      this.#end.refuse('malformed')
      return
    }
    const id = qos === 0 ? 0 : ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number)
    const route = qos > 0 && id === 0 ? 'malformed' : this.#routeOf(bytes, topicAt, topicEnd)
    if (typeof route === 'string') {
      this.#end.refuse(route)
      return
    }
    if (qos === 2 && !this.#isNew(id)) return
    const publication: Publication = {
      topic: this.#topic,
      payload: bytes.subarray(payloadAt, end),
      qos,
      retain: (header & 0x01) !== 0,
      receivedAt,
      will: false,
    }
    if (route.meter !== null && !this.#withinRate(route.meter, route, publication, id, now)) return
    this.#submit(route, publication, id)
  }

  /** PUBREL: answered in line, so that no PUBCOMP overtakes a PUBREC. */
  release(id: number): void {
    const release = new Pending(ANSWER.pubcomp, id)
    this.#acks.push(release)
    this.#inbound.release(id, (error) => this.#answer(release, error))
  }

  /** The connection is over: returns the acknowledgements that are due. */
  close(now: number): Buffer | null {
    const due = this.#acks.take()
    if (this.#heldTimer) clearTimeout(this.#heldTimer)
    this.#abandonHeld(now)
    return due
  }

  /** Where a topic leads; asked once for as long as a client stays on one topic. */
  #routeOf(bytes: Buffer, start: number, end: number): Route | RefusalReason {
    if (this.#route !== null && sameBytes(this.#topicBytes, bytes, start, end)) return this.#route
    const topic = readText(bytes, start, end)
    if (topic === null || !isTopicName(topic)) return 'malformed'
    const route = this.#host.policy.route(this.#identity, topic)
    this.#topic = topic
    if (typeof route !== 'string' && route.lasting) {
      this.#topicBytes = Buffer.from(bytes.subarray(start, end))
      this.#route = route
    } else {
      this.#route = null
    }
    return route
  }

  /** False when a QoS 2 PUBLISH repeats one that is committed or being committed; its PUBREC is seen to. */
  #isNew(id: number): boolean {
    const repeat = new Pending(ANSWER.pubrec, id)
    const arrival = this.#inbound.arrive(id, (error) => this.#answer(repeat, error))
    if (arrival === 'new') return true
    if (arrival === 'full') {
      this.#end.refuse('qos2_window')
      return false
    }
    this.#acks.push(repeat)
    if (arrival === 'committed') this.#answer(repeat)
    return false
  }

  #withinRate(meter: string, route: Route, publication: Publication, id: number, now: number): boolean {
    const waiting = this.isHolding
    const waitMs = waiting ? 0 : this.#host.rate.take(meter, now)
    if (!waiting && waitMs === 0) return true
    const { heldMessages, heldBytes } = this.#host.limits
    const held = (this.#held ??= new HeldMessages(heldMessages, heldBytes))
    held.push({ route, publication, id })
    if (held.full) this.#end.gate.hold(Hold.rate)
    if (!waiting) {
      this.#end.slowed(meter)
      this.#heldTimer = setTimeout(() => this.#releaseHeld(held), waitMs)
    }
    return false
  }

  #releaseHeld(waiting: HeldMessages): void {
    this.#heldTimer = null
    if (this.#end.isClosed) return
    const now = performance.now()
    for (let held = waiting.first; held; held = waiting.first) {
      const waitMs = this.#host.rate.take(held.route.meter as string, now)
      if (waitMs > 0) {
        this.#heldTimer = setTimeout(() => this.#releaseHeld(waiting), waitMs)
        break
      }
      waiting.shift()
      this.#submit(held.route, held.publication, held.id)
    }
    // A packet that waits behind the messages comes up again now, and holds the gate again if some are left.
    if (!waiting.full) this.#end.gate.release(Hold.rate)
    this.#end.progressed()
  }

  #submit(route: Route, publication: Publication, id: number): void {
    const pending = new Pending(ANSWER_TO_QOS[publication.qos], id, publication.payload.length)
    this.#acks.push(pending)
    this.#inFlight += 1
    this.#inFlightBytes += pending.bytes
    this.#host.taken(pending.bytes)
    this.#considerWindow()
    try {
      route.accept(publication, (error) => this.#settled(pending, error))
    } catch (error) {
      this.#settled(pending, error instanceof Error ? error : new Error(String(error)))
    }
  }

  #settled(pending: Pending, error?: Error): void {
    if (pending.reported) return
    pending.reported = true
    this.#inFlight -= 1
    this.#inFlightBytes -= pending.bytes
    this.#host.settled(pending.bytes, error)
    if (pending.answer === ANSWER.pubrec) this.#inbound.settle(pending.id, error)
    this.#answer(pending, error)
  }

  /** Marks a packet as answered; the answer goes out once all before it have. A failed QoS 0 message has no answer to spoil. */
  #answer(pending: Pending, error?: Error): void {
    if (error && pending.answer !== ANSWER.nothing) {
      this.#end.refuse('not_stored')
      return
    }
    pending.settled = true
    if (this.#flushing || this.#end.isClosed) return
    this.#flushing = true
    process.nextTick(this.#flush)
  }

  /** One write for everything that became safe in the same turn. */
  readonly #flush = (): void => {
    this.#flushing = false
    if (this.#end.isClosed) return
    const bytes = this.#acks.take()
    if (bytes !== null) this.#end.write(bytes)
    this.#considerWindow()
    this.#end.progressed()
  }

  /** Takes no more while too much is not yet safe; half of it must be before reading goes on. */
  #considerWindow(): void {
    const { gate } = this.#end
    const { inFlightMessages, inFlightBytes } = this.#host.limits
    const queued = this.#acks.length
    if (!gate.isHeld(Hold.window)) {
      const full = queued >= inFlightMessages || this.#inFlightBytes >= inFlightBytes
      if (full || (this.#inFlight > 0 && this.#host.overBudget)) gate.hold(Hold.window)
    } else if (queued <= inFlightMessages / 2 && this.#inFlightBytes <= inFlightBytes / 2) {
      // Over the common budget every connection may still have one message on its way, so that none starves.
      if (this.#inFlight === 0 || !this.#host.overBudget) gate.release(Hold.window)
    }
  }

  /** Waiting QoS 0 messages have no sender that would repeat them: they go now, on their device's account. */
  #abandonHeld(now: number): void {
    for (let held = this.#held?.shift(); held; held = this.#held?.shift()) {
      const { route, publication, id } = held
      if (publication.qos === 2) this.#inbound.settle(id, new Error('connection closed'))
      if (publication.qos > 0) continue
      this.#host.rate.charge(route.meter as string, now)
      this.#submit(route, publication, id)
    }
  }
}

function sameBytes(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = 0; i < known.length; i += 1) if (known[i] !== bytes[start + i]) return false
  return true
}
