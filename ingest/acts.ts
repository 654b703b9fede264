// Human acts on their way into the current batch: those that somebody waits for in this process, and those that came with a
// stream, whose answer is written down with what they caused.
import type { Act, ActRefusal } from '../contract/alarms.ts'
import type { Journal, JournalEntry } from '../records/ledger.ts'
import type { Batch } from './batch.ts'
import { ClosedAlarms } from './closed-alarms.ts'
import type { Devices, Runtime } from './devices.ts'
import type { OpenAlarms } from './open-alarms.ts'
import type { ActOutcome, Clock } from './ports.ts'
import type { Staging } from './staging.ts'

export interface ActsParts {
  readonly clock: Clock
  readonly devices: Devices
  readonly journal: Pick<Journal, 'newestOf'>
  readonly open: OpenAlarms
  readonly staging: Staging
  /** Batches that were taken to be committed and are not yet. */
  readonly inFlight: () => readonly Batch[]
  /** Now, or when memory has been read back. */
  readonly whenRunning: (work: () => void, reject: (error: Error) => void) => void
  /** Something waits to be committed. */
  readonly schedule: () => void
}

/** A request that came with a stream. */
export interface StreamRequest {
  readonly deviceId: string
  readonly position: number
  readonly requestId: string
}

type Decided = { readonly entry: JournalEntry } | { readonly refusal: ActRefusal }

export class Acts {
  private readonly parts: ActsParts
  private readonly closed: ClosedAlarms

  constructor(parts: ActsParts) {
    this.parts = parts
    this.closed = new ClosedAlarms(parts)
  }

  /** Answers after the act's transition is durable. Rejects with StorageUnavailable when it cannot be. */
  submit(act: Act, address: string): Promise<ActOutcome> {
    const { staging, whenRunning, schedule } = this.parts
    return new Promise((resolve, reject) => {
      whenRunning(() => {
        const decided = this.decide(act, address)
        if (decided === null) this.closed.submit(act, address, (entry) => this.write(entry)).then(resolve, reject)
        else if ('refusal' in decided) resolve({ ok: false, refusal: decided.refusal })
        else {
          staging.batch.acts.push({ entry: decided.entry, resolve, reject })
          schedule()
        }
      }, reject)
    })
  }

  /**
   * Decides an act of a stream, once. Resolves when it is: what follows it there may follow. The answer, as `word` puts it, is
   * written in the transaction of its transition, or with the device's position.
   */
  async requested(
    act: Act,
    address: string,
    request: StreamRequest,
    word: (outcome: ActOutcome) => string,
  ): Promise<void> {
    const { devices, staging } = this.parts
    const runtime = devices.get(request.deviceId)
    if (!staging.isNew(runtime, request.position)) return
    const decided = this.decide(act, address, runtime)
    if (decided === null) {
      const outcome = await this.closed.submit(act, address, (entry) =>
        this.write(entry, () => this.answer(request, entry, word)),
      )
      if (!outcome.ok) this.answer(request, null, () => word(outcome))
    } else if ('refusal' in decided) {
      this.answer(request, null, () => word({ ok: false, refusal: decided.refusal }))
    } else this.answer(request, decided.entry, word)
  }

  /** Whoever asked by way of the stream is told so; nothing else came of it. */
  answered(request: StreamRequest, body: string): void {
    const { devices, staging } = this.parts
    if (staging.isNew(devices.get(request.deviceId), request.position)) this.answer(request, null, () => body)
  }

  private answer(
    { deviceId, position, requestId }: StreamRequest,
    entry: JournalEntry | null,
    word: (outcome: ActOutcome) => string,
  ): void {
    const { devices, staging, schedule } = this.parts
    const { batch } = staging
    const runtime = devices.get(deviceId)
    batch.answers.push({
      requestId,
      entry,
      body: (transition) => word(transition === null ? { ok: false, refusal: 'not_found' } : { ok: true, transition }),
    })
    staging.reach(runtime, position)
    // In the same transaction: an answer that is there means that the request will not be taken again.
    if (runtime !== undefined) batch.changed.add(runtime)
    schedule()
  }

  /** null: the alarm is not open. `of`: the device that it must be of. */
  private decide(act: Act, address: string, of?: Runtime): Decided | null {
    const { open, staging, inFlight } = this.parts
    const { batch } = staging
    const alarm = open.get(act.alarmId)
    if (alarm === undefined) return null
    if (of !== undefined && alarm.runtime !== of) return { refusal: 'not_found' }
    const staged = [batch, ...inFlight()].some(({ alarms }) => alarms.has(act.alarmId))
    if (act.seq !== null && (staged || act.seq !== alarm.seq)) return { refusal: 'stale' }
    const before = batch.entries.length
    const { refusal } = staging.input(alarm.runtime, { type: 'act', act }, null, address)
    return refusal === null ? { entry: batch.entries[before] as JournalEntry } : { refusal }
  }

  private write(entry: JournalEntry, also?: () => void): Promise<ActOutcome> {
    const { staging, whenRunning, schedule } = this.parts
    return new Promise((resolve, reject) => {
      whenRunning(() => {
        const { batch } = staging
        batch.entries.push(entry)
        batch.acts.push({ entry, resolve, reject })
        also?.()
        schedule()
      }, reject)
    })
  }
}
