// A device's own flag beside a limit of the hub's (`also`): one danger, one alarm, two sources.
import type { Also } from '../../contract/rules.ts'
import { EVENT } from './compiled.ts'
import type { CompiledRule, EventUse, Limiter } from './compiled.ts'
import type { Grade } from './state.ts'

export type Uses = [event: string, use: EventUse][]

/** The flags of a rule; their grades are added to `grades`. */
export function flagsOf(
  also: readonly Also[],
  rule: CompiledRule,
  grades: Map<string, Grade>,
  limiters: readonly Limiter[],
): Uses {
  return also.flatMap(({ event, level, priority, latch, returnedBy = `${event}_cleared`, title = null }): Uses => {
    const source = EVENT + event
    grades.set(source, { level, priority, latch, limit: null, title })
    const use = { rule, sources: [source], data: [], limiters }
    return [
      [event, { ...use, role: 'raise' }],
      [returnedBy, { ...use, role: 'return' }],
    ]
  })
}
