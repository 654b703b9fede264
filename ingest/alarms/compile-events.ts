// Event rules: which alarm each event raises, returns or touches for a moment.
import type { EventRule, Raise } from '../../contract/rules.ts'
import { baseOf, matches } from './compile-context.ts'
import { confirmingLimiter } from './compile-limits.ts'
import { EVENT, LIMIT, plainGrade } from './compiled.ts'
import type { Context, Parts } from './compile-context.ts'
import type { EventUse } from './compiled.ts'
import type { Uses } from './compile-flags.ts'
import type { Grade } from './state.ts'

const dataOf = (data: Raise['data']): EventUse['data'] => Object.entries(data ?? {})

export function compileEventRule(context: Context, rule: EventRule & { version: number }): Parts {
  const grades = new Map<string, Grade>()
  const raises = rule.raises
    .filter((raise) => matches(context, raise.when))
    // What stands behind an entry without conditions is never reached.
    .filter((raise, i, all) => !all.slice(0, i).some((r) => r.event === raise.event && r.data === undefined))
    .map((raise, i, all) => {
      const nth = all.slice(0, i).filter((r) => r.event === raise.event).length
      const source = EVENT + raise.event + (nth === 0 ? '' : `#${nth}`)
      grades.set(source, plainGrade(raise.priority, rule.latch))
      return { ...raise, source, momentary: rule.mode === 'momentary' || raise.momentary === true }
    })
  const [first] = raises
  if (first === undefined) {
    context.inactive.push({ ruleId: rule.id, why: 'no_variant', detail: '' })
    return { rule: baseOf(rule, { grades }) }
  }

  const metric = rule.metric
  const metricGrade = plainGrade(first.priority, rule.latch)
  if (metric !== undefined) grades.set(LIMIT + metricGrade.level, metricGrade)
  const compiled = baseOf(rule, { grades, offDelay: rule.offDelay })
  const limiters = metric === undefined ? [] : [confirmingLimiter(compiled, metric, metricGrade)]
  const use = { rule: compiled, limiters, data: [] }

  const uses: Uses = raises.map((raise) => [
    raise.event,
    { ...use, role: raise.momentary ? 'momentary' : 'raise', sources: [raise.source], data: dataOf(raise.data) },
  ])
  const held = raises.filter((raise) => !raise.momentary)
  for (const { returnedBy, source } of held) {
    if (!returnedBy) continue
    uses.push([returnedBy.event, { ...use, role: 'return', sources: [source], data: dataOf(returnedBy.data) }])
  }
  const shared = held.filter((raise) => !raise.returnedBy).map((raise) => raise.source)
  for (const event of rule.returns) uses.push([event, { ...use, role: 'return', sources: shared }])
  return { rule: compiled, limiters, events: uses }
}
