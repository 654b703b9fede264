// What to say first and what to do next, by what has alarmed, where a county has not written its own. The order is the order of
// acting.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { Step } from '../../../../contract/http/first-steps.ts'
import { textOf } from '../text/dictionary.ts'
import type { Language, TextKey } from '../text/dictionary.ts'

const STEPS = {
  gas: ['steps.gas.say', 'steps.gas.repair', 'steps.gas.119', 'steps.gas.valve', 'steps.verdict'],
  fire: ['steps.fire.119', 'steps.fire.go', 'steps.fire.doors', 'steps.fire.power', 'steps.verdict'],
  circuit: ['steps.circuit.off', 'steps.circuit.electrician', 'steps.circuit.measure', 'steps.verdict'],
} as const satisfies Record<string, readonly TextKey[]>

/** Leakage, heat and arcs of a circuit, whatever measures them. */
const CIRCUIT_SIGNALS = new Set(['residual_current', 'temperature', 'temperature_rate', 'arc_fault'])
/** Something burns; the water of a hydrant is the fire brigade's too, and no fire. */
const FIRE_SIGNALS = new Set(['smoke', 'heat_alarm'])

/** The first one is said or done before anything else; none where there is nothing to say in general. */
export function defaultSteps({ category, signal }: Pick<Alarm, 'category' | 'signal'>): readonly Step[] {
  const keys =
    category === 'gas'
      ? STEPS.gas
      : category === 'fire' && FIRE_SIGNALS.has(signal)
        ? STEPS.fire
        : category === 'electrical' && CIRCUIT_SIGNALS.has(signal)
          ? STEPS.circuit
          : []
  return keys.map((key) => ({ zh: textOf('zh', key), en: textOf('en', key) }))
}

/** Chinese where nobody has written English. */
export const wordsOf = (steps: readonly Step[], language: Language): string[] =>
  steps.map((step) => (language === 'en' ? (step.en ?? step.zh) : step.zh))
