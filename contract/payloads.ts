// What a device says and hears over MQTT, as JSON. The native codec checks the same rules by hand (it runs for every
// message); a test holds the two against each other.
import * as z from 'zod'
import { idSchema, instantSchema } from './ids.ts'
import { MAX_BATCH } from './topics.ts'

/** One sample: values by metric name, measured at `ts` (receipt time if missing). */
export const readingSchema = z.object({ ts: instantSchema.optional(), values: z.record(z.string(), z.number()) })
export type Reading = z.infer<typeof readingSchema>
export const readingsPayloadSchema = z.union([readingSchema, z.array(readingSchema).min(1).max(MAX_BATCH)])

/** One event of the kind's list; unknown data keys are dropped. */
export const eventSchema = z.object({
  ts: instantSchema.optional(),
  event: z.string(),
  data: z.record(z.string(), z.unknown()).optional(),
})
export type DeviceEvent = z.infer<typeof eventSchema>
export const eventsPayloadSchema = z.union([eventSchema, z.array(eventSchema).min(1).max(MAX_BATCH)])

/** Retained; also the will. */
export const statusPayloadSchema = z.object({ state: z.enum(['online', 'offline']), ts: instantSchema.optional() })
export type DeviceStatus = z.infer<typeof statusPayloadSchema>

export const commandPayloadSchema = z.object({
  id: idSchema,
  name: z.string(),
  args: z.record(z.string(), z.unknown()),
  /** The device must not execute it at or after this instant, ms (G7). */
  expires: instantSchema,
})
export type CommandPayload = z.infer<typeof commandPayloadSchema>

export const replyPayloadSchema = z.discriminatedUnion('ok', [
  z.object({ id: idSchema, ok: z.literal(true), result: z.record(z.string(), z.unknown()).optional() }),
  z.object({ id: idSchema, ok: z.literal(false), error: z.string() }),
])
export type ReplyPayload = z.infer<typeof replyPayloadSchema>

/** A sample whose `ts` is older than this at receipt is not believed, ms. */
export const MAX_PAST_MS = 7 * 86_400_000
/** A sample that arrives this long after its `ts`, ms, is late: what was decided at its time was decided without it. */
export const LATE_AFTER_MS = 60_000
/** A sample whose `ts` is further ahead than this at receipt is not believed and raises `device.clock`, ms. */
export const MAX_FUTURE_MS = 5 * 60_000

/**
 * Why a payload, or a part of one, was not stored. The same words in counters, metrics, samples and pages.
 * A `ts` that cannot be believed is no reason: such a sample is stored at its receipt time and marked suspect.
 */
export const REJECTION_REASONS = [
  'unregistered_device',
  'retired_device',
  'too_large',
  'not_utf8',
  'not_json',
  'too_deep',
  'forbidden_key',
  'wrong_shape',
  'too_many_items',
  'no_values',
  'unknown_metric',
  'not_a_number',
  'out_of_range',
  'unknown_event',
  'no_telemetry',
  'unknown_command',
  'repeated_reply',
  'late_reply',
  'overload_qos0',
] as const
export const rejectionReasonSchema = z.enum(REJECTION_REASONS)
export type RejectionReason = z.infer<typeof rejectionReasonSchema>
