// Alarm rules as data. A rule decides one danger of one device: its alarms are identified by (device, channel, rule).
// Defaults live beside each kind in `kinds/`; the ledger keeps the versions a county really runs.
import * as z from 'zod'
import { KIND_NAMES } from './kinds/names.ts'

/** 1 红 紧急 · 2 橙 严重 · 3 黄 一般 · 4 蓝 提示 (needs no acknowledgement, makes no sound). */
export const prioritySchema = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)])
export type Priority = z.infer<typeof prioritySchema>

export const CATEGORIES = ['fire', 'gas', 'electrical', 'security', 'fault', 'offline', 'maintenance', 'data'] as const
export const categorySchema = z.enum(CATEGORIES)
export type Category = z.infer<typeof categorySchema>

/** A text in the languages of the product; Chinese is the source. */
export const bilingualSchema = z.object({ zh: z.string().min(1), en: z.string().min(1) })
export type Bilingual = z.infer<typeof bilingualSchema>

/** Where a figure comes from. `mark`: P primary text read, S secondary source, REC this project's recommendation. */
export const provenanceSchema = z.object({
  mark: z.enum(['P', 'S', 'REC']),
  standard: z.string().optional(),
  clause: z.string().optional(),
  note: bilingualSchema.optional(),
})

/** A limit in the metric's unit, or a share of a number attribute of the device (`factor` × attribute). */
export const limitSchema = z.union([
  z.number(),
  z.object({ attribute: z.string(), factor: z.number(), fallback: z.number().optional() }),
])
export type Limit = z.infer<typeof limitSchema>

export const LEVEL_NAMES = ['info', 'warn', 'alarm', 'high'] as const
export const levelNameSchema = z.enum(LEVEL_NAMES)
export type LevelName = z.infer<typeof levelNameSchema>

/** One step of a threshold rule. Levels are listed from mild to severe; a severer one has a later index. */
export const levelSchema = z.object({
  name: levelNameSchema,
  limit: limitSchema,
  priority: prioritySchema,
  /** Seconds the limit must be met, by sample time, before the level counts. 0 on everything that saves lives. */
  onDelay: z.number().min(0),
  /** A number attribute of the device that replaces `onDelay` where it is set. */
  onDelayAttribute: z.string().optional(),
  /** Once raised at this level, only a reset ends the alarm. */
  latch: z.boolean(),
  /** Off unless an administrator turns it on. */
  optIn: z.boolean().optional(),
  /** Words for the alarm at this level, where the trade has its own: 低限, 高限. */
  title: bilingualSchema.optional(),
})
export type Level = z.infer<typeof levelSchema>

/** Which devices a variant of a rule is for. Every named attribute must match; `'*'` means "has any value". */
export const conditionSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** What a rule is made of for the devices whose attributes match `when`; the first matching variant decides. */
const variant = <T extends z.ZodRawShape>(shape: T) => z.object({ when: conditionSchema.optional(), ...shape })

/**
 * A limit on a metric. `signal` names the metric (all its channels). `also`: the device's own event pairs on the same
 * signal, each standing for one of the levels; they act at once, without on-delay, and whether or not the limit can be
 * evaluated: a device's own alarm needs no attribute.
 */
export const thresholdVariantSchema = variant({
  levels: z.array(levelSchema).min(1),
  /** How far the value must come back inside the limit: the larger of `absolute` and `fraction` × limit. */
  deadband: z.object({ absolute: z.number().min(0), fraction: z.number().min(0).optional() }),
  /** Seconds inside limit and deadband before the alarm returns (or falls in level). */
  offDelay: z.number().min(0),
})
export const alsoSchema = z.object({
  event: z.string(),
  level: levelNameSchema,
  priority: prioritySchema,
  latch: z.boolean(),
  /** The other side of the pair. Absent: `{event}_cleared`. */
  returnedBy: z.string().optional(),
  /** Other words for the alarm while this event stands. */
  title: bilingualSchema.optional(),
})
export type Also = z.infer<typeof alsoSchema>

const base = {
  id: z.string().regex(/^[a-z]+\.[a-z_]+$/),
  signal: z.string(),
  title: bilingualSchema,
  category: categorySchema,
  /** 物 the state of a thing · 人 the behaviour of a person. */
  cause: z.enum(['condition', 'behaviour']),
  provenance: provenanceSchema,
}

export const thresholdRuleSchema = z.object({
  ...base,
  type: z.literal('threshold'),
  /** The metric without its channel suffix: `temperature` covers `temperature_a` … `temperature_n`. */
  metric: z.string(),
  /** Only these channels of the metric; '' is the one without a suffix. Absent: all. */
  channels: z.array(z.string()).optional(),
  direction: z.enum(['high', 'low']),
  variants: z.array(thresholdVariantSchema).min(1),
  also: z.array(alsoSchema),
})
export type ThresholdRule = z.infer<typeof thresholdRuleSchema>

/** An event and, optionally, what its data must say; a missing key matches nothing. */
export const eventMatchSchema = z.object({ event: z.string(), data: conditionSchema.optional() })

/** `when`: attributes of the device. `data`: what the event says. */
export const raiseSchema = eventMatchSchema.extend({
  when: conditionSchema.optional(),
  priority: prioritySchema,
  /** Inside a pair rule: this event holds nothing, it returns at once. */
  momentary: z.literal(true).optional(),
  /** What returns this event alone, in place of the rule's `returns`. */
  returnedBy: eventMatchSchema.optional(),
})
export type Raise = z.infer<typeof raiseSchema>

/**
 * So many of one event within `window` seconds are worse than each of them: the same alarm, at this priority. In sample
 * time, whatever the order of arrival, and across resets.
 */
export const repeatSchema = eventMatchSchema.extend({
  when: conditionSchema.optional(),
  atLeast: z.number().int().min(2),
  window: z.number().min(0),
  priority: prioritySchema,
  /** Other words for the alarm at this level. */
  title: bilingualSchema.optional(),
})
export type Repeat = z.infer<typeof repeatSchema>

/**
 * Other alarms at the same site that bear a momentary event out: the same alarm, latched at this priority, if one of them
 * stands, or stood, at most `within` seconds before or after the event. Whichever came first.
 */
export const corroborationSchema = z.object({
  /** Rules whose alarms count, when they reach this priority. */
  by: z.array(z.object({ ruleId: z.string(), priority: prioritySchema })).min(1),
  within: z.number().min(0),
  priority: prioritySchema,
  /** Other words for the alarm at this level. */
  title: bilingualSchema.optional(),
})
export type Corroboration = z.infer<typeof corroborationSchema>

/** A pair `x / x_cleared`, or a momentary event; a 0/1 metric of the same meaning confirms either side of a pair. */
export const eventRuleSchema = z.object({
  ...base,
  type: z.literal('event'),
  mode: z.enum(['pair', 'momentary']),
  /** Every event that raises this alarm, with its level's priority; of entries of one event the first that matches decides. */
  raises: z.array(raiseSchema).min(1),
  /** Every event that returns it (pairs). */
  returns: z.array(z.string()),
  /** A metric that is not zero while the danger stands. */
  metric: z.string().optional(),
  offDelay: z.number().min(0),
  latch: z.boolean(),
  repeats: z.array(repeatSchema).optional(),
  corroboration: corroborationSchema.optional(),
})
export type EventRule = z.infer<typeof eventRuleSchema>

/**
 * No message for too long. `after` is in seconds: the larger of `intervals` × reporting interval and `atLeast`, plus
 * `grace`. The first message returns it. `also`: events in which the device says beforehand why it will fall silent
 * (lost mains); the same alarm, at once, until the other side of the pair.
 */
export const silenceRuleSchema = z.object({
  ...base,
  type: z.literal('silence'),
  variants: z
    .array(
      variant({
        levels: z
          .array(
            z.object({
              name: levelNameSchema,
              intervals: z.number().min(0),
              atLeast: z.number().min(0),
              grace: z.number().min(0),
              priority: prioritySchema,
            }),
          )
          .min(1),
      }),
    )
    .min(1),
  also: z.array(alsoSchema).optional(),
})
export type SilenceRule = z.infer<typeof silenceRuleSchema>

/** How often something happened within a window: rejections, connection losses, clocks that run ahead. */
export const countRuleSchema = z.object({
  ...base,
  type: z.literal('count'),
  counts: z.enum(['rejections', 'disconnects', 'clock_ahead']),
  atLeast: z.number().int().min(1),
  /** Seconds; 0 = consecutive occurrences. */
  window: z.number().min(0),
  /** Seconds without another occurrence before it returns. */
  offDelay: z.number().min(0),
  priority: prioritySchema,
})
export type CountRule = z.infer<typeof countRuleSchema>

/** Raised and returned by the hub about itself, on evidence outside any device's messages. */
export const hubRuleSchema = z.object({
  ...base,
  type: z.literal('hub'),
  onDelay: z.number().min(0),
  priority: prioritySchema,
})
export type HubRule = z.infer<typeof hubRuleSchema>

/** Named here so that it is listed, not yet decided by the engine; `needs` says which rule kind it waits for. */
export const plannedRuleSchema = z.object({ ...base, type: z.literal('planned'), needs: z.string() })
export type PlannedRule = z.infer<typeof plannedRuleSchema>

export const ruleSchema = z.discriminatedUnion('type', [
  thresholdRuleSchema,
  eventRuleSchema,
  silenceRuleSchema,
  countRuleSchema,
  hubRuleSchema,
  plannedRuleSchema,
])
export type Rule = z.infer<typeof ruleSchema>

/** Whose rule it is: a device kind's, or the hub's own. `device.*` are every kind's, each with figures of its own. */
export const ruleKindSchema = z.enum([...KIND_NAMES, 'hub'])
export type RuleKind = z.infer<typeof ruleKindSchema>

/** A rule and its kind: the two together name it. */
export type KindRule = Rule & { readonly kind: RuleKind }
/** A rule as the ledger runs it: versions start at 1 and are never reused. */
export type VersionedRule = KindRule & { readonly version: number }
