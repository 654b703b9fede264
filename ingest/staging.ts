// Decides what comes in and gathers it in the current batch: inputs for the store, transitions for the journal. All in
// memory; nothing here waits.
import type { KindName } from '../contract/kinds/kind.ts'
import type { RejectionReason } from '../contract/payloads.ts'
import { decide, nextDeadline } from './alarms/engine.ts'
import type { Decision, Input } from './alarms/types.ts'
import { Batch } from './batch.ts'
import type { Decoded, Rejected } from './codecs/codec.ts'
import { decodeNative } from './codecs/native.ts'
import type { Counters } from './counters.ts'
import type { Replies } from './commands/ports.ts'
import type { Devices, Runtime } from './devices.ts'
import type { StateFlush } from './flush.ts'
import { journalEntry } from './journal-entry.ts'
import type { Clock, FaultPoint, Message, PipelineListener } from './ports.ts'
import type { StoredEvent, StoredInput } from './readings/port.ts'
import { redactSample } from './redact.ts'
import { SiteWatch } from './site-watch.ts'
import type { Ticker } from './ticker.ts'

/** QoS 0 beyond this many undecided inputs is dropped and counted; QoS 1 is slowed by its own window. */
const MAX_QUEUED_INPUTS = 65_536

export interface StagingParts {
  readonly clock: Clock
  readonly devices: Devices
  readonly listener: PipelineListener
  readonly counters: Counters
  readonly flush: StateFlush
  readonly ticker: Ticker
  readonly replies: Replies
  readonly faultPoint: ((point: FaultPoint) => void) | undefined
}

/** What a decision is about beyond its input. */
interface Circumstances {
  /** Hub time of the decision. */
  readonly now: number
  /** Wall time of receipt of the message behind it; null: no message. */
  readonly receivedAt: number | null
  /** From where a person acted. */
  readonly address: string | null
}

export class Staging {
  batch = new Batch(1)
  /** Position of the newest input decided. */
  position = 0
  private readonly parts: StagingParts
  private readonly sites: SiteWatch

  constructor(parts: StagingParts) {
    this.parts = parts
    this.sites = new SiteWatch(parts.devices)
  }

  /** Takes the gathered batch away; what comes next gathers in a new one. */
  swap(): Batch {
    const { batch } = this
    this.batch = new Batch(batch.serial + 1)
    return batch
  }

  /** Decodes and decides one message, unless its place in a stream says that this was done before. */
  message(message: Message): void {
    const runtime = this.parts.devices.get(message.deviceId)
    const { position } = message
    if (position !== undefined && !this.isNew(runtime, position)) return
    const refusal = this.refuse(runtime, message)
    if (refusal === null) this.take(runtime as Runtime, message)
    else this.count(runtime ?? null, message, [{ reason: refusal, detail: '' }], 1)
    if (position !== undefined) this.reach(runtime, position)
    this.parts.faultPoint?.('pipeline.decided')
  }

  /** Whether the device has not taken in yet what stands there in its stream. */
  isNew(runtime: Runtime | undefined, position: number): boolean {
    if (runtime === undefined || runtime.state.position < position) return true
    this.position = Math.max(this.position, position)
    return false
  }

  /** What stands there is decided, even if it said nothing that counts: when the stream is read again, it is left out. */
  reach(runtime: Runtime | undefined, position: number): void {
    this.position = Math.max(this.position, position)
    if (runtime === undefined || runtime.state.position >= position) return
    runtime.state = { ...runtime.state, position }
    this.touch(runtime)
  }

  /** Makes sure that time alone will move it: for a state that was read and not decided. */
  expect(runtime: Runtime): void {
    const due = nextDeadline(runtime.rules, runtime.state)
    if (due !== null) this.parts.ticker.want(runtime, due)
  }

  /** Something about a device that no message said: presence, a lifecycle step, a timer, an act. */
  input(runtime: Runtime, input: Input, receivedAt: number | null = null, address: string | null = null): Decision {
    return this.decide(runtime, input, { now: this.parts.clock.now(), receivedAt, address })
  }

  /** A stored input that no written state has taken in: decided as it would have been when it came. */
  again(runtime: Runtime, stored: StoredInput): void {
    const { receivedAt } = stored
    this.decide(runtime, inputOf(stored), { now: receivedAt, receivedAt, address: null })
  }

  /**
   * Compares what a restored state says with the others of its site: a process may have ended between the transactions of
   * two devices that one decision concerned.
   */
  reconsider(runtime: Runtime): void {
    this.corroborate(runtime, { now: this.parts.clock.now(), receivedAt: null, address: null })
  }

  /** Why a message is not even looked at; null: its device is known and there is room. */
  private refuse(runtime: Runtime | undefined, message: Message): RejectionReason | null {
    if (runtime === undefined || runtime.profile.kind === 'hub') return 'unregistered_device'
    if (runtime.profile.lifecycle === 'retired') return 'retired_device'
    if (message.qos === 0 && this.batch.inputs.length >= MAX_QUEUED_INPUTS) return 'overload_qos0'
    return null
  }

  private take(runtime: Runtime, message: Message): void {
    const { deviceId, channel, payload, receivedAt, will } = message
    const native = decodeNative({
      deviceId,
      kind: kindOf(runtime),
      channel,
      payload,
      receivedAt,
      will,
      position: message.position ?? this.position + 1,
      lastReceiptTs: runtime.lastReceiptTs,
    })
    const decoded = message.position === undefined ? native : atOnePlace(native, message.position)
    this.parts.faultPoint?.('pipeline.accepted')
    const rejected =
      decoded.replies.length === 0 ? decoded.rejected : [...decoded.rejected, ...this.answered(deviceId, decoded)]
    this.count(runtime, message, rejected, decoded.points)
    if (message.position === undefined) this.position += decoded.readings.length + decoded.events.length
    const circumstances = { now: this.parts.clock.now(), receivedAt, address: null }
    if (!will && runtime.profile.lifecycle === 'registered') this.enterService(runtime, circumstances)
    this.decideAll(runtime, decoded, rejected.length > 0, circumstances)
  }

  /** What of the answers to commands was not taken; the others must be written down with this batch. */
  private answered(deviceId: string, { replies }: Decoded): Rejected[] {
    const rejected: Rejected[] = []
    for (const reply of replies) {
      const taken = this.parts.replies.take(deviceId, reply)
      if (typeof taken === 'string') rejected.push({ reason: taken, detail: reply.id })
      else {
        // It is waited for with the batch; until then nobody is there to hear of a failure.
        taken.catch(() => undefined)
        this.batch.writes.push(taken)
      }
    }
    return rejected
  }

  private enterService(runtime: Runtime, circumstances: Circumstances): void {
    this.parts.devices.setLifecycle(runtime, 'in_service')
    this.decide(runtime, { type: 'lifecycle', to: 'in_service' }, circumstances)
    this.parts.listener.inService(runtime.profile.deviceId)
  }

  private decideAll(runtime: Runtime, decoded: Decoded, rejected: boolean, circumstances: Circumstances): void {
    const { inputs } = this.batch
    if (decoded.clockAheadMs > 0) this.decide(runtime, { type: 'clock_ahead', by: decoded.clockAheadMs }, circumstances)
    for (const reading of decoded.readings) {
      if (reading.quality !== 'device') runtime.lastReceiptTs = Math.max(runtime.lastReceiptTs, reading.ts)
      if (!isEmpty(reading.values)) inputs.push(reading)
      this.decide(runtime, reading, circumstances)
    }
    for (const event of decoded.events) {
      if (event.quality !== 'device') runtime.lastReceiptTs = Math.max(runtime.lastReceiptTs, event.ts)
      inputs.push(event)
      this.decide(runtime, inputOf(event), circumstances)
    }
    if (rejected) this.decide(runtime, { type: 'rejected', count: 1 }, circumstances)
  }

  private count(runtime: Runtime | null, message: Message, rejected: readonly Rejected[], points: number): void {
    const { counters, listener } = this.parts
    counters.message(points, rejected)
    runtime?.counters.message(points, rejected)
    this.batch.points.add(points - rejected.length, runtime?.counters ?? null)
    const [first] = rejected
    if (first === undefined || runtime === null) return
    listener.rejected([
      {
        deviceId: runtime.profile.deviceId,
        at: message.receivedAt,
        reason: first.reason,
        topic: message.channel,
        detail: detailOf(rejected),
        sample: redactSample(message.payload),
      },
    ])
  }

  /** In the same batch as the decision that made the difference: acknowledged together, told together. */
  private corroborate(runtime: Runtime, circumstances: Circumstances): void {
    for (const { runtime: other, input } of this.sites.after(runtime)) this.decide(other, input, circumstances)
  }

  private decide(runtime: Runtime, input: Input, circumstances: Circumstances): Decision {
    const { batch, parts } = this
    const { now, receivedAt, address } = circumstances
    const { online: wasOnline, tracks } = runtime.state
    const decision = decide(runtime.rules, runtime.state, input, now)
    this.touch(runtime)
    runtime.state = decision.state
    if (decision.state.online !== wasOnline)
      parts.listener.presence(runtime.profile.deviceId, decision.state.online, parts.clock.wall())
    if (decision.transitions.length > 0) {
      batch.changed.add(runtime)
      const at = parts.clock.wall()
      for (const transition of decision.transitions) {
        batch.alarms.add(transition.alarm.id)
        const placement = runtime.placeOf?.(transition.alarm.channel) ?? runtime.placement
        batch.entries.push(journalEntry(transition, placement, at, receivedAt, address))
      }
    }
    this.expect(runtime)
    // Ordinary readings leave the tracks as they were.
    if (decision.state.tracks !== tracks && input.type !== 'corroborated') this.corroborate(runtime, circumstances)
    return decision
  }

  private touch(runtime: Runtime): void {
    const { batch, parts } = this
    if (runtime.batch === batch.serial) return
    runtime.batch = batch.serial
    parts.flush.touch(runtime)
  }
}

/** All samples of a message share its place in the stream: they are decided together, or together again. */
function atOnePlace(decoded: Decoded, position: number): Decoded {
  const { readings, events } = decoded
  if (readings.length + events.length <= 1) return decoded
  return {
    ...decoded,
    readings: readings.map((reading) => ({ ...reading, position })),
    events: events.map((event) => ({ ...event, position })),
  }
}

/** Longest list of what was wrong with one message. */
const MAX_DETAIL = 200

const detailOf = (rejected: readonly Rejected[]): string =>
  rejected
    .map(({ detail }) => detail)
    .filter(Boolean)
    .join(', ')
    .slice(0, MAX_DETAIL)

/** `refuse` lets nothing through for the hub itself. */
const kindOf = ({ profile }: Runtime): KindName => profile.kind as KindName

function inputOf(stored: StoredInput): Input {
  if (stored.type === 'reading') return stored
  return stored.type === 'status' ? statusOf(stored) : { ...stored, type: 'event' }
}

const statusOf = (event: StoredEvent): Input => ({
  ...event,
  type: 'status',
  online: event.name === 'online',
  will: event.data['will'] === true,
})

function isEmpty(values: Readonly<Record<string, number>>): boolean {
  for (const _name in values) return false
  return true
}
