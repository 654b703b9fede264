// The path from a message to its acknowledgement: decide, commit readings and journal side by side, then acknowledge in
// order and tell the screens. There is one writer; everything that changes an alarm passes through here.
//
// While batches commit, the next is decided on top of them. A failed commit discards all staged state: nothing of it
// was acknowledged or told, memory is read back from the ledger, and what the store kept is decided again. Where inputs come
// from a stream that keeps them, the pipeline ends instead, and whoever reads the stream begins with a new one.
import type { Act } from '../contract/alarms.ts'
import type { CommittedTransition, Journal } from '../records/ledger.ts'
import { EVERYTHING } from '../records/scope.ts'
import { Acts } from './acts.ts'
import type { StreamRequest } from './acts.ts'
import type { Input } from './alarms/types.ts'
import type { Batch, Done } from './batch.ts'
import { commit } from './commit.ts'
import type { Commit, Committed } from './commit.ts'
import { CommitTimes } from './commit-times.ts'
import { Counters } from './counters.ts'
import type { Replies } from './commands/ports.ts'
import type { Devices, Runtime } from './devices.ts'
import { StateFlush } from './flush.ts'
import { OpenAlarms } from './open-alarms.ts'
import type { ActOutcome, Clock, FaultPoint, Message, PipelineListener } from './ports.ts'
import type { ReadingStore } from './readings/port.ts'
import { restore } from './restore.ts'
import { Staging } from './staging.ts'
import { Ticker } from './ticker.ts'

export interface PipelineOptions {
  readonly clock: Clock
  readonly devices: Devices
  readonly readings: Pick<ReadingStore, 'start' | 'append' | 'after'>
  readonly journal: Journal
  readonly listener: PipelineListener
  /** Who takes what devices answer to commands; none: every answer is rejected as unasked. */
  readonly replies?: Replies
  /**
   * Where inputs come from a stream that keeps them and goes on listening while nobody decides: a commit failed, or its
   * outcome is not known, and what is in memory counts no more. Called once; nothing is taken any more.
   */
  readonly lost?: (cause: Error) => void
  /** Inert except in tests that end the process at a named point. */
  readonly faultPoint?: (point: FaultPoint) => void
}

/** How often quiet devices' states are written, ms. */
const FLUSH_EVERY_MS = 5_000
/** Pauses between attempts to read memory back after a failed commit, ms. */
const RECOVERY_PAUSES = [100, 250, 500, 1_000, 2_000] as const
/** Transitions told at once after a failure. */
const TELL_PAGE = 1_000

/** Inputs that are worth a commit of their own while another runs, and how many commits may then be under way. */
const BIG_BATCH = 1_024
const BIG_IN_FLIGHT = 3
/** Commits under way at most: an alarm does not wait for a store that is slow with other devices' readings. */
const MAX_IN_FLIGHT = 16

interface Flight extends Commit {
  readonly batch: Batch
  /** When it was closed, on the process's monotonic clock. */
  readonly since: number
}

const NO_COMMANDS: Replies = { take: () => 'unknown_command' }

type Phase = 'inert' | 'running' | 'recovering' | 'stopping' | 'stopped'

export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
}

export class Pipeline {
  readonly counters = new Counters()
  readonly commits = new CommitTimes()
  private readonly options: PipelineOptions
  private readonly flush = new StateFlush()
  private readonly open: OpenAlarms
  private readonly acts: Acts
  private readonly ticker: Ticker
  private readonly staging: Staging
  private phase: Phase = 'inert'
  /** Oldest first; they finish in this order. */
  private inFlight: Flight[] = []
  private landing: Promise<void> = Promise.resolve()
  private commitScheduled = false
  private checkpoint = 0
  /** Newest sequence the listener has heard of. */
  private told = 0
  /** Calls that came while memory was being read back, in their order. */
  private readonly waiting: (() => void)[] = []
  private flushTimer: NodeJS.Timeout | null = null
  private drained: (() => void) | null = null

  constructor(options: PipelineOptions) {
    const { clock, devices, listener, replies = NO_COMMANDS, faultPoint } = options
    const { counters, flush } = this
    this.options = options
    this.open = new OpenAlarms(devices)
    this.ticker = new Ticker(clock, (runtimes) => this.tick(runtimes))
    this.staging = new Staging({ clock, devices, listener, counters, flush, ticker: this.ticker, replies, faultPoint })
    this.acts = new Acts({
      clock,
      devices,
      journal: options.journal,
      open: this.open,
      staging: this.staging,
      inFlight: () => this.inFlight.map((flight) => flight.batch),
      whenRunning: (work, reject) => this.whenRunning(work, reject),
      schedule: () => this.schedule(),
    })
  }

  /**
   * Restores every device, decides again what the store has and the ledger has not, and begins to take messages. Timers of
   * what comes from a stream wait for `keepTime`.
   */
  async start(storePosition: number): Promise<void> {
    this.told = await this.options.journal.head()
    await this.restore(storePosition)
    this.phase = 'running'
    this.flushTimer = setInterval(() => this.flushQuiet(), FLUSH_EVERY_MS)
    if (this.options.lost === undefined) this.keepTime()
  }

  /** Begins to look at the clock, or looks at it anew: everything is decided that came before this instant of it. */
  keepTime(): void {
    if (this.phase === 'running') this.ticker.start()
  }

  /** Finishes and acknowledges what was taken, writes every state, and takes nothing more. Idempotent. */
  async stop(): Promise<void> {
    if (this.phase === 'inert' || this.phase === 'stopping' || this.phase === 'stopped') return
    const mayWrite = this.phase === 'running'
    this.phase = 'stopping'
    if (this.flushTimer !== null) clearInterval(this.flushTimer)
    this.ticker.stop()
    if (mayWrite) {
      await new Promise<void>((resolve) => {
        this.drained = resolve
        this.beginFlush()
        this.schedule()
      })
    }
    this.phase = 'stopped'
    for (const retry of this.waiting.splice(0)) retry()
  }

  /** Ends at once: what is decided and not durable is decided again by whoever comes next. Idempotent. */
  abandon(cause: Error): void {
    if (this.phase === 'inert' || this.phase === 'stopped') return
    this.phase = 'stopped'
    if (this.flushTimer !== null) clearInterval(this.flushTimer)
    this.ticker.stop()
    this.discard([...this.inFlight.splice(0).map(({ batch }) => batch), this.staging.swap()], cause)
    this.drained?.()
  }

  /** Every input up to this position is decided, and the ledger says so. */
  get decided(): number {
    return this.checkpoint
  }

  /** What was taken and is not durable yet. */
  get backlog(): { readonly batches: number; readonly messages: number; readonly points: number } {
    const batches = [...this.inFlight.map((flight) => flight.batch), this.staging.batch]
    return {
      batches: this.inFlight.length,
      messages: batches.reduce((sum, batch) => sum + batch.dones.length, 0),
      points: this.counters.snapshot().pending,
    }
  }

  // ── taking ──

  /** `done` follows the commit, in the order of the calls. */
  accept(message: Message, done: Done): void {
    if (this.phase === 'recovering') {
      this.waiting.push(() => this.accept(message, done))
    } else if (this.phase === 'running') {
      this.staging.message(message)
      this.staging.batch.dones.push(done)
      this.schedule()
    } else done(new StorageUnavailable('the hub is stopping'))
  }

  /**
   * A device's own connection opened or broke. The dot follows at once; alarms follow the rules' delays. One that took leave
   * `politely`, or was sent away, has not dropped out: it is there until it is silent for too long.
   */
  presence(deviceId: string, connected: boolean, at: number, politely = false): void {
    const runtime = this.options.devices.get(deviceId)
    if (runtime === undefined) return
    runtime.connected = connected
    if (!politely) this.input(runtime, { type: 'connection', connected }, at)
  }

  /** What stands in a stream and is neither message nor request: taken once. Null: nothing that concerns an alarm. */
  inputAt(deviceId: string, position: number, input: Input | null, receivedAt: number | null = null): void {
    const { devices } = this.options
    const runtime = devices.get(deviceId)
    if (this.phase !== 'running' || !this.staging.isNew(runtime, position)) return
    if (runtime !== undefined && input !== null) this.staging.input(runtime, input, receivedAt)
    this.staging.reach(runtime, position)
    this.schedule()
  }

  /** Whether the device has not taken in yet what stands there in its stream. */
  isNew(deviceId: string, position: number): boolean {
    return this.staging.isNew(this.options.devices.get(deviceId), position)
  }

  /** Nothing up to there in the stream waits any more. */
  pass(position: number): void {
    if (this.phase === 'running') this.staging.reach(undefined, position)
  }

  /** Nobody could be heard for so long; Infinity: for nobody knows how long. */
  deaf(away: number): void {
    const input: Input = away === Infinity ? { type: 'resumed' } : { type: 'resumed', away }
    for (const runtime of this.options.devices.all()) this.input(runtime, input)
  }

  /** Something about a device that no message said: presence, a lifecycle step, the hub's own condition. */
  input(runtime: Runtime, input: Input, receivedAt: number | null = null): void {
    if (this.phase === 'recovering') {
      this.waiting.push(() => this.input(runtime, input, receivedAt))
    } else if (this.phase === 'running') {
      this.decideAlone(runtime, input, receivedAt)
      this.schedule()
    }
  }

  /** What cannot be decided costs its partition, and not the process with all others of it. */
  private decideAlone(runtime: Runtime, input: Input, receivedAt: number | null = null): void {
    try {
      this.staging.input(runtime, input, receivedAt)
    } catch (error) {
      if (this.options.lost === undefined) throw error
      this.lose(error as Error)
    }
  }

  /** Decides a human act; answers after its transition is durable. Rejects with StorageUnavailable when it cannot be. */
  submit(act: Act, address: string): Promise<ActOutcome> {
    return this.acts.submit(act, address)
  }

  /** See `Acts.requested`. */
  requested(act: Act, address: string, request: StreamRequest, word: (outcome: ActOutcome) => string): Promise<void> {
    return this.acts.requested(act, address, request, word)
  }

  /** See `Acts.answered`. */
  answered(request: StreamRequest, body: string): void {
    if (this.phase === 'running') this.acts.answered(request, body)
  }

  /** Tells whoever asked by way of a stream what became of a request that was taken before. */
  tellOf(requestId: string, body: string): void {
    if (this.phase !== 'running') return
    this.staging.batch.answers.push({ requestId, entry: null, body: () => body })
    this.schedule()
  }

  /** Now, or when memory has been read back. */
  private whenRunning(work: () => void, reject: (error: Error) => void): void {
    if (this.phase === 'recovering') this.waiting.push(() => this.whenRunning(work, reject))
    else if (this.phase !== 'running') reject(new StorageUnavailable('the hub is stopping'))
    else work()
  }

  private tick(runtimes: readonly Runtime[]): void {
    for (const runtime of runtimes) {
      const { deviceId } = runtime.profile
      if (this.options.devices.get(deviceId) === runtime) this.decideAlone(runtime, { type: 'tick' })
    }
    this.schedule()
  }

  private flushQuiet(): void {
    if (this.phase === 'running' && this.beginFlush()) this.schedule()
  }

  /** Of a stream the position alone is worth writing down: it is read from there. */
  private beginFlush(): boolean {
    const { position } = this.staging
    return this.flush.begin(position, this.options.lost !== undefined && position > this.checkpoint)
  }

  // ── committing ──

  private schedule(): void {
    if (this.commitScheduled) return
    this.commitScheduled = true
    setImmediate(() => {
      this.commitScheduled = false
      this.commitNext()
    })
  }

  private commitNext(): void {
    if (this.phase !== 'running' && this.phase !== 'stopping') return
    if (this.staging.batch.empty && !this.flush.underWay) {
      if (this.inFlight.length === 0) this.drained?.()
    } else if (this.worthACommit()) this.launch()
  }

  /** A lone message goes at once. While commits run, what arrives goes together; alarms and big batches do not wait. */
  private worthACommit(): boolean {
    const { inputs, entries, answers } = this.staging.batch
    const { length } = this.inFlight
    if (length === 0) return true
    return entries.length + answers.length > 0
      ? length < MAX_IN_FLIGHT
      : length < BIG_IN_FLIGHT && inputs.length >= BIG_BATCH
  }

  private launch(): void {
    const batch = this.staging.swap()
    this.options.faultPoint?.('pipeline.batch_taken')
    const flight: Flight = { batch, since: performance.now(), ...this.write(batch) }
    // A failure is heard of in `land`.
    flight.journalled.then(
      (of) => this.answer(batch, of),
      () => undefined,
    )
    flight.done.catch(() => undefined)
    this.inFlight.push(flight)
    this.landing = this.landing.then(() => this.land(flight))
  }

  private write(batch: Batch): Commit {
    const { readings, journal, faultPoint, lost } = this.options
    const last: Promise<unknown> = this.inFlight.at(-1)?.journalled ?? Promise.resolve()
    // Of a stream the journal keeps the position: nothing before it may still be on its way elsewhere.
    const before = lost === undefined ? last : Promise.all([last, ...batch.writes])
    const tell = (committed: readonly CommittedTransition[]): void => this.tell(batch, committed)
    return commit(batch, { readings, journal, flush: this.flush, faultPoint, before, tell }, this.phase === 'stopping')
  }

  private async land(flight: Flight): Promise<void> {
    try {
      await flight.done
      // Discarded, because one before it failed.
      if (this.inFlight[0] !== flight) return
      this.inFlight.shift()
      const { inputs, entries } = flight.batch
      // What holds nothing to store, e.g. rejected messages alone, says nothing about the stores.
      if (inputs.length > 0 || entries.length > 0)
        this.commits.took(performance.now() - flight.since, this.options.clock.wall())
      this.finish(flight.batch)
      this.schedule()
    } catch (error) {
      if (this.inFlight[0] === flight) await this.recover(error as Error)
    }
  }

  /** These are in the ledger: screens hear of them. The journal takes batches in order, so screens hear in order. */
  private tell(batch: Batch, committed: readonly CommittedTransition[]): void {
    for (const { transition } of committed) batch.alarms.delete(transition.alarm.id)
    this.open.remember(committed)
    this.told = committed.at(-1)?.transition.seq ?? this.told
    this.options.faultPoint?.('pipeline.before_told')
    this.options.listener.transitions(committed)
    this.options.faultPoint?.('pipeline.told')
  }

  /** All of the batch is in the ledger: people hear what became of their acts. */
  private answer(batch: Batch, of: Committed): void {
    for (const { entry, resolve } of batch.acts) resolve({ ok: true, transition: of(entry) })
  }

  /** All of the batch is durable: devices hear of it. */
  private finish(batch: Batch): void {
    batch.points.settle('committed', this.counters)
    this.checkpoint = batch.checkpoint ?? this.checkpoint
    for (const done of batch.dones) done()
    this.options.faultPoint?.('pipeline.acknowledged')
    if (batch.inputs.length > 0) this.options.listener.stored(batch.inputs)
  }

  // ── restoring ──

  private async restore(storePosition: number): Promise<void> {
    const { clock, devices, readings, journal } = this.options
    this.flush.reset()
    const { open, staging } = this
    const listened = this.options.lost !== undefined
    this.checkpoint = await restore({ clock, devices, readings, journal, open, staging, listened }, storePosition)
    if (staging.batch.empty) return
    const batch = staging.swap()
    const { journalled, done } = this.write(batch)
    // A journal that fails is heard of first: nobody may be left to hear of this one.
    done.catch(() => undefined)
    this.answer(batch, await journalled)
    await done
    this.finish(batch)
  }

  /** A commit failed or its outcome is unknown: refuse what depended on it, read memory back, go on. */
  private async recover(cause: Error): Promise<void> {
    const { listener, readings } = this.options
    if (this.options.lost !== undefined) return this.lose(cause)
    const stopping = this.phase === 'stopping'
    this.phase = 'recovering'
    this.ticker.stop()
    listener.storing(cause.message)
    const failed = this.inFlight.splice(0)
    this.discard([...failed.map(({ batch }) => batch), this.staging.swap()], new StorageUnavailable(cause.message))
    await Promise.allSettled(failed.map(({ done }) => done))
    if (stopping) {
      this.drained?.()
      return
    }
    for (let attempt = 0; this.phase === 'recovering'; attempt++) {
      try {
        await this.tellMissed()
        const { position } = await readings.start()
        await this.restore(position)
        this.resume()
      } catch (again) {
        listener.storing((again as Error).message)
        this.staging.swap()
        await pause(RECOVERY_PAUSES[Math.min(attempt, RECOVERY_PAUSES.length - 1)] as number)
      }
    }
  }

  /** Of what comes from a stream: what is in memory counts no more. */
  private lose(cause: Error): void {
    if (this.phase === 'stopped') return
    this.abandon(new StorageUnavailable(cause.message))
    this.options.lost?.(cause)
  }

  private resume(): void {
    // `stop()` may have been called meanwhile.
    if (this.phase !== 'recovering') return
    this.phase = 'running'
    this.options.listener.storing(null)
    this.ticker.start()
    for (const retry of this.waiting.splice(0)) retry()
    this.schedule()
  }

  private discard(batches: readonly Batch[], error: Error): void {
    for (const batch of batches) {
      batch.points.settle('failed', this.counters)
      batch.fail(error)
    }
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
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
