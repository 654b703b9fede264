// An alarm and its transitions, as the ledger keeps them and every screen shows them. Three axes, never one enum:
// condition, acknowledgement, suppression (ISA-18.2).
import * as z from 'zod'
import { idSchema, instantSchema, seqSchema } from './ids.ts'
import type { AckLevel } from './role-names.ts'
import { bilingualSchema, categorySchema, levelNameSchema, prioritySchema } from './rules.ts'

/** On the wire; the engine also knows `pending` and `clearing`, which are shown as what they were before. */
export const CONDITIONS = ['active', 'latched', 'frozen', 'normal'] as const
export const conditionStateSchema = z.enum(CONDITIONS)
export type Condition = z.infer<typeof conditionStateSchema>

export const personSchema = z.object({ id: idSchema, name: z.string() })
export type Person = z.infer<typeof personSchema>

export const ACK_REASONS = ['seen', 'calling', 'dispatched', 'handed_to_119', 'known_work'] as const
export const ackReasonSchema = z.enum(ACK_REASONS)
export type AckReason = z.infer<typeof ackReasonSchema>

/** Who took the alarm, when (server time), why. null on an alarm: nobody has, or (P4) nobody needs to. */
export const ackSchema = z.object({
  by: personSchema,
  at: instantSchema,
  reason: ackReasonSchema.nullable(),
  comment: z.string().nullable(),
})
export type Ack = z.infer<typeof ackSchema>

/** Hides from the horn, never from the list (G5). */
export const suppressionSchema = z.object({
  type: z.enum(['shelved', 'suppressed', 'out_of_service']),
  by: personSchema.nullable(),
  reason: z.string(),
  at: instantSchema,
  /** null: until undone, or (one shot) until it next returns. */
  until: instantSchema.nullable(),
})
export type Suppression = z.infer<typeof suppressionSchema>

export const MODES = ['normal', 'debug', 'inspection', 'maintenance', 'drill'] as const
/** 核实结论: 真警 误报 故障 测试 检修 重复 无法联系. */
export const VERDICTS = ['real', 'false', 'fault', 'test', 'maintenance', 'duplicate', 'unreachable'] as const
export const verdictSchema = z.enum(VERDICTS)
export type Verdict = z.infer<typeof verdictSchema>

/** Why a transition happened: the same word in log, API, test and page. */
export const TRANSITION_REASONS = [
  'threshold',
  'device_flag',
  'momentary',
  'on_delay_elapsed',
  'off_delay_elapsed',
  'level_risen',
  'level_fallen',
  'device_cleared',
  'back_in_range',
  'silent',
  'power_cut',
  'will',
  'heard_again',
  'late',
  'repeated',
  'corroboration',
  'quiet_again',
  'bad_value',
  'device_silent',
  'good_value',
  'human',
  'town_acknowledged',
  'acknowledged_and_normal',
  'not_required',
  'field_verified',
  'device_retired',
  'device_replaced',
  'device_moved',
  'regime_ended',
  'hub_condition',
  'expired',
] as const
export const transitionReasonSchema = z.enum(TRANSITION_REASONS)
export type TransitionReason = z.infer<typeof transitionReasonSchema>

export const TRANSITION_TYPES = [
  'raised',
  're_raised',
  'level_changed',
  'returned',
  'frozen',
  'unfrozen',
  'acknowledged',
  'reset',
  'closed',
  'shelved',
  'unshelved',
  'suppressed',
  'unsuppressed',
  'out_of_service',
  'in_service',
  'assigned',
  'commented',
  'verdict',
] as const
export const transitionTypeSchema = z.enum(TRANSITION_TYPES)
export type TransitionType = z.infer<typeof transitionTypeSchema>

export const alarmSchema = z.object({
  id: idSchema,
  /** The newest transition of this alarm; an act names the one it answers. */
  seq: seqSchema,
  deviceId: z.string(),
  deviceName: z.string(),
  siteId: idSchema.nullable(),
  /** Names from large to small: areas, then the site. */
  place: z.array(z.string()),
  kind: z.string(),
  category: categorySchema,
  ruleId: z.string(),
  ruleVersion: z.number().int(),
  signal: z.string(),
  /** '' if the signal has no channels. */
  channel: z.string(),
  level: levelNameSchema,
  priority: prioritySchema,
  condition: conditionStateSchema,
  ack: ackSchema.nullable(),
  /** 镇街接警: a town's own, beside the county's. It stops no county horn and closes nothing. */
  townAck: ackSchema.optional(),
  suppression: suppressionSchema.nullable(),
  mode: z.enum(MODES),
  latched: z.boolean(),
  title: bilingualSchema,
  /** The value that decided the newest transition, in `unit`; null if the device only sent a flag. */
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  reason: transitionReasonSchema,
  /** How often the condition has come since the alarm was raised, this time included. */
  occurrences: z.number().int().min(1),
  raisedAt: instantSchema,
  clearedAt: instantSchema.nullable(),
  updatedAt: instantSchema,
  /** Set when nothing is left to do: normal, and acknowledged where that is needed. */
  closedAt: instantSchema.nullable(),
  /** What somebody found it to be; null again when the condition comes anew or gets worse. */
  verdict: verdictSchema.nullable(),
  /** Why it was raised, as they found it: cooking smoke, a brush motor. */
  verdictCause: z.string().optional(),
})
export type Alarm = z.infer<typeof alarmSchema>

/** One step in the life of one alarm; `alarm` is its state right after. */
export const transitionSchema = z.object({
  seq: seqSchema,
  /** Hub wall time. */
  at: instantSchema,
  /** When the device measured what caused it, if a device did. */
  sampleTs: instantSchema.nullable(),
  type: transitionTypeSchema,
  reason: transitionReasonSchema,
  by: personSchema.nullable(),
  comment: z.string().nullable(),
  alarm: alarmSchema,
})
export type Transition = z.infer<typeof transitionSchema>

/** Bodies of `POST /api/v1/alarms/{id}/{act}`. */
const comment = z.string().trim().min(1).max(2000)
export const actBodySchemas = {
  ack: z.object({ seq: seqSchema, reason: ackReasonSchema.optional(), comment: comment.optional() }),
  reset: z.object({ seq: seqSchema, comment: comment.optional() }),
  comment: z.object({ text: comment }),
  verdict: z.object({
    seq: seqSchema,
    verdict: verdictSchema,
    cause: z.string().trim().min(1).max(200).optional(),
    comment: comment.optional(),
  }),
  field_verified: z.object({ seq: seqSchema, reason: comment }),
} as const
export type ActName = keyof typeof actBodySchemas

interface Answer {
  readonly alarmId: string
  /** The transition it answers; null for acts that do not depend on one (comment). */
  readonly seq: number | null
  readonly by: Person
  readonly reason: string | null
  readonly comment: string | null
}
interface Judgement {
  readonly verdict: Verdict
  readonly cause: string | null
}

/** Whose acknowledgement it is. */
interface Taking {
  readonly level: AckLevel
}

/** A human act on an alarm, as the ingest decides it. */
export type Act = {
  [Name in ActName]: Answer & { readonly name: Name } & (Name extends 'verdict'
      ? Judgement
      : Name extends 'ack'
        ? Taking
        : unknown)
}[ActName]

/** Why an act was not carried out. */
export const ACT_REFUSALS = [
  'not_found',
  'stale',
  'closed',
  'already_acknowledged',
  'not_latched',
  'still_active',
  'unacknowledged',
  'not_frozen',
] as const
export type ActRefusal = (typeof ACT_REFUSALS)[number]
