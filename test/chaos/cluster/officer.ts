// Somebody at a desk while things break: one detector after the other gives its alarm, and each is taken over the API, again
// where no answer came, as a person would. An act that was answered stands in the ledger, and no act stands there twice.
import { setTimeout as delay } from 'node:timers/promises'
import type { Alarm } from '../../../contract/alarms.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { CommittedTransition } from '../../../records/ledger.ts'
import { exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import type { Credential } from '../../load/publisher.ts'
import type { Api } from '../../support/api.ts'
import { gasAlarm } from '../alarm-device.ts'
import type { AlarmDevice } from '../alarm-device.ts'

/** What the officer knows of one alarm. */
export interface Taken {
  readonly deviceId: string
  /** When the detector measured. */
  readonly ts: number
  /** It has its PUBACK. */
  readonly acknowledged: boolean
  /** The hub answered that the alarm is taken. */
  readonly answered: boolean
}

export interface ActFaults {
  readonly lostAlarms: string[]
  readonly doubledAlarms: string[]
  readonly lostActs: string[]
  readonly doubledActs: string[]
}

export function judgeActs(taken: readonly Taken[], ledger: readonly CommittedTransition[]): ActFaults {
  const count = (type: string): Map<string, number> => {
    const counts = new Map<string, number>()
    for (const { transition } of ledger)
      if (transition.type === type)
        counts.set(transition.alarm.deviceId, (counts.get(transition.alarm.deviceId) ?? 0) + 1)
    return counts
  }
  const [raised, acts] = [count('raised'), count('acknowledged')]
  const names = (which: (one: Taken) => boolean): string[] => taken.filter(which).map(({ deviceId }) => deviceId)
  return {
    lostAlarms: names(({ deviceId, acknowledged }) => acknowledged && !raised.has(deviceId)),
    // Of one rule: a detector that has said its one word is silent after a while, which is an alarm of its own (G4).
    doubledAlarms: names(({ deviceId }) => isRaisedTwice(ledger, deviceId)),
    lostActs: names(({ deviceId, answered }) => answered && !acts.has(deviceId)),
    doubledActs: names(({ deviceId }) => (acts.get(deviceId) ?? 0) > 1),
  }
}

function isRaisedTwice(ledger: readonly CommittedTransition[], deviceId: string): boolean {
  const rules = ledger.flatMap(({ transition: { type, alarm } }) =>
    type === 'raised' && alarm.deviceId === deviceId ? [alarm.ruleId] : [],
  )
  return new Set(rules).size < rules.length
}

/** Cases that are followed at a time: one whose partition waits for an owner does not keep the others. */
const HANDS = 4
const PAUSE_MS = 300
const LOOKS_EVERY_MS = 200
/** Longer than a request may live in the cluster. */
const ANSWER_WITHIN_MS = 30_000

interface Case {
  readonly device: AlarmDevice
  answered: boolean
}

export class Officer {
  readonly #mqttPort: number
  readonly #api: Api
  readonly #detectors: readonly Credential[]
  readonly #cases: Case[] = []
  #unanswered = 0
  /** Until when the case at hand is followed up. */
  #until = Infinity
  #running: Promise<void> | null = null

  constructor({ mqttPort }: { readonly mqttPort: number }, api: Api, detectors: readonly Credential[]) {
    this.#mqttPort = mqttPort
    this.#api = api
    this.#detectors = detectors
  }

  get token(): string {
    return this.#api.token
  }

  start(): void {
    this.#running ??= Promise.all(Array.from({ length: HANDS }, (_, hand) => this.#work(hand))).then(() => undefined)
  }

  /** Finishes the case at hand, if that can be. Idempotent. */
  async stop(): Promise<void> {
    this.#until = Math.min(this.#until, performance.now() + ANSWER_WITHIN_MS)
    await this.#running
    for (const { device } of this.#cases) device.stop()
  }

  figures(ledger: readonly CommittedTransition[]): BenchRow[] {
    const taken = this.#cases.map(({ device: { id, ts, acknowledged }, answered }) => ({
      deviceId: id,
      ts,
      acknowledged,
      answered,
    }))
    const faults = judgeActs(taken, ledger)
    return [
      figure('alarms taken by an officer', taken.filter(({ answered }) => answered).length, ''),
      figure('acts without an answer, asked again', this.#unanswered, ''),
      exactly('G1 detectors’ alarms lost', faults.lostAlarms.length, '', 0),
      exactly('G1 detectors’ alarms twice', faults.doubledAlarms.length, '', 0),
      exactly('G8 acts answered and lost', faults.lostActs.length, '', 0),
      exactly('G8 acts twice', faults.doubledActs.length, '', 0),
    ]
  }

  async #work(hand: number): Promise<void> {
    for (const credential of this.#detectors.filter((_, index) => index % HANDS === hand)) {
      if (this.#until < Infinity) return
      const one: Case = { device: gasAlarm(this.#mqttPort, credential), answered: false }
      this.#cases.push(one)
      while (!one.answered && performance.now() < this.#until) await this.#take(one)
      await delay(PAUSE_MS)
    }
  }

  async #take(one: Case): Promise<void> {
    await delay(LOOKS_EVERY_MS)
    try {
      const list = await this.#ask<Page<Alarm>>('GET', `/alarms?deviceId=${one.device.id}&limit=1`)
      const alarm = list.status === 200 ? list.body.items[0] : undefined
      if (alarm === undefined) return
      // An act whose answer was lost may have been done.
      if (alarm.ack !== null) one.answered = true
      else {
        const { status } = await this.#ask('POST', `/alarms/${alarm.id}/ack`, { seq: alarm.seq, reason: 'seen' })
        if (status === 200) one.answered = true
        else if (status >= 500) this.#unanswered++
      }
    } catch {
      this.#unanswered++
    }
  }

  #ask<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const patience = delay(ANSWER_WITHIN_MS, null, { ref: false })
    return Promise.race([
      this.#api.call<T>(method, path, body),
      patience.then(() => Promise.reject(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`))),
    ])
  }
}
