// Threshold rules: which variant is this device's, what its limits come to, which metrics they are on.
import { signalOf } from '../../contract/kinds/kind.ts'
import type { Level, Limit, ThresholdRule } from '../../contract/rules.ts'
import { SITE_REGIME } from '../../contract/site-profile.ts'
import { baseOf, firstMatch } from './compile-context.ts'
import { flagsOf } from './compile-flags.ts'
import { LIMIT } from './compiled.ts'
import type { Context, Parts } from './compile-context.ts'
import type { CompiledLevel, CompiledRule, Limiter } from './compiled.ts'
import { trackKey } from './state.ts'
import type { Grade } from './state.ts'

function resolve({ attribute }: Context, limit: Limit): number | undefined {
  if (typeof limit === 'number') return limit
  const value = attribute(limit.attribute)
  return typeof value === 'number' ? value * limit.factor : limit.fallback
}

export function compileLimits(context: Context, rule: ThresholdRule & { version: number }): Parts {
  const variant = firstMatch(context, rule.variants)
  const high = rule.direction === 'high'
  if (!variant) context.inactive.push({ ruleId: rule.id, why: 'no_variant', detail: '' })

  const levels: CompiledLevel[] = []
  for (const level of variant?.levels ?? []) {
    const limit = resolvedLimit(context, rule.id, level)
    if (limit === undefined || !variant) continue
    const { absolute, fraction = 0 } = variant.deadband
    const deadband = Math.max(absolute, fraction * Math.abs(limit))
    const delay = level.onDelayAttribute === undefined ? undefined : context.attribute(level.onDelayAttribute)
    const { name, priority, latch, title = null } = level
    levels.push({
      source: LIMIT + name,
      limit,
      inside: high ? limit - deadband : limit + deadband,
      onDelay: Math.round((typeof delay === 'number' ? delay : level.onDelay) * 1000),
      grade: { level: name, priority, latch, limit, title },
    })
  }

  const metrics = metricsOf(context, rule)
  if (metrics.length === 0) context.inactive.push({ ruleId: rule.id, why: 'no_metric', detail: rule.metric })
  const grades = new Map<string, Grade>(levels.map((level) => [level.source, level.grade]))
  const compiled = baseOf(rule, {
    unit: context.unitOf(metrics[0]?.name ?? rule.metric),
    grades,
    onDelays: new Map(levels.map((level) => [level.source, level.onDelay])),
    offDelay: variant?.offDelay ?? 0,
    offRegime: variant === undefined && rule.variants.every(({ when }) => Object.hasOwn(when ?? {}, SITE_REGIME)),
  })
  const limiters = levels.length === 0 ? [] : metrics.map((metric) => limiterOf(compiled, metric, high, levels))
  return { rule: compiled, limiters, events: flagsOf(rule.also, compiled, grades, limiters) }
}

function resolvedLimit(context: Context, ruleId: string, { limit, optIn, name }: Level): number | undefined {
  if (optIn) {
    context.inactive.push({ ruleId, why: 'opt_in', detail: name })
    return undefined
  }
  const resolved = resolve(context, limit)
  if (resolved === undefined && typeof limit === 'object') {
    const known = context.inactive.some((i) => i.ruleId === ruleId && i.detail === limit.attribute)
    if (!known) context.inactive.push({ ruleId, why: 'attribute_missing', detail: limit.attribute })
  }
  return resolved
}

/** Every channel of the rule's metric that the kind has. */
function metricsOf({ kind }: Context, { metric, channels }: ThresholdRule) {
  return kind.metrics
    .map((m) => ({ ...m, ...(m.name === metric ? { signal: metric, channel: '' } : signalOf(m.name)) }))
    .filter((m) => m.signal === metric && (channels === undefined || channels.includes(m.channel)))
}

function limiterOf(
  rule: CompiledRule,
  metric: { readonly name: string; readonly channel: string; readonly binary?: unknown },
  high: boolean,
  levels: readonly CompiledLevel[],
): Limiter {
  const limits = levels.map((level) => level.limit)
  return {
    rule,
    metric: metric.name,
    channel: metric.channel,
    key: trackKey(rule.id, metric.channel),
    high,
    trip: high ? Math.min(...limits) : Math.max(...limits),
    levels,
    binary: metric.binary !== undefined,
  }
}

/** A metric that is not zero while the danger of an event rule stands. */
export function confirmingLimiter(rule: CompiledRule, metric: string, grade: Grade): Limiter {
  const level = { source: LIMIT + grade.level, limit: Number.MIN_VALUE, inside: 0, onDelay: 0, grade }
  return limiterOf(rule, { name: metric, channel: signalOf(metric).channel, binary: true }, true, [level])
}
