// Event rules: which alarm each event raises, returns or touches for a moment, and what makes it worse.
import type { Corroboration, EventRule, Raise } from '../../contract/rules.ts'
import { baseOf, matches } from './compile-context.ts'
import { confirmingLimiter } from './compile-limits.ts'
import { EVENT, LIMIT, plainGrade, REPEATED } from './compiled.ts'
import type { Context, Parts } from './compile-context.ts'
import type { CompiledCorroboration, CompiledRepeat, CompiledRule, EventUse } from './compiled.ts'
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
      const repeats = repeatsOf(context, rule, raise.event, source)
      for (const repeat of repeats) grades.set(repeat.source, repeat.grade)
      return { ...raise, source, repeats, momentary: rule.mode === 'momentary' || raise.momentary === true }
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

  const uses: Uses = raises.map(({ event, momentary, source, data, repeats }) => [
    event,
    { ...use, role: momentary ? 'momentary' : 'raise', sources: [source], data: dataOf(data), repeats },
  ])
  const held = raises.filter((raise) => !raise.momentary)
  for (const { returnedBy, ...raise } of held) {
    if (!returnedBy) continue
    uses.push([returnedBy.event, { ...use, role: 'return', sources: sourcesOf(raise), data: dataOf(returnedBy.data) }])
  }
  const shared = held.filter((raise) => !raise.returnedBy).flatMap(sourcesOf)
  for (const event of rule.returns) uses.push([event, { ...use, role: 'return', sources: shared }])
  const { corroboration } = rule
  return {
    rule: compiled,
    limiters,
    events: uses,
    ...(corroboration && { corroboration: corroborationOf(compiled, corroboration) }),
  }
}

const sourcesOf = (raise: { readonly source: string; readonly repeats: readonly CompiledRepeat[] }): string[] => [
  raise.source,
  ...raise.repeats.map((repeat) => repeat.source),
]

function repeatsOf(context: Context, rule: EventRule, event: string, source: string): CompiledRepeat[] {
  return (rule.repeats ?? [])
    .filter((repeat) => repeat.event === event && matches(context, repeat.when))
    .map(({ data, atLeast, window, priority, title = null }, i) => ({
      source: source + REPEATED + (i === 0 ? '' : `#${i}`),
      grade: { ...plainGrade(priority, rule.latch), title },
      data: dataOf(data),
      atLeast,
      window: window * 1000,
    }))
}

function corroborationOf(rule: CompiledRule, corroboration: Corroboration): CompiledCorroboration {
  const { by, within, priority, title = null } = corroboration
  return {
    rule,
    by: new Map(by.map((witness) => [witness.ruleId, witness.priority])),
    within: within * 1000,
    grade: { ...plainGrade(priority, true), title },
  }
}
