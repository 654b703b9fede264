// What to say first and what to do next, by what has alarmed. The order is the order of acting.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { TextKey } from '../text/dictionary.ts'

const STEPS = {
  gas: ['steps.gas.say', 'steps.gas.repair', 'steps.gas.119', 'steps.gas.valve', 'steps.verdict'],
  fire: ['steps.fire.119', 'steps.fire.go', 'steps.fire.doors', 'steps.fire.power', 'steps.verdict'],
  circuit: ['steps.circuit.off', 'steps.circuit.electrician', 'steps.circuit.measure', 'steps.verdict'],
} as const satisfies Record<string, readonly TextKey[]>

type Step = (typeof STEPS)[keyof typeof STEPS][number]

/** Leakage and heat of a circuit, whatever measures them. */
const CIRCUIT_SIGNALS = new Set(['residual_current', 'temperature', 'temperature_rate'])

/** The first one is said or done before anything else; null where there is nothing to say in general. */
export function firstSteps(alarm: Pick<Alarm, 'category' | 'signal'>): readonly Step[] | null {
  if (alarm.category === 'gas') return STEPS.gas
  if (alarm.category === 'fire') return STEPS.fire
  return alarm.category === 'electrical' && CIRCUIT_SIGNALS.has(alarm.signal) ? STEPS.circuit : null
}
