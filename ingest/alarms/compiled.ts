// Rules as the engine reads them: resolved once for one device, indexed by what a message carries.
import { LEVEL_NAMES } from '../../contract/rules.ts'
import type { Bilingual, Category, CountRule, LevelName, Priority, Rule } from '../../contract/rules.ts'
import type { Grade } from './state.ts'
import type { DeviceProfile } from './types.ts'

/** What an alarm shows of its rule, whatever its type. Delays in ms. */
export interface CompiledRule {
  readonly id: string
  readonly version: number
  readonly type: Rule['type']
  readonly signal: string
  readonly title: Bilingual
  readonly category: Category
  readonly unit: string
  /** By source: see `Track.sources`. */
  readonly grades: ReadonlyMap<string, Grade>
  /** By source; absent = 0. */
  readonly onDelays: ReadonlyMap<string, number>
  readonly offDelay: number
  /** It is only for sites under certain regimes, and this site's is none of them: nothing of it stands. */
  readonly offRegime: boolean
}

export interface CompiledLevel {
  readonly source: string
  readonly limit: number
  /** Limit and deadband: the level is left at this value. */
  readonly inside: number
  readonly onDelay: number
  readonly grade: Grade
}

/** A rule on one metric, hence on one channel. */
export interface Limiter {
  readonly rule: CompiledRule
  readonly metric: string
  readonly channel: string
  readonly key: string
  readonly high: boolean
  /** The mildest limit: a value that does not meet it concerns no alarm at rest. */
  readonly trip: number
  /** From mild to severe. */
  readonly levels: readonly CompiledLevel[]
  /** A 0/1 metric says the same as the event pair beside it: the newer of the two is right. */
  readonly binary: boolean
}

/** Several of one event that are worse than one. */
export interface CompiledRepeat {
  readonly source: string
  readonly grade: Grade
  readonly data: EventUse['data']
  readonly atLeast: number
  /** ms. */
  readonly window: number
}

/** Alarms of the site that make this rule's worse. */
export interface CompiledCorroboration {
  readonly rule: CompiledRule
  /** Rules whose alarms count, from this priority on. */
  readonly by: ReadonlyMap<string, Priority>
  /** ms. */
  readonly within: number
  readonly grade: Grade
}

/** What one event means to one rule. */
export interface EventUse {
  readonly rule: CompiledRule
  readonly role: 'raise' | 'return' | 'momentary'
  /** What it raises, or all that it returns. */
  readonly sources: readonly string[]
  /** What its data must say. */
  readonly data: ReadonlyArray<readonly [string, string | number | boolean]>
  /** The rule's metrics; an event without a channel belongs to the only one, if there is only one. */
  readonly limiters: readonly Limiter[]
  /** Of an event that raises: how several of it count. */
  readonly repeats?: readonly CompiledRepeat[]
}

export interface CompiledSilence {
  readonly rule: CompiledRule
  /** A level is reached after the larger of `intervals` × reporting interval and `atLeast`, plus `grace`, ms. */
  readonly levels: ReadonlyArray<{
    readonly source: string
    readonly intervals: number
    readonly atLeast: number
    readonly grace: number
  }>
}

export interface CompiledCount {
  readonly rule: CompiledRule
  readonly atLeast: number
  /** ms; 0 = in a row. */
  readonly window: number
}

/** Why a rule, or a level of it, decides nothing for this device. */
export const INACTIVE_REASONS = ['planned', 'attribute_missing', 'no_variant', 'no_metric', 'opt_in'] as const
export interface InactiveRule {
  readonly ruleId: string
  readonly why: (typeof INACTIVE_REASONS)[number]
  /** The attribute, the metric, the rule kind it waits for. */
  readonly detail: string
}

export interface CompiledRules {
  readonly profile: DeviceProfile
  /** Shown beside the device: a rule that cannot decide must not look as if it did. */
  readonly inactive: readonly InactiveRule[]
  readonly byId: ReadonlyMap<string, CompiledRule>
  /** Keys are in one fixed order, and so are transitions, whatever the order within a message. */
  readonly byMetric: ReadonlyMap<string, readonly Limiter[]>
  readonly byEvent: ReadonlyMap<string, readonly EventUse[]>
  readonly silence: CompiledSilence | null
  readonly counts: ReadonlyMap<CountRule['counts'], readonly CompiledCount[]>
  /** Rules whose alarms get worse with others at the site. */
  readonly corroborated: readonly CompiledCorroboration[]
  /** Tracks that some metric decides. */
  readonly limited: ReadonlySet<string>
  /** Tracks that any message of the device may end: its silence, its clock. */
  readonly endedByAnyMessage: readonly string[]
  /** Seconds between reports as the device's attribute states them, which outranks what is learned; null without. */
  readonly statedInterval: number | null
  /** Seconds between reports usual for its kind. */
  readonly usualInterval: number
}

/** How sources are named, so that a state outlives its rules' versions. */
export const LIMIT = 'limit:'
export const EVENT = 'event:'
/** Behind the name of an event's source: so many of it in so short a time. It stands and falls with the event. */
export const REPEATED = '+repeated'
export const SILENCE = 'silence:'
export const COUNT = 'count'
export const HUB = 'hub'

/** Greater is worse: priority first, then the level's name. */
export const severityOf = (grade: { readonly priority: Priority; readonly level: LevelName }): number =>
  (4 - grade.priority) * LEVEL_NAMES.length + LEVEL_NAMES.indexOf(grade.level)

/** What has no levels of its own is named after its priority. */
const LEVEL_OF_PRIORITY = { 1: 'high', 2: 'alarm', 3: 'warn', 4: 'info' } as const satisfies Record<Priority, LevelName>

export const plainGrade = (priority: Priority, latch = false): Grade => ({
  level: LEVEL_OF_PRIORITY[priority],
  priority,
  latch,
  limit: null,
  title: null,
})
