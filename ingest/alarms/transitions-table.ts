// The life of an alarm as data: ISA-18.2 (IEC 62682) with its states split into two axes, condition and acknowledgement.
// Nothing else in the engine decides what may follow what. Suppression is the third axis, in suppression-table.ts.
import type { ActRefusal, TransitionType } from '../../contract/alarms.ts'

/**
 * Condition and acknowledgement of one alarm identity, with the letters of ISA-18.2 figure 3:
 * `owed` somebody must acknowledge, `given` somebody has, `waived` nobody needs to (P4).
 * `frozen` is the hub's own: the danger was there when its device fell silent or began to lie (G4).
 */
export const STANDINGS = [
  'none', //             A  normal
  'active_owed', //      B  unacknowledged
  'active_given', //     C  acknowledged
  'active_waived', //    C  without need
  'returned_owed', //    D  returned, unacknowledged
  'latched_owed', //     E  latched, unacknowledged
  'latched_given', //    F  latched, acknowledged
  'latched_waived', //   F  without need
  'frozen_owed',
  'frozen_given',
  'frozen_waived',
] as const
export type Standing = (typeof STANDINGS)[number]

export const STIMULI = [
  'occur', //            the condition comes
  'worsen', //           it reaches a higher level
  'ease', //             it falls to a lower one, not latched
  'return', //           it goes, and nothing latched it
  'return_latched', //   it goes, and a latching level was reached
  'late', //             evidence of a past occurrence over a latching limit, outside what is known
  'late_worse', //       evidence that it was worse than known
  'acknowledge',
  'reset',
  'freeze', //           its device fell silent or sends only bad values of its signal
  'thaw', //             good evidence again
  'verify', //           a person looked on site: nothing there
  'withdraw', //         the device is retired or replaced
  'resurface', //        it is suppressed no longer
] as const
export type Stimulus = (typeof STIMULI)[number]

/** `ask`: acknowledgement is owed (P1–P3) or waived (P4) anew. `give`: by the person who acts. */
export interface Step {
  readonly to: 'active' | 'latched' | 'frozen' | 'normal' | 'closed'
  readonly ack: 'keep' | 'ask' | 'give'
  readonly tells: readonly TransitionType[]
}
export type Cell = Step | { readonly refuses: ActRefusal } | 'nothing'

const step = (to: Step['to'], ack: Step['ack'], ...tells: TransitionType[]): Step => ({ to, ack, tells })
const refuse = (refuses: ActRefusal) => ({ refuses }) as const

const IN_ACTIVE = {
  occur: 'nothing',
  worsen: step('active', 'ask', 'level_changed'),
  ease: step('active', 'keep', 'level_changed'),
  return_latched: step('latched', 'keep', 'returned'),
  late: 'nothing',
  late_worse: step('active', 'ask', 'level_changed'),
  reset: refuse('still_active'),
  freeze: step('frozen', 'keep', 'frozen'),
  thaw: 'nothing',
  verify: refuse('not_frozen'),
  withdraw: step('closed', 'keep', 'closed'),
} as const satisfies Partial<Record<Stimulus, Cell>>

const IN_LATCHED = {
  occur: step('active', 'ask', 're_raised'),
  worsen: 'nothing',
  ease: 'nothing',
  return: 'nothing',
  return_latched: 'nothing',
  late_worse: step('latched', 'ask', 'level_changed'),
  freeze: 'nothing',
  thaw: 'nothing',
  verify: refuse('not_frozen'),
  withdraw: step('closed', 'keep', 'closed'),
  resurface: 'nothing',
} as const satisfies Partial<Record<Stimulus, Cell>>

/** What was not seen to end has not ended: only good evidence or a person who looked leads out. */
const IN_FROZEN = {
  occur: 'nothing',
  worsen: 'nothing',
  ease: 'nothing',
  return: 'nothing',
  return_latched: 'nothing',
  late: 'nothing',
  late_worse: step('frozen', 'ask', 'level_changed'),
  reset: refuse('still_active'),
  freeze: 'nothing',
  thaw: step('active', 'keep', 'unfrozen'),
  verify: step('closed', 'keep', 'closed'),
  withdraw: step('closed', 'keep', 'closed'),
} as const satisfies Partial<Record<Stimulus, Cell>>

export const ALARM_TABLE = {
  none: {
    occur: step('active', 'ask', 'raised'),
    worsen: 'nothing',
    ease: 'nothing',
    return: 'nothing',
    return_latched: 'nothing',
    late: step('latched', 'ask', 'raised'),
    late_worse: step('latched', 'ask', 'raised'),
    acknowledge: refuse('not_found'),
    reset: refuse('not_found'),
    freeze: 'nothing',
    thaw: 'nothing',
    verify: refuse('not_found'),
    withdraw: 'nothing',
    resurface: 'nothing',
  },
  active_owed: {
    ...IN_ACTIVE,
    return: step('normal', 'keep', 'returned'),
    acknowledge: step('active', 'give', 'acknowledged'),
    resurface: 'nothing',
  },
  active_given: {
    ...IN_ACTIVE,
    return: step('closed', 'keep', 'returned', 'closed'),
    acknowledge: refuse('already_acknowledged'),
    // ISA-18.2: un-shelving an active alarm leads to B, never to C.
    resurface: step('active', 'ask'),
  },
  active_waived: {
    ...IN_ACTIVE,
    return: step('closed', 'keep', 'returned', 'closed'),
    acknowledge: step('active', 'give', 'acknowledged'),
    resurface: 'nothing',
  },
  returned_owed: {
    ...IN_LATCHED,
    late: step('latched', 'ask', 're_raised'),
    late_worse: step('latched', 'ask', 're_raised'),
    acknowledge: step('closed', 'give', 'acknowledged', 'closed'),
    reset: refuse('not_latched'),
  },
  latched_owed: {
    ...IN_LATCHED,
    late: 'nothing',
    acknowledge: step('latched', 'give', 'acknowledged'),
    reset: refuse('unacknowledged'),
  },
  latched_given: {
    ...IN_LATCHED,
    late: step('latched', 'ask', 're_raised'),
    acknowledge: refuse('already_acknowledged'),
    reset: step('closed', 'keep', 'reset', 'closed'),
  },
  latched_waived: {
    ...IN_LATCHED,
    late: 'nothing',
    acknowledge: step('latched', 'give', 'acknowledged'),
    reset: step('closed', 'keep', 'reset', 'closed'),
  },
  frozen_owed: {
    ...IN_FROZEN,
    acknowledge: step('frozen', 'give', 'acknowledged'),
    resurface: 'nothing',
  },
  frozen_given: {
    ...IN_FROZEN,
    acknowledge: refuse('already_acknowledged'),
    resurface: step('frozen', 'ask'),
  },
  frozen_waived: {
    ...IN_FROZEN,
    acknowledge: step('frozen', 'give', 'acknowledged'),
    resurface: 'nothing',
  },
} as const satisfies Record<Standing, Record<Stimulus, Cell>>

export const cellOf = (standing: Standing, stimulus: Stimulus): Cell => ALARM_TABLE[standing][stimulus]
