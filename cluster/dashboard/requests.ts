// Acts and commands of people, sent to whoever owns the device and answered in the ledger. A request has an end: nobody carries
// it out later, and until then the person waits. What is not known is said to be not known.
import { randomUUID } from 'node:crypto'
import type { Act } from '../../contract/alarms.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { ApiError } from '../../dashboard/server/errors.ts'
import type { ActOutcome, Acts, CommandOutcome, CommandRequest, Commands } from '../../dashboard/server/ports.ts'
import type { Actor } from '../../records/ledger.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import { encodeEntry } from '../entry.ts'
import type { ActEntry, CommandEntry } from '../entry.ts'
import { decodeAnswer } from '../live-words.ts'
import type { ActAnswer, CommandAnswer, TooLate } from '../live-words.ts'
import type { StreamWriter } from '../streams/stream-writer.ts'

export interface RequestsOptions {
  readonly ledger: {
    readonly answers: Pick<ClusterLedger['answers'], 'find'>
    readonly journal: Pick<ClusterLedger['journal'], 'newestOf'>
    readonly onWake: ClusterLedger['onWake']
  }
  readonly writer: Pick<StreamWriter, 'added' | 'problem'>
  /** Wall time, ms. */
  readonly now: () => number
  /** How long whoever owns the device may take, ms. */
  readonly withinMs?: number
}

const WITHIN_MS = 20_000
/** What was decided in time may still be on its way into the ledger, ms. */
const GRACE_MS = 2_000
const LOOK_EVERY_MS = 250

const NOTHING_DONE =
  '报警处理暂时不可用，这次操作没有办理，请稍后再试。 Alarms cannot be acted on at the moment; nothing was done. Try again soon.'
const NOT_KNOWN =
  '还不知道这次操作是否已办理：请先查看报警的最新状态，再决定是否重试。 It is not known whether this was done: look at the alarm as it is now, then decide whether to try again.'

const unavailable = (reason: 'not_done' | 'not_known'): ApiError =>
  new ApiError('unavailable', { reason }, reason === 'not_done' ? NOTHING_DONE : NOT_KNOWN)

export class Requests implements Acts, Commands {
  private readonly options: RequestsOptions
  private readonly wakes = new Set<() => void>()
  private unwake: () => void = () => undefined
  private stopped = false

  constructor(options: RequestsOptions) {
    this.options = options
  }

  start(): void {
    this.unwake = this.options.ledger.onWake((what) => {
      if (what === 'answer') this.wakeAll()
    })
  }

  /** Whoever waits is told that it is not known. */
  stop(): void {
    this.stopped = true
    this.unwake()
    this.wakeAll()
  }

  async submit(act: Act, address: string): Promise<ActOutcome> {
    const newest = await this.options.ledger.journal.newestOf(act.alarmId)
    if (newest === null) return { ok: false, refusal: 'not_found' }
    const { deviceId } = newest.transition.alarm
    return decided(await this.ask<ActAnswer>({ type: 'act', ...this.headed(deviceId), act, address }))
  }

  async request(actor: Actor, { deviceId, name, args, reason }: CommandRequest): Promise<CommandOutcome> {
    const entry: CommandEntry = { type: 'command', ...this.headed(deviceId), actor, name, args, reason }
    return decided(await this.ask<CommandAnswer>(entry))
  }

  private headed(deviceId: string): Pick<ActEntry, 'deviceId' | 'requestId' | 'expires'> {
    const { now, withinMs = WITHIN_MS } = this.options
    return { deviceId, requestId: randomUUID(), expires: now() + withinMs }
  }

  private async ask<T extends ActAnswer | CommandAnswer>(entry: ActEntry | CommandEntry): Promise<T> {
    const { writer } = this.options
    if (writer.problem !== null || this.stopped) throw unavailable('not_done')
    try {
      await writer.added(partitionOf(entry.deviceId), encodeEntry(entry))
    } catch {
      // An error after it was sent says nothing about whether it arrived: its answer may come all the same.
    }
    const body = await this.answerTo(entry)
    if (body === null) throw unavailable('not_known')
    return decodeAnswer<T>(body)
  }

  /** null: nobody answered until the request's end. */
  private async answerTo({ requestId, expires }: ActEntry | CommandEntry): Promise<string | null> {
    const { ledger, now } = this.options
    for (;;) {
      // Waiting begins before the look: an answer in between wakes it.
      const woken = this.nextWake()
      const body = await ledger.answers.find(requestId).catch(() => null)
      if (body !== null) return body
      if (this.stopped || now() >= expires + GRACE_MS) return null
      await woken
    }
  }

  private nextWake(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.wakes.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, LOOK_EVERY_MS)
      this.wakes.add(wake)
    })
  }

  private wakeAll(): void {
    for (const wake of [...this.wakes]) wake()
  }
}

/** Throws for what came too late to be decided: nothing was done, and nothing will be. */
function decided<T extends ActOutcome | CommandOutcome>(answer: T | TooLate): T {
  if (!answer.ok && answer.refusal === 'expired') throw unavailable('not_done')
  return answer as T
}
