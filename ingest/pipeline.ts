// The path from a message to its acknowledgement: decode, decide, commit readings and journal side by side, then
// acknowledge in order and tell the screens. There is one writer; everything that changes an alarm passes through here.
//
// While one batch commits, the next is decided on top of it. A failed commit discards all staged state: nothing of it
// was acknowledged or told, memory is read back from the ledger, and what the store kept is decided again.
import { EVERYTHING } from '../records/scope.ts'
import { decide, nextDeadline } from './alarms/engine.ts'
import { initialState, parseState } from './alarms/state.ts'
import { Batch } from './batch.ts'
import { decodeNative } from './codecs/native.ts'
import { Counters } from './counters.ts'
import { StateFlush } from './flush.ts'
import { journalEntry } from './journal-entry.ts'
import { redactSample } from './redact.ts'
import { DueQueue } from './timers.ts'
import type { Act } from '../contract/alarms.ts'
import type { KindName } from '../contract/kinds/kind.ts'
import type { RejectionReason } from '../contract/payloads.ts'
import type { UpChannel } from '../contract/topics.ts'
import type { CommittedTransition, Journal, NewRejection } from '../records/ledger.ts'
import type { Decision, Input } from './alarms/types.ts'
import type { Done } from './batch.ts'
import type { Decoded, Rejected } from './codecs/codec.ts'
import type { Devices, Runtime } from './devices.ts'
import type { ActOutcome, Clock, FaultPoint, PipelineListener } from './ports.ts'
import type { ReadingStore, StoredEvent } from './readings/port.ts'

/** A PUBLISH, as the broker hands it over. */
export interface Message {
  readonly deviceId: string
  readonly channel: UpChannel
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly receivedAt: number
  readonly will: boolean
}

export interface PipelineOptions {
  readonly clock: Clock
  readonly devices: Devices
  readonly readings: ReadingStore
  readonly journal: Journal
  readonly listener: PipelineListener
  /** Inert except in tests that end the process at a named point. */
  readonly faultPoint?: (point: FaultPoint) => void
}

/** QoS 0 beyond this many undecided inputs is dropped and counted; QoS 1 is slowed by its own window. */
const MAX_QUEUED_INPUTS = 65_536
/** How often quiet devices' states are written, ms. */
const FLUSH_EVERY_MS = 5_000
/** A timer that comes this late means the process was stopped or starved: messages first, then timers. */
const LATE_MS = 2_000
/** Pauses between attempts to read memory back after a failed commit, ms. */
const RECOVERY_PAUSES = [100, 250, 500, 1_000, 2_000] as const
const TELL_PAGE = 1_000

type Phase = 'inert' | 'running' | 'recovering' | 'stopping' | 'stopped'

export class StorageUnavailable extends Error {}

export class Pipeline {
  readonly counters = new Counters()
  private readonly options: PipelineOptions
  private readonly due = new DueQueue<Runtime>()
  private readonly flush = new StateFlush()
  private phase: Phase = 'inert'
  private batch = new Batch(1)
  private committing: Batch | null = null
  private commitScheduled = false
  private nextPosition = 1
  private checkpoint = 0
  /** Newest sequence the listener has heard of. */
  private told = 0
  /** Open alarms: whose they are, and the newest sequence of each. */
  private readonly open = new Map<string, { runtime: Runtime; seq: number }>()
  private readonly waiting: (() => void)[] = []
  private dueTimer: NodeJS.Timeout | null = null
  private flushTimer: NodeJS.Timeout | null = null
  private idle: (() => void) | null = null

  constructor(options: PipelineOptions) {
    this.options = options
  }

  /** Restores every device, decides again what the store has and the ledger has not, and begins to take messages. */
  async start(storePosition: number): Promise<void> {
    this.told = await this.options.journal.head()
    await this.restore(storePosition)
    this.phase = 'running'
    this.flushTimer = setInterval(() => this.flushQuiet(), FLUSH_EVERY_MS)
    this.armTimers()
  }

  /** Finishes and acknowledges what was taken, writes every state, and takes nothing more. Idempotent. */
  async stop(): Promise<void> {
    if (this.phase === 'inert' || this.phase === 'stopping' || this.phase === 'stopped') return
    const recovering = this.phase === 'recovering'
    this.phase = 'stopping'
    if (this.flushTimer !== null) clearInterval(this.flushTimer)
    if (this.dueTimer !== null) clearTimeout(this.dueTimer)
    if (!recovering) {
      this.flush.begin(this.nextPosition - 1)
      this.schedule()
      await this.drained()
    }
    this.phase = 'stopped'
    for (const retry of this.waiting.splice(0)) retry()
  }

  /** Every input up to this position is decided, and the ledger says so. */
  get decided(): number {
    return this.checkpoint
  }

  /** Inputs that are taken and not yet durable. */
  get backlog(): number {
    return this.batch.inputs.length + (this.committing?.inputs.length ?? 0)
  }

  // ---- Taking --------------------------------------------------------------------------------------------------

  /** `done` follows the commit, in the order of the calls. */
  accept(message: Message, done: Done): void {
    if (this.phase === 'recovering') {
      this.waiting.push(() => this.accept(message, done))
      return
    }
    if (this.phase !== 'running') {
      done(new StorageUnavailable('the hub is stopping'))
      return
    }
    const runtime = this.options.devices.get(message.deviceId)
    const refusal = this.refuse(runtime, message)
    if (refusal === null) this.take(runtime as Runtime, message)
    else this.count(runtime ?? null, message, [{ reason: refusal, detail: '' }], 1)
    this.batch.dones.push(done)
    this.options.faultPoint?.('pipeline.decided')
    this.schedule()
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
    const decoded = decodeNative({
      deviceId,
      kind: kindOf(runtime),
      channel,
      payload,
      receivedAt,
      will,
      position: this.nextPosition,
      lastReceiptTs: runtime.lastReceiptTs,
    })
    this.options.faultPoint?.('pipeline.accepted')
    // Nothing asks for replies yet: the hub has sent no command that one could answer.
    const rejected: readonly Rejected[] =
      decoded.replies.length === 0
        ? decoded.rejected
        : [
            ...decoded.rejected,
            ...decoded.replies.map(({ id }) => ({ reason: 'unknown_command' as const, detail: id })),
          ]
    this.count(runtime, message, rejected, decoded.points)
    this.nextPosition += decoded.readings.length + decoded.events.length
    if (!will) this.heard(runtime, receivedAt)
    this.decideAll(runtime, decoded, rejected.length > 0, receivedAt)
  }

  private decideAll(runtime: Runtime, decoded: Decoded, rejected: boolean, receivedAt: number): void {
    const now = this.options.clock.now()
    const { batch } = this
    if (decoded.clockAheadMs > 0)
      this.stage(runtime, { type: 'clock_ahead', by: decoded.clockAheadMs }, now, receivedAt)
    for (const reading of decoded.readings) {
      if (reading.quality !== 'device') runtime.lastReceiptTs = Math.max(runtime.lastReceiptTs, reading.ts)
      if (!isEmpty(reading.values)) batch.inputs.push(reading)
      this.stage(runtime, reading, now, receivedAt)
    }
    for (const event of decoded.events) {
      if (event.quality !== 'device') runtime.lastReceiptTs = Math.max(runtime.lastReceiptTs, event.ts)
      batch.inputs.push(event)
      this.stage(runtime, inputOf(event), now, receivedAt)
    }
    if (rejected) this.stage(runtime, { type: 'rejected', count: 1 }, now, receivedAt)
  }

  private count(runtime: Runtime | null, message: Message, rejected: readonly Rejected[], points: number): void {
    this.counters.message(points, rejected)
    this.batch.points += points - rejected.length
    const [first] = rejected
    if (first === undefined || runtime === null) return
    const sample: NewRejection = {
      deviceId: runtime.profile.deviceId,
      at: message.receivedAt,
      reason: first.reason,
      topic: message.channel,
      detail: rejected
        .map(({ detail }) => detail)
        .filter(Boolean)
        .join(', ')
        .slice(0, 200),
      sample: redactSample(message.payload),
    }
    this.options.listener.rejected([sample])
  }

  private heard(runtime: Runtime, at: number): void {
    if (runtime.profile.lifecycle !== 'registered') return
    this.options.devices.setLifecycle(runtime, 'in_service')
    this.stage(runtime, { type: 'lifecycle', to: 'in_service' }, this.options.clock.now(), at)
    this.options.listener.inService(runtime.profile.deviceId)
  }

  /** A device's own connection opened or broke. The dot follows at once; alarms follow the rules' delays. */
  presence(deviceId: string, connected: boolean, at: number): void {
    const runtime = this.options.devices.get(deviceId)
    if (runtime === undefined) return
    runtime.connected = connected
    this.input(runtime, { type: 'connection', connected }, at)
  }

  /** Something about a device that no message said: a lifecycle step, the hub's own condition. */
  input(runtime: Runtime, input: Input, receivedAt: number | null = null): void {
    if (this.phase === 'recovering') {
      this.waiting.push(() => this.input(runtime, input, receivedAt))
      return
    }
    if (this.phase !== 'running') return
    this.stage(runtime, input, this.options.clock.now(), receivedAt)
    this.schedule()
  }

  /** Decides a human act; answers after its transition is durable. Rejects with StorageUnavailable when it cannot be. */
  submit(act: Act, address: string): Promise<ActOutcome> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        if (this.phase === 'recovering') this.waiting.push(attempt)
        else if (this.phase !== 'running') reject(new StorageUnavailable('the hub is stopping'))
        else this.decideAct(act, address, resolve, reject)
      }
      attempt()
    })
  }

  private decideAct(
    act: Act,
    address: string,
    resolve: (outcome: ActOutcome) => void,
    reject: (error: Error) => void,
  ): void {
    const entry = this.open.get(act.alarmId)
    if (entry === undefined) return resolve({ ok: false, refusal: 'closed' })
    const staged = this.batch.alarms.has(act.alarmId) || this.committing?.alarms.has(act.alarmId) === true
    if (act.seq !== null && (staged || act.seq !== entry.seq)) return resolve({ ok: false, refusal: 'stale' })
    const first = this.batch.entries.length
    const decision = this.stage(entry.runtime, { type: 'act', act }, this.options.clock.now(), null, address)
    if (decision.refusal !== null) return resolve({ ok: false, refusal: decision.refusal })
    this.batch.acts.push({ entry: first, resolve, reject })
    this.schedule()
  }

  // ---- Deciding ------------------------------------------------------------------------------------------------

  private stage(
    runtime: Runtime,
    input: Input,
    now: number,
    receivedAt: number | null,
    address: string | null = null,
  ): Decision {
    const { batch } = this
    const wasOnline = runtime.state.online
    const decision = decide(runtime.rules, runtime.state, input, now)
    if (runtime.batch !== batch.serial) {
      runtime.batch = batch.serial
      this.flush.touch(runtime)
    }
    runtime.state = decision.state
    if (decision.state.online !== wasOnline)
      this.options.listener.presence(runtime.profile.deviceId, decision.state.online, this.options.clock.wall())
    if (decision.transitions.length > 0) {
      batch.changed.add(runtime)
      const at = this.options.clock.wall()
      for (const transition of decision.transitions) {
        batch.alarms.add(transition.alarm.id)
        batch.entries.push(journalEntry(transition, runtime.placement, at, receivedAt, address))
      }
    }
    const due = nextDeadline(runtime.rules, runtime.state)
    if (due !== null) this.wantTick(runtime, due)
    return decision
  }

  private wantTick(runtime: Runtime, due: number): void {
    const before = this.due.peek()
    this.due.want(runtime, due)
    if (before === null || due < before) this.armTimers()
  }

  private armTimers(): void {
    if (this.phase !== 'running') return
    if (this.dueTimer !== null) clearTimeout(this.dueTimer)
    const due = this.due.peek()
    if (due === null) return
    const wait = Math.min(Math.max(0, due - this.options.clock.now()), 2 ** 31 - 1)
    this.dueTimer = setTimeout(() => this.onDue(), wait)
  }

  private onDue(): void {
    this.dueTimer = null
    if (this.phase !== 'running') return
    const due = this.due.peek()
    const now = this.options.clock.now()
    if (due !== null && now - due > LATE_MS) {
      // The process slept: what devices said meanwhile is in the sockets. Read it before judging anyone silent.
      this.dueTimer = setTimeout(() => this.tickDue(), LATE_MS)
      return
    }
    this.tickDue()
  }

  private tickDue(): void {
    this.dueTimer = null
    if (this.phase !== 'running') return
    const now = this.options.clock.now()
    for (const runtime of this.due.take(now)) {
      if (this.options.devices.get(runtime.profile.deviceId) === runtime)
        this.stage(runtime, { type: 'tick' }, now, null)
    }
    this.schedule()
    this.armTimers()
  }

  // ---- Committing ----------------------------------------------------------------------------------------------

  private flushQuiet(): void {
    if (this.phase === 'running' && this.flush.begin(this.nextPosition - 1)) this.schedule()
  }

  /** One commit at a time; a lone message goes at once, what arrives meanwhile goes together. */
  private schedule(): void {
    if (this.commitScheduled || this.committing !== null) return
    this.commitScheduled = true
    setImmediate(() => {
      this.commitScheduled = false
      void this.commitNext()
    })
  }

  private async commitNext(): Promise<void> {
    if (this.committing !== null || this.phase === 'recovering' || this.phase === 'stopped') return
    if (this.batch.empty && !this.flush.underWay) {
      this.idle?.()
      return
    }
    const { batch } = this
    this.committing = batch
    this.batch = new Batch(batch.serial + 1)
    this.options.faultPoint?.('pipeline.batch_taken')
    try {
      const committed = await this.write(batch)
      this.finish(batch, committed)
      this.committing = null
      this.schedule()
    } catch (error) {
      await this.recover(batch, error as Error)
    }
  }

  private async write(batch: Batch): Promise<readonly CommittedTransition[]> {
    const { readings, journal, faultPoint } = this.options
    faultPoint?.('pipeline.before_writes')
    const stored = batch.inputs.length > 0 ? readings.append(batch.inputs) : null
    faultPoint?.('pipeline.readings_started')
    const states = [...batch.changed]
    for (const runtime of states) this.flush.written(runtime)
    const quiet = this.flush.take(this.phase === 'stopping')
    batch.checkpoint = quiet.checkpoint
    states.push(...quiet.runtimes)
    const journalled =
      states.length > 0 || quiet.checkpoint !== null
        ? journal.append({
            entries: batch.entries,
            states: states.map(({ profile, state }) => ({
              deviceId: profile.deviceId,
              position: state.position,
              state: JSON.stringify(state),
            })),
            checkpoint: quiet.checkpoint,
          })
        : null
    faultPoint?.('pipeline.journal_started')
    // Both are awaited even if one fails: recovery must not begin while the other is still under way.
    const [first, second] = await Promise.allSettled([
      stored?.then(() => faultPoint?.('pipeline.readings_committed')),
      journalled?.then((done) => {
        faultPoint?.('pipeline.journal_committed')
        return done
      }),
    ])
    if (first.status === 'rejected') throw first.reason as Error
    if (second.status === 'rejected') throw second.reason as Error
    faultPoint?.('pipeline.both_committed')
    return second.value?.committed ?? []
  }

  private finish(batch: Batch, committed: readonly CommittedTransition[]): void {
    const { faultPoint, listener } = this.options
    this.counters.committed(batch.points)
    this.checkpoint = batch.checkpoint ?? this.checkpoint
    this.remember(committed)
    faultPoint?.('pipeline.before_told')
    for (const done of batch.dones) done()
    faultPoint?.('pipeline.acknowledged')
    if (committed.length > 0) listener.transitions(committed)
    if (batch.inputs.length > 0) listener.stored(batch.inputs)
    faultPoint?.('pipeline.told')
    for (const act of batch.acts) {
      act.resolve({ ok: true, transition: (committed[act.entry] as CommittedTransition).transition })
    }
  }

  private remember(committed: readonly CommittedTransition[]): void {
    for (const { transition } of committed) {
      const { alarm } = transition
      this.told = transition.seq
      const runtime = this.options.devices.get(alarm.deviceId)
      if (transition.type === 'closed' || runtime === undefined) this.open.delete(alarm.id)
      else this.open.set(alarm.id, { runtime, seq: transition.seq })
    }
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      this.idle = resolve
      this.schedule()
    })
  }

  // ---- Restoring -----------------------------------------------------------------------------------------------

  /** A commit failed or its outcome is unknown: refuse what depended on it, read memory back, go on. */
  private async recover(batch: Batch, cause: Error): Promise<void> {
    const { listener } = this.options
    const stopping = this.phase === 'stopping'
    this.phase = 'recovering'
    listener.storing(cause.message)
    const error = new StorageUnavailable(cause.message)
    for (const failed of [batch, this.batch]) {
      this.counters.failed(failed.points)
      failed.fail(error)
    }
    this.committing = null
    this.batch = new Batch(this.batch.serial + 1)
    if (stopping) {
      this.phase = 'stopped'
      this.idle?.()
      return
    }
    for (let attempt = 0; ; attempt++) {
      try {
        await this.tellMissed()
        const { position } = await this.options.readings.start()
        await this.restore(position)
        break
      } catch (again) {
        listener.storing((again as Error).message)
        await new Promise((resolve) =>
          setTimeout(resolve, RECOVERY_PAUSES[Math.min(attempt, RECOVERY_PAUSES.length - 1)]),
        )
        // `stop()` may have been called while this waited.
        if ((this.phase as Phase) !== 'recovering') return
      }
    }
    this.phase = 'running'
    listener.storing(null)
    this.armTimers()
    for (const retry of this.waiting.splice(0)) retry()
    this.schedule()
  }

  /** Transitions that the ledger took although its answer did not arrive. */
  private async tellMissed(): Promise<void> {
    for (;;) {
      const missed = await this.options.journal.after(EVERYTHING, this.told, TELL_PAGE)
      if (missed.length === 0) return
      this.options.listener.transitions(missed)
      this.told = (missed.at(-1) as CommittedTransition).transition.seq
    }
  }

  private async restore(storePosition: number): Promise<void> {
    const { journal, devices, clock } = this.options
    this.flush.reset()
    this.open.clear()
    const now = clock.now()
    for (const runtime of devices.all()) {
      runtime.state = initialState(runtime.profile, now)
    }
    for await (const row of journal.deviceStates()) {
      const runtime = devices.get(row.deviceId)
      if (runtime === undefined) continue
      runtime.state = parseState(row.state)
    }
    const { alarms } = await journal.snapshot(EVERYTHING)
    for (const alarm of alarms) {
      const runtime = devices.get(alarm.deviceId)
      if (runtime !== undefined) this.open.set(alarm.id, { runtime, seq: alarm.seq })
    }
    const { checkpoint, newest } = await journal.positions()
    this.nextPosition = Math.max(storePosition, newest) + 1
    this.checkpoint = checkpoint
    await this.decideAgain(checkpoint)
    // While the hub was away it heard nobody: that silence was its own.
    for (const runtime of devices.all()) {
      this.stage(runtime, { type: 'resumed' }, now, null)
      if (runtime.connected) this.stage(runtime, { type: 'connection', connected: true }, now, null)
    }
    await this.commitRestored()
  }

  /** Inputs that are stored but that no written state has taken in: the process ended between the two commits. */
  private async decideAgain(checkpoint: number): Promise<void> {
    for await (const input of this.options.readings.after(checkpoint)) {
      const runtime = this.options.devices.get(input.deviceId)
      if (runtime === undefined || input.position <= runtime.state.position) continue
      this.stage(runtime, input.type === 'reading' ? input : inputOf(input), input.receivedAt, input.receivedAt)
    }
  }

  private async commitRestored(): Promise<void> {
    if (this.batch.empty) return
    const { batch } = this
    this.batch = new Batch(batch.serial + 1)
    this.finish(batch, await this.write(batch))
  }
}

/** `refuse` lets nothing through for the hub itself. */
const kindOf = ({ profile }: Runtime): KindName => profile.kind as KindName

const inputOf = (event: StoredEvent): Input =>
  event.type === 'status'
    ? { ...event, type: 'status', online: event.name === 'online', will: event.data['will'] === true }
    : { ...event, type: 'event' }

function isEmpty(values: Readonly<Record<string, number>>): boolean {
  for (const _name in values) return false
  return true
}
