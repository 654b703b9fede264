// What the alarm engine takes, keeps and gives. The engine is pure: time is an argument, nothing here knows a clock.
//
// Three kinds of time, never mixed:
//   ts          when the device measured, ms (a sample's time; receipt time if the device's own is not believable)
//   receivedAt  hub wall time of receipt, ms
//   now         hub time, ms: epoch-like, monotonic within a process; persisted deadlines are in hub time
import type {
  Act,
  ActRefusal,
  Alarm,
  Person,
  Suppression,
  TransitionReason,
  TransitionType,
} from '../../contract/alarms.ts'
import type { Attributes, Lifecycle } from '../../contract/http/devices.ts'
import type { RuleKind } from '../../contract/rules.ts'
import type { Regime } from '../../contract/site-profile.ts'
import type { TimeQuality } from '../readings/port.ts'
import type { CompiledRules } from './compiled.ts'
import type { DeviceState } from './state.ts'

export type { CompiledRules, DeviceState }

/** What the engine must know of a device. `uid` is unique for ever: an id that is used again gets another uid. */
export interface DeviceProfile {
  readonly uid: string
  readonly deviceId: string
  readonly kind: RuleKind
  readonly attributes: Attributes
  readonly lifecycle: Lifecycle
  readonly gatewayId: string | null
  /** Hub wall time of its first message, ms. */
  readonly inServiceSince: number | null
  /** What its site is under; absent without a site. Rules ask for it as for an attribute. */
  readonly siteRegime?: Regime
}

interface Stored {
  /** Intake position; the state remembers the newest it has decided. */
  readonly position: number
  readonly ts: number
  readonly receivedAt: number
  readonly quality: TimeQuality
}

export interface ReadingInput extends Stored {
  readonly type: 'reading'
  readonly values: Readonly<Record<string, number>>
  /** Metrics that came with the message and were rejected: they clear nothing and freeze what stands on them (G4). */
  readonly badMetrics?: readonly string[]
}

export interface EventInput extends Stored {
  readonly type: 'event'
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface StatusInput extends Stored {
  readonly type: 'status'
  readonly online: boolean
  /** Published by the broker in the device's name: the device itself was not heard. */
  readonly will: boolean
}

/** Other alarms at its site bear one of its own out (corroboration.ts); `at`: sample time since when both were there. */
export interface CorroborationInput {
  readonly type: 'corroborated'
  readonly ruleId: string
  readonly channel: string
  readonly at: number
}

export type Input =
  | ReadingInput
  | EventInput
  | StatusInput
  | CorroborationInput
  /** MQTT presence. Decides the dot and counts for flapping; a closed connection alone is not silence. */
  | { readonly type: 'connection'; readonly connected: boolean }
  /** `count` payloads, or parts of one, were rejected. Not a sign of life: only what could be read is. */
  | { readonly type: 'rejected'; readonly count: number }
  /** A message's own time lay `by` ms ahead of receipt, further than is believed. Comes before that message's input. */
  | { readonly type: 'clock_ahead'; readonly by: number }
  /** A deadline came due (see `nextDeadline`); an early or needless tick changes nothing. */
  | { readonly type: 'tick' }
  /** The hub listens again after a stop. What was not heard meanwhile proves nothing: silence and off-delays start
   *  again from `now`; an on-delay that ran out has run out. Send it once a device, after its stored inputs are re-decided.
   *  `away`: how long it was deaf, ms, where that is known: then what had begun before goes on, that much later. */
  | { readonly type: 'resumed'; readonly away?: number }
  /** A human act; the caller has checked `seq` (`stale`). */
  | { readonly type: 'act'; readonly act: Act }
  | { readonly type: 'lifecycle'; readonly to: 'in_service' | 'retired'; readonly by?: Person }
  /** New hardware under the same id: open alarms close, flags and learned values are forgotten. */
  | { readonly type: 'replaced'; readonly by?: Person }
  /** It stands somewhere else now: who looks after that place is told of its open alarms. */
  | { readonly type: 'moved' }
  /** Evidence of the hub about itself (deviceId `hub`). */
  | {
      readonly type: 'hub'
      readonly ruleId: string
      readonly channel: string
      readonly active: boolean
      readonly value: number | null
    }

/** What a suppression covers: one alarm identity of the device, or (null) all of them. */
export type SuppressionTarget = { readonly ruleId: string; readonly channel: string } | null

/** The suppression axis; decided by `decideSuppression`. Who may do it and for how long is the caller's to check. */
export type SuppressionInput =
  /** `until` in hub time, ms; null is one shot: until the alarm next returns. */
  | {
      readonly type: 'shelve'
      readonly alarmId: string
      readonly by: Person
      readonly reason: string
      readonly until: number | null
    }
  | { readonly type: 'unshelve'; readonly alarmId: string; readonly by: Person }
  | {
      readonly type: 'suppress' | 'take_out_of_service'
      readonly target: SuppressionTarget
      readonly by: Person | null
      readonly reason: string
      readonly until: number | null
    }
  | {
      readonly type: 'unsuppress' | 'put_in_service'
      readonly target: SuppressionTarget
      readonly by: Person | null
    }

export type SuppressionRefusal =
  'not_found' | 'closed' | 'never_shelved' | 'already_ended' | 'not_shelved' | 'not_suppressed'

/** An alarm without what only the ledger knows. `raisedAt` and `clearedAt` are sample times if a sample was the cause,
 *  else hub time; `updatedAt`, `closedAt` and `ack.at` are hub time. */
export type AlarmCore = Omit<Alarm, 'seq' | 'deviceName' | 'siteId' | 'place'>

/** One step of one alarm; `alarm` is its state right after. The ledger adds sequence, wall time and place. */
export interface EngineTransition {
  readonly type: TransitionType
  readonly reason: TransitionReason
  /** Sample time of the message that caused it; null for timers and people. */
  readonly sampleTs: number | null
  readonly by: Person | null
  readonly comment: string | null
  readonly alarm: AlarmCore
}

export interface Decision<Refusal extends string = ActRefusal> {
  /** The same object if nothing changed. */
  readonly state: DeviceState
  readonly transitions: readonly EngineTransition[]
  /** Only for acts: why nothing was done. */
  readonly refusal: Refusal | null
}

export type { Act, ActRefusal, Person, Suppression }

/** The engine, as its callers see it:
 *  `compileRules` (compile.ts), `initialState` `parseState` `openAlarms` (state.ts), `decide` `decideSuppression`
 *  `nextDeadline` (engine.ts), `corroborate` `asksForWitness` (corroboration.ts), `isOnline` `reportInterval` (silence.ts). */
