// Devices, their readings and rejections.
import * as z from 'zod'
import { deviceIdSchema, idSchema, instantSchema, newDeviceIdSchema } from '../ids.ts'
import { KIND_NAMES } from '../kinds/kind.ts'
import { rejectionReasonSchema } from '../payloads.ts'
import { nameSchema, pageQuerySchema } from './common.ts'

export const kindNameSchema = z.enum(KIND_NAMES)
export const attributesSchema = z.record(z.string(), z.union([z.string().max(500), z.number(), z.boolean()]))
export type Attributes = z.infer<typeof attributesSchema>

/** registered: never heard. in_service: its first message came. retired: kept for its history, may not log in. */
export const LIFECYCLES = ['registered', 'in_service', 'retired'] as const
export const lifecycleSchema = z.enum(LIFECYCLES)
export type Lifecycle = z.infer<typeof lifecycleSchema>

export const deviceSchema = z.object({
  id: deviceIdSchema,
  kind: kindNameSchema,
  name: z.string(),
  siteId: idSchema.nullable(),
  /** A room of its site. */
  roomId: idSchema.nullable(),
  /** Names from large to small: areas, then the site; empty without a site. */
  place: z.array(z.string()),
  gatewayId: deviceIdSchema.nullable(),
  attributes: attributesSchema,
  lifecycle: lifecycleSchema,
  online: z.boolean(),
  /** Receipt time of its newest message, ms. */
  lastHeardAt: instantSchema.nullable(),
  /** Worst priority among its open alarms. */
  worst: z.number().int().min(1).max(4).nullable(),
  createdAt: instantSchema,
})
export type Device = z.infer<typeof deviceSchema>

export const createDeviceSchema = z.object({
  id: newDeviceIdSchema,
  kind: kindNameSchema,
  name: nameSchema,
  siteId: idSchema.nullish(),
  gatewayId: deviceIdSchema.nullish(),
  attributes: attributesSchema.optional(),
})
/** `token` is shown this once. */
export const createdDeviceSchema = deviceSchema.extend({ token: z.string() })
export const updateDeviceSchema = z.object({
  name: nameSchema.optional(),
  siteId: idSchema.nullable().optional(),
  /** A room of its site; moving to another site takes it out of its room. */
  roomId: idSchema.nullable().optional(),
  gatewayId: deviceIdSchema.nullable().optional(),
  attributes: attributesSchema.optional(),
  lifecycle: z.enum(['in_service', 'retired']).optional(),
})
export const deviceTokenSchema = z.object({ id: deviceIdSchema, token: z.string() })
export const importResultSchema = z.object({ created: z.number().int(), tokens: z.array(deviceTokenSchema) })
export type ImportResult = z.infer<typeof importResultSchema>
/** Largest CSV body, bytes. */
export const MAX_IMPORT_BYTES = 16 * 1024 * 1024

export const deviceListQuerySchema = pageQuerySchema.extend({
  /** Matches id, name and place. */
  q: z.string().trim().max(100).optional(),
  kind: kindNameSchema.optional(),
  siteId: idSchema.optional(),
  roomId: idSchema.optional(),
  lifecycle: lifecycleSchema.optional(),
  online: z.stringbool().optional(),
})

export const readingsQuerySchema = z.object({
  metric: z.string().max(64),
  from: z.coerce.number().int().min(0),
  to: z.coerce.number().int().min(0),
  points: z.coerce.number().int().min(1).max(5000).default(500),
})
/**
 * Buckets without samples are left out: a gap is a gap. `late`: how many of the bucket's samples came long after they were
 * measured (`LATE_AFTER_MS`). `suspect`: how many carried a time that cannot be believed and stand at their receipt.
 * Absent: none.
 */
export const seriesSchema = z.object({
  metric: z.string(),
  unit: z.string(),
  points: z.array(
    z.object({
      t: instantSchema,
      min: z.number(),
      mean: z.number(),
      max: z.number(),
      last: z.number(),
      count: z.number().int(),
      late: z.number().int().optional(),
      suspect: z.number().int().optional(),
    }),
  ),
})
export type Series = z.infer<typeof seriesSchema>

export const latestSchema = z.object({
  deviceId: deviceIdSchema,
  values: z.array(z.object({ metric: z.string(), value: z.number(), unit: z.string(), ts: instantSchema })),
})
export type Latest = z.infer<typeof latestSchema>

/** One kept sample of what was rejected: redacted, at most 1 KiB. */
export const rejectionSchema = z.object({
  at: instantSchema,
  reason: rejectionReasonSchema,
  topic: z.string(),
  /** What was wrong: the metric, the JSON position. */
  detail: z.string(),
  sample: z.string(),
})
export type Rejection = z.infer<typeof rejectionSchema>

/**
 * The hub's account of one device: received = stored + rejected, always (G10), in data points as the hub's own counters.
 * `since`: when the hub began to count it, ms: its start, or the device's registration. A restart begins anew, because a
 * count that is written now and then would not be exact after a crash. What is taken and not yet durable is in none of them.
 */
export const deviceCountersSchema = z.object({
  deviceId: deviceIdSchema,
  since: instantSchema,
  messages: z.number().int().min(0),
  received: z.number().int().min(0),
  stored: z.number().int().min(0),
  rejected: z.number().int().min(0),
  /** Only what has happened. */
  byReason: z.record(z.string(), z.number().int()),
})
export type DeviceCounters = z.infer<typeof deviceCountersSchema>

/** What a device told, newest first, in [from, to); at most `limit`. */
export const deviceEventsQuerySchema = z.object({
  from: z.coerce.number().int().min(0).default(0),
  to: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})
export const deviceEventsSchema = z.object({
  items: z.array(
    z.object({
      ts: instantSchema,
      receivedAt: instantSchema,
      type: z.enum(['event', 'status']),
      /** The event's name; for a status its state. */
      name: z.string(),
      data: z.record(z.string(), z.unknown()),
    }),
  ),
})
export type DeviceEvents = z.infer<typeof deviceEventsSchema>
