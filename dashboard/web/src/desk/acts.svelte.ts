// Acts on their way. Nothing is shown as done before the feed says so: until then it is "sending" (it cannot lie).
import * as z from 'zod'
import type { ActName, AckReason, Alarm, Verdict } from '../../../../contract/alarms.ts'
import { call, CallError } from '../api/client.ts'
import { failureText } from '../api/failure-text.ts'
import { ROUTES } from '../api/routes.ts'
import { t } from '../text/language.svelte.ts'

export interface Pending {
  readonly act: ActName
  /** The transition it answers; a newer one of this alarm ends the waiting. */
  readonly seq: number
  readonly state: 'sending' | 'failed'
  readonly message: string
  /** Sends the same act again, against the newest state. */
  readonly again: (() => void) | null
}

/** What somebody found an alarm to be; '' where they said nothing. */
export interface Finding {
  readonly verdict: Verdict
  readonly cause: string
  readonly comment: string
}

/** How long the transition may take after the hub said yes before the page says that it has not arrived. */
const CONFIRM_MS = 5_000

export class Acts {
  #pending = $state.raw<ReadonlyMap<string, Pending>>(new Map())

  of(alarmId: string): Pending | undefined {
    return this.#pending.get(alarmId)
  }

  ack(alarm: Alarm, reason: AckReason): Promise<void> {
    return this.#send(alarm, 'ack', { seq: alarm.seq, reason })
  }

  reset(alarm: Alarm): Promise<void> {
    return this.#send(alarm, 'reset', { seq: alarm.seq })
  }

  /** Someone looked on site: a frozen alarm ends, with what they found as its reason. */
  fieldVerified(alarm: Alarm, reason: string): Promise<void> {
    return this.#send(alarm, 'field_verified', { seq: alarm.seq, reason })
  }

  verdict(alarm: Alarm, { verdict, cause, comment }: Finding): Promise<void> {
    const said = { ...(cause !== '' && { cause }), ...(comment !== '' && { comment }) }
    return this.#send(alarm, 'verdict', { seq: alarm.seq, verdict, ...said })
  }

  comment(alarm: Alarm, text: string): Promise<void> {
    return this.#send(alarm, 'comment', { text })
  }

  /** The feed brought newer states: whatever waited for them is no longer "sending". */
  confirm(newest: (alarmId: string) => number | undefined): void {
    const left = [...this.#pending].filter(([id, pending]) => {
      const seq = newest(id)
      return seq !== undefined && seq <= pending.seq
    })
    if (left.length !== this.#pending.size) this.#pending = new Map(left)
  }

  dismiss(alarmId: string): void {
    const rest = new Map(this.#pending)
    if (rest.delete(alarmId)) this.#pending = rest
  }

  async #send(alarm: Alarm, act: ActName, body: unknown): Promise<void> {
    if (this.#pending.get(alarm.id)?.state === 'sending') return
    const pending: Pending = { act, seq: alarm.seq, state: 'sending', message: t('act.sending'), again: null }
    this.#set(alarm.id, pending)
    try {
      await call('POST', ROUTES.act(alarm.id, act), z.unknown(), { body })
      setTimeout(() => {
        if (this.#pending.get(alarm.id) === pending)
          this.#set(alarm.id, { ...pending, state: 'failed', message: t('act.unconfirmed') })
      }, CONFIRM_MS)
    } catch (error) {
      // A refusal stays until the officer has seen it. After silence, the transition itself may still arrive and end it.
      const unknown = error instanceof CallError && error.code === 'timeout'
      // A comment depends on no state and may simply be sent again; the others are decided anew by the officer.
      const again = act === 'comment' ? () => void this.#send(alarm, act, body) : null
      const seq = unknown ? pending.seq : Infinity
      this.#set(alarm.id, { ...pending, seq, state: 'failed', message: failureText(error), again })
    }
  }

  #set(alarmId: string, pending: Pending): void {
    this.#pending = new Map(this.#pending).set(alarmId, pending)
  }
}
