// Alarms to the telephones of those who look after the place. Fed with transitions after their commit (G2); who is told is
// decided by scope at that moment (G9), by sessions that stand at that moment.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Logger } from 'pino'
import type { PushPayload } from '../../contract/http/push.ts'
import { roleMay } from '../../contract/roles.ts'
import { sessionState } from '../../dashboard/server/auth/session-ends.ts'
import type { PushPort } from '../../dashboard/server/ports.ts'
import type { CommittedTransition } from '../../records/ledger.ts'
import type { Push as PushRecords, Subscription } from '../../records/ledger/push.ts'
import { inScope } from '../../records/scope.ts'
import type { PlaceOfThing } from '../../records/scope.ts'
import { decidePush, payloadOf, summaryOf, trialOf } from './decide.ts'
import { encrypted } from './encrypt.ts'
import { isEndpoint } from './endpoint.ts'
import type { Send } from './endpoint.ts'
import { Outbox } from './outbox.ts'
import type { Message, Outcome } from './outbox.ts'
import type { Vapid } from './vapid.ts'

export interface PushOptions {
  readonly records: PushRecords
  readonly vapid: Vapid
  readonly send: Send
  /** Wall time, ms. */
  readonly now: () => number
  readonly log: Logger
  readonly metrics: Registry
  /** Which managers are to hear of it: who lives behind the door decides (`records/alarm-routing.ts`). */
  readonly managersFor: (alarm: { readonly deviceId: string } & PlaceOfThing) => Promise<readonly string[]>
  readonly accepts?: (endpoint: string) => boolean
}

/** Transitions that wait to be addressed while the ledger answers slowly; beyond it the oldest P3 are not told, and when there are
 *  only urgent ones the oldest of those: counted as overflow, and on every screen all the same. */
const MOST_WAITING = 2_000
const TRIAL_SECONDS = 300
/** How soon a ledger that could not be read is asked again whom to tell, ms. */
const ADDRESS_AGAIN_MS = 1_000
/** How long after messages gave way the person is told how many. */
const SUMMARY_AFTER_MS = 2_000

interface Addressed {
  readonly subscription: Subscription
  readonly payload: PushPayload
  /** The transition it tells of; null: none. */
  readonly seq: number | null
  /** Counts the calls of `begin`. */
  readonly term: number
}

export class Push implements PushPort {
  readonly #options: PushOptions
  readonly #outbox: Outbox
  readonly #outcomes: Counter<'outcome'>
  readonly #silences: Counter<'because'>
  /** Message → what it says to whom, until it has ended. */
  readonly #under = new Map<Message, Addressed>()
  /** Transitions with something left to do: how much. In the order of their sequence, for they are heard in it. */
  readonly #open = new Map<number, number>()
  #term = 0
  /** Subscription id → how many of its messages gave way and were not told of. */
  readonly #gaveWay = new Map<string, { readonly subscription: Subscription; count: number }>()
  #waiting: CommittedTransition[] = []
  #addressing: Promise<void> | null = null
  readonly #writes = new Set<Promise<unknown>>()
  #summary: ReturnType<typeof setTimeout> | null = null
  #stopped = false

  constructor(options: PushOptions) {
    this.#options = options
    const registers = [options.metrics]
    this.#outcomes = new Counter({
      name: 'zhian_push_total',
      help: 'Messages to telephones, by what became of them',
      labelNames: ['outcome'],
      registers,
    })
    this.#silences = new Counter({
      name: 'zhian_push_not_told_total',
      help: 'Transitions that telephones were not told of, by reason',
      labelNames: ['because'],
      registers,
    })
    this.#outbox = new Outbox({
      send: options.send,
      now: options.now,
      wait: (ms, then) => {
        const timer = setTimeout(then, ms)
        return () => clearTimeout(timer)
      },
      done: (message, outcome) => this.#done(message, outcome),
    })
    const waiting = () => this.#outbox.size
    new Gauge({
      name: 'zhian_push_waiting',
      help: 'Messages to telephones that wait or are under way',
      registers,
      collect() {
        this.set(waiting())
      },
    })
  }

  get publicKey(): string {
    return this.#options.vapid.publicKey
  }

  accepts(endpoint: string): boolean {
    return (this.#options.accepts ?? isEndpoint)(endpoint)
  }

  /** After the commit. Returns at once. */
  heard(committed: readonly CommittedTransition[]): void {
    if (this.#stopped) return
    const now = this.#options.now()
    for (const one of committed) {
      const decision = decidePush(one.transition, now)
      if (decision.tell) {
        this.#waiting.push(one)
        this.#opened(one.transition.seq)
      } else this.#silences.inc({ because: decision.because })
    }
    while (this.#waiting.length > MOST_WAITING) {
      const lesser = this.#waiting.findIndex(({ transition }) => transition.alarm.priority > 2)
      for (const { transition } of this.#waiting.splice(Math.max(0, lesser), 1)) this.#settled(transition.seq)
      this.#silences.inc({ because: 'overflow' })
    }
    if (this.#waiting.length > 0) this.#addressing ??= this.#address().finally(() => (this.#addressing = null))
  }

  /** Telling is this process's again: what it left undone before counts no more. */
  begin(): void {
    this.#term += 1
    this.#open.clear()
  }

  /** The oldest transition that is not told to everyone yet; null: whatever was heard is told, or need not be. */
  get oldestOpen(): number | null {
    const [oldest] = this.#open.keys()
    return oldest ?? null
  }

  /** From now on telling is somebody else's: what waits is not sent from here, and is not settled. */
  leave(): void {
    this.#waiting = []
    this.#outbox.leave()
  }

  async trial(userId: string): Promise<number> {
    const { records, now } = this.#options
    const own = await records.subscriptions(now(), userId)
    for (const subscription of own)
      this.#post(subscription, (id) => trialOf(id, subscription.language, now()), 'high', TRIAL_SECONDS, null)
    return own.length
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#summary !== null) clearTimeout(this.#summary)
    await this.#addressing
    await this.#outbox.stop()
    await Promise.allSettled(this.#writes)
  }

  async #address(): Promise<void> {
    const { records, now, log } = this.#options
    while (this.#waiting.length > 0) {
      let subscriptions: readonly Subscription[]
      try {
        subscriptions = (await records.subscriptions(now())).filter((one) => this.#isReachable(one))
      } catch (error) {
        log.error(
          { err: error, transitions: this.#waiting.length },
          'telephones are not told yet: the ledger cannot be read',
        )
        await pause(ADDRESS_AGAIN_MS)
        if (this.#stopped) return
        continue
      }
      const term = this.#term
      for (const one of this.#waiting.splice(0)) {
        await this.#tell(one, subscriptions)
        if (term === this.#term) this.#settled(one.transition.seq)
      }
    }
  }

  #isReachable({ role, session }: Subscription): boolean {
    return roleMay(role, 'push:subscribe') && sessionState(role, session, this.#options.now()) !== 'ended'
  }

  async #tell(one: CommittedTransition, subscriptions: readonly Subscription[]): Promise<void> {
    const { transition } = one
    const decision = decidePush(transition, this.#options.now())
    if (!decision.tell) return
    const within = subscriptions.filter(({ scope }) => inScope(scope, one))
    const managers = within.some(({ role }) => role === 'manager') ? await this.#managersFor(one) : null
    for (const subscription of within) {
      if (subscription.role === 'manager' && managers !== null && !managers.has(subscription.userId)) continue
      const { urgency, ttlSeconds } = decision
      this.#post(
        subscription,
        (id) => payloadOf(transition, id, subscription.language),
        urgency,
        ttlSeconds,
        transition.seq,
      )
    }
  }

  /** null: it cannot be told, and then all whose place it is hear of it rather than none. */
  async #managersFor({ transition, siteId, areaIds }: CommittedTransition): Promise<ReadonlySet<string> | null> {
    try {
      const { deviceId } = transition.alarm
      return new Set(await this.#options.managersFor({ deviceId, siteId, areaIds }))
    } catch (error) {
      this.#options.log.error({ err: error }, 'whose room it is cannot be read; all managers of the place are told')
      return null
    }
  }

  #post(
    subscription: Subscription,
    payload: (id: string) => PushPayload,
    urgency: 'high' | 'normal',
    ttlSeconds: number,
    seq: number | null,
  ): void {
    const { vapid, now } = this.#options
    const text = payload(randomUUID())
    const bytes = Buffer.from(JSON.stringify(text))
    const until = now() + ttlSeconds * 1_000
    const message: Message = {
      to: subscription.id,
      endpoint: subscription.endpoint,
      priority: text.priority,
      until,
      build: (at) => ({
        headers: {
          authorization: vapid.authorization(subscription.endpoint, at),
          'content-encoding': 'aes128gcm',
          'content-type': 'application/octet-stream',
          ttl: String(Math.max(1, Math.floor((until - at) / 1_000))),
          urgency,
        },
        body: encrypted(bytes, subscription),
      }),
    }
    this.#under.set(message, { subscription, payload: text, seq, term: this.#term })
    if (seq !== null) this.#opened(seq)
    this.#outbox.add(message)
  }

  #done(message: Message, outcome: Outcome): void {
    const { records, now } = this.#options
    this.#outcomes.inc({ outcome })
    const addressed = this.#under.get(message)
    this.#under.delete(message)
    if (addressed === undefined) return
    const { subscription, payload, seq, term } = addressed
    if (seq !== null && term === this.#term && outcome !== 'left') this.#settled(seq)
    if (outcome === 'sent') {
      const { id, alarmId } = payload
      this.#write(records.sent({ id, userId: subscription.userId, alarmId, at: now() }))
    } else if (outcome === 'gone') this.#write(records.gone(subscription.id))
    else if (outcome === 'overflow') this.#noteOverflow(subscription)
  }

  #noteOverflow(subscription: Subscription): void {
    const noted = this.#gaveWay.get(subscription.id)
    if (noted === undefined) this.#gaveWay.set(subscription.id, { subscription, count: 1 })
    else noted.count += 1
    if (this.#stopped) return
    this.#summary ??= setTimeout(() => {
      this.#summary = null
      const { log, now } = this.#options
      const all = [...this.#gaveWay.values()]
      this.#gaveWay.clear()
      const messages = all.reduce((sum, { count }) => sum + count, 0)
      log.warn({ telephones: all.length, messages }, 'push overflow: the least urgent messages gave way')
      for (const { subscription: one, count } of all)
        this.#post(one, (id) => summaryOf(count, id, one.language, now()), 'high', 3_600, null)
    }, SUMMARY_AFTER_MS)
  }

  #opened(seq: number): void {
    this.#open.set(seq, (this.#open.get(seq) ?? 0) + 1)
  }

  #settled(seq: number): void {
    const left = (this.#open.get(seq) ?? 0) - 1
    if (left > 0) this.#open.set(seq, left)
    else this.#open.delete(seq)
  }

  #write(writing: Promise<unknown>): void {
    const noted = writing
      .catch((error: unknown) => this.#options.log.warn({ err: error }, 'what became of a push was not written down'))
      .finally(() => this.#writes.delete(noted))
    this.#writes.add(noted)
  }
}
