// Verdicts on their way. Nothing is sent but by a touch: what could not be sent stays visible, with what of it has arrived.
import * as z from 'zod'
import type { Alarm, Verdict } from '../../../../contract/alarms.ts'
import { alarmDetailSchema } from '../../../../contract/http/alarms.ts'
import { pageOf } from '../../../../contract/http/common.ts'
import { fileSchema } from '../../../../contract/http/files.ts'
import { call, CallError } from '../api/client.ts'
import { failureText } from '../api/failure-text.ts'
import { ROUTES, withQuery } from '../api/routes.ts'
import { draftsOf, dropDraft, keepDraft } from './draft-store.ts'
import type { Draft } from './draft-store.ts'
import { say } from './say.ts'
import { sendPhoto } from './send-photo.ts'

export interface Sending {
  readonly draft: Draft
  /** What is being sent now: the verdict, or a photo by its id; null: nothing, it waits for a touch. */
  readonly now: string | null
  readonly message: string | null
  /** This phone could keep it. */
  readonly kept: boolean
}

const filesSchema = pageOf(fileSchema)
export const VERDICT = 'verdict'

class Drafts {
  all = $state.raw<readonly Sending[]>([])
  /** Of the alarm whose verdict was wholly sent last. */
  done = $state<string | null>(null)
  #userId: string | null = null

  /** What this person has left unsent on this phone. */
  async load(userId: string): Promise<void> {
    if (this.#userId === userId) return
    this.#userId = userId
    this.all = []
    const left = await draftsOf(userId).catch(() => [])
    if (this.#userId === userId) this.all = left.map((draft) => ({ draft, now: null, message: null, kept: true }))
  }

  of(alarmId: string): readonly Sending[] {
    return this.all.filter(({ draft }) => draft.alarmId === alarmId)
  }

  /** Keeps it first: a phone that is put away, or runs empty, loses nothing. */
  async submit(
    userId: string,
    alarm: Alarm,
    verdict: Verdict,
    comment: string,
    pictures: readonly Blob[],
  ): Promise<void> {
    const id = crypto.randomUUID()
    const photos = pictures.map((picture, index) => {
      const photoId = crypto.randomUUID()
      return { id: photoId, name: `${index + 1}-${photoId.slice(0, 8)}.jpg`, picture, sent: false }
    })
    const place = alarm.place.slice(-2).join(' · ')
    const { id: alarmId, seq, title } = alarm
    const about = { alarmId, seq, title: title.zh, place, at: Date.now() }
    const draft: Draft = { id, userId, ...about, verdict, comment, verdictSent: false, photos }
    this.#put({ draft, now: VERDICT, message: null, kept: true })
    await this.#keep(draft)
    await this.#run(id)
  }

  /** 再试: what has not arrived yet, in order; ends at the first that does not. */
  async send(id: string): Promise<void> {
    if (this.#get(id)?.now !== null) return
    this.#change(id, { now: VERDICT, message: null })
    await this.#run(id)
  }

  async #run(id: string): Promise<void> {
    const sending = this.#sure(id)
    try {
      if (!sending.draft.verdictSent) await this.#sendVerdict(id)
      for (const photo of sending.draft.photos) await this.#sendPhoto(id, photo.id)
      this.done = sending.draft.alarmId
      this.#forget(id)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      const stale = error.details['reason'] === 'stale'
      if (stale) await this.#answerNewest(id)
      this.#change(id, { message: stale ? say('send.changed') : failureText(error) })
    } finally {
      this.#change(id, { now: null })
    }
  }

  drop(id: string): void {
    this.#forget(id)
  }

  async dropAll(): Promise<void> {
    await Promise.all(this.all.map(({ draft }) => dropDraft(draft.id).catch(() => undefined)))
    this.all = []
  }

  async #sendVerdict(id: string): Promise<void> {
    const { draft } = this.#sure(id)
    const { alarmId, seq, verdict, comment } = draft
    const body = { seq, verdict, ...(comment !== '' && { comment }) }
    try {
      await call('POST', ROUTES.act(alarmId, 'verdict'), z.unknown(), { body })
    } catch (error) {
      // Said before, and the answer was lost on the way: then it stands in the alarm's own story.
      if (!(error instanceof CallError) || !(await this.#hasArrived(draft))) throw error
    }
    await this.#edit(id, { verdictSent: true })
  }

  async #hasArrived({ alarmId, seq, verdict, userId }: Draft): Promise<boolean> {
    try {
      const { transitions } = await call('GET', ROUTES.alarm(alarmId), alarmDetailSchema)
      return transitions.some(
        (step) => step.type === 'verdict' && step.seq > seq && step.verdict === verdict && step.by?.id === userId,
      )
    } catch {
      return false
    }
  }

  async #sendPhoto(id: string, photoId: string): Promise<void> {
    const { draft } = this.#sure(id)
    const photo = draft.photos.find((one) => one.id === photoId)
    if (photo === undefined || photo.sent) return
    this.#change(id, { now: photoId })
    const subject = `alarm:${draft.alarmId}`
    try {
      await sendPhoto(subject, photo.name, photo.picture)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      // As above: it may be there, under the name that it alone has.
      const known = await call('GET', withQuery(ROUTES.files, { subject, limit: 200 }), filesSchema).catch(() => null)
      if (known?.items.some(({ name }) => name === photo.name) !== true) throw error
    }
    const photos = this.#sure(id).draft.photos.map((one) => (one.id === photoId ? { ...one, sent: true } : one))
    await this.#edit(id, { photos })
  }

  /** The alarm has changed: the next try answers what the person sees now, if they try again. */
  async #answerNewest(id: string): Promise<void> {
    const { alarmId } = this.#sure(id).draft
    const newest = await call('GET', ROUTES.alarm(alarmId), alarmDetailSchema).catch(() => null)
    if (newest !== null) await this.#edit(id, { seq: newest.seq })
  }

  async #edit(id: string, change: Partial<Draft>): Promise<void> {
    const draft = { ...this.#sure(id).draft, ...change }
    this.#change(id, { draft })
    await this.#keep(draft)
  }

  async #keep(draft: Draft): Promise<void> {
    const kept = await keepDraft(draft).then(
      () => true,
      () => false,
    )
    this.#change(draft.id, { kept })
  }

  #forget(id: string): void {
    this.all = this.all.filter(({ draft }) => draft.id !== id)
    void dropDraft(id).catch(() => undefined)
  }

  #get(id: string): Sending | undefined {
    return this.all.find(({ draft }) => draft.id === id)
  }

  #sure(id: string): Sending {
    const sending = this.#get(id)
    if (sending === undefined) throw new CallError('unexpected', 0, 'discarded meanwhile')
    return sending
  }

  #put(sending: Sending): void {
    this.all = [...this.all, sending]
  }

  #change(id: string, change: Partial<Sending>): void {
    this.all = this.all.map((one) => (one.draft.id === id ? { ...one, ...change } : one))
  }
}

export const drafts = new Drafts()
