// Resolves the rules of a device's kind for that one device: attributes chosen, limits computed, everything indexed.
import { KINDS } from '../../contract/kinds/table.ts'
import type { CountRule, VersionedRule } from '../../contract/rules.ts'
import { compileEventRule } from './compile-events.ts'
import { flagsOf } from './compile-flags.ts'
import { attributesOf, baseOf, firstMatch } from './compile-context.ts'
import { compileLimits } from './compile-limits.ts'
import type { Context, KindParts, Parts } from './compile-context.ts'
import { COUNT, HUB, plainGrade, SILENCE } from './compiled.ts'
import type {
  CompiledCorroboration,
  CompiledCount,
  CompiledRule,
  CompiledRules,
  CompiledSilence,
  EventUse,
  Limiter,
} from './compiled.ts'
import { trackKey } from './state.ts'
import type { Grade } from './state.ts'
import type { DeviceProfile } from './types.ts'

/** The hub measures nothing; what it finds out about itself comes as `hub` inputs. */
const NOTHING_MEASURED: KindParts = { metrics: [], attributes: [], reportEverySeconds: null }

/** What does not depend on the one device, but only on the attributes that its rules ask for. */
type Shared = Omit<CompiledRules, 'profile'>

interface Compiled {
  /** Attributes that any of the rules ask for. */
  readonly asked: readonly string[]
  readonly byAnswers: Map<string, Shared>
}

/** A county has thousands of devices and a handful of combinations: each list of rules is compiled once for each. */
const compiledLists = new WeakMap<readonly VersionedRule[], Compiled>()

/** Pure and never throws: what cannot be resolved is listed in `inactive`. The list of rules must not be changed later. */
export function compileRules(profile: DeviceProfile, rules: readonly VersionedRule[]): CompiledRules {
  let compiled = compiledLists.get(rules)
  if (!compiled) compiledLists.set(rules, (compiled = { asked: attributesAsked(rules), byAnswers: new Map() }))
  const kind: KindParts = profile.kind === 'hub' ? NOTHING_MEASURED : KINDS[profile.kind]
  const attribute = attributesOf(profile, kind)
  const answers = JSON.stringify([profile.kind, ...compiled.asked.map((name) => attribute(name) ?? null)])
  let shared = compiled.byAnswers.get(answers)
  if (!shared) compiled.byAnswers.set(answers, (shared = compileShared(kind, attribute, rules)))
  return { profile, ...shared }
}

const INTERVAL = 'reportEverySeconds'

function attributesAsked(rules: readonly VersionedRule[]): readonly string[] {
  const asked = new Set([INTERVAL])
  const ask = (when: object | undefined) => Object.keys(when ?? {}).forEach((name) => asked.add(name))
  for (const rule of rules) {
    if (rule.type === 'event') for (const { when } of [...rule.raises, ...(rule.repeats ?? [])]) ask(when)
    if (rule.type !== 'threshold' && rule.type !== 'silence') continue
    for (const variant of rule.variants) {
      ask(variant.when)
      for (const level of variant.levels) {
        if ('limit' in level && typeof level.limit === 'object') asked.add(level.limit.attribute)
        if ('onDelayAttribute' in level && level.onDelayAttribute !== undefined) asked.add(level.onDelayAttribute)
      }
    }
  }
  return [...asked]
}

function compileShared(kind: KindParts, attribute: Context['attribute'], rules: readonly VersionedRule[]): Shared {
  const context: Context = {
    kind,
    attribute,
    unitOf: (metric) => kind.metrics.find(({ name }) => name === metric)?.unit ?? '',
    inactive: [],
  }
  const byId = new Map<string, CompiledRule>()
  const byMetric = new Map<string, Limiter[]>()
  const byEvent = new Map<string, EventUse[]>()
  const counts = new Map<CountRule['counts'], CompiledCount[]>()
  const corroborated: CompiledCorroboration[] = []
  let silence: CompiledSilence | null = null

  for (const rule of rules) {
    const parts = compileRule(context, rule)
    if (!parts) continue
    byId.set(rule.id, parts.rule)
    for (const limiter of parts.limiters ?? []) append(byMetric, limiter.metric, limiter)
    for (const [event, use] of parts.events ?? []) append(byEvent, event, use)
    if (parts.corroboration) corroborated.push(parts.corroboration)
    if (rule.type === 'silence') silence = silenceOf(context, rule, parts.rule)
    if (rule.type === 'count') {
      append(counts, rule.counts, { rule: parts.rule, atLeast: rule.atLeast, window: rule.window * 1000 })
    }
  }

  const stated = attribute(INTERVAL)
  const endedByAnyMessage = [silence?.rule, ...(counts.get('clock_ahead') ?? []).map((count) => count.rule)]
  return {
    inactive: context.inactive,
    byId,
    byMetric,
    byEvent,
    silence,
    counts,
    corroborated,
    limited: new Set([...byMetric.values()].flat().map((limiter) => limiter.key)),
    endedByAnyMessage: endedByAnyMessage.flatMap((rule) => (rule ? [trackKey(rule.id, '')] : [])),
    statedInterval: typeof stated === 'number' && stated > 0 ? stated : null,
    usualInterval: kind.reportEverySeconds ?? 0,
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function compileRule(context: Context, rule: VersionedRule): Parts | null {
  switch (rule.type) {
    case 'threshold':
      return compileLimits(context, rule)
    case 'event':
      return compileEventRule(context, rule)
    case 'silence': {
      const grades = new Map<string, Grade>()
      for (const { name, priority } of firstMatch(context, rule.variants)?.levels ?? []) {
        grades.set(SILENCE + name, { ...plainGrade(priority), level: name })
      }
      const compiled = baseOf(rule, { grades })
      return { rule: compiled, events: flagsOf(rule.also ?? [], compiled, grades, []) }
    }
    case 'count':
      return { rule: baseOf(rule, { grades: new Map([[COUNT, plainGrade(rule.priority)]]), offDelay: rule.offDelay }) }
    case 'hub':
      return {
        rule: baseOf(rule, {
          grades: new Map([[HUB, plainGrade(rule.priority)]]),
          onDelays: new Map([[HUB, rule.onDelay * 1000]]),
        }),
      }
    case 'planned':
      context.inactive.push({ ruleId: rule.id, why: 'planned', detail: rule.needs })
      return null
  }
}

function silenceOf(
  context: Context,
  rule: Extract<VersionedRule, { type: 'silence' }>,
  compiled: CompiledRule,
): CompiledSilence | null {
  const variant = firstMatch(context, rule.variants)
  if (!variant) {
    context.inactive.push({ ruleId: rule.id, why: 'no_variant', detail: '' })
    return null
  }
  const levels = variant.levels.map(({ name, intervals, atLeast, grace }) => ({
    source: SILENCE + name,
    intervals,
    atLeast: atLeast * 1000,
    grace: grace * 1000,
  }))
  return { rule: compiled, levels }
}
