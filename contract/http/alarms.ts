// Alarm lists and the counters of the whole hub.
import * as z from 'zod'
import { alarmSchema, transitionSchema } from '../alarms.ts'
import { deviceIdSchema, idSchema } from '../ids.ts'
import { pageQuerySchema } from './common.ts'
import { contactSchema } from './places.ts'

export const alarmListQuerySchema = pageQuerySchema.extend({
  /** true: only what is not closed. */
  open: z.stringbool().optional(),
  priority: z.coerce.number().int().min(1).max(4).optional(),
  siteId: idSchema.optional(),
  deviceId: deviceIdSchema.optional(),
  /** Raised in [from, to), ms. */
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
})

export const alarmDetailSchema = alarmSchema.extend({
  transitions: z.array(
    transitionSchema.omit({ alarm: true }).extend({
      level: alarmSchema.shape.level,
      priority: alarmSchema.shape.priority,
      condition: alarmSchema.shape.condition,
      value: alarmSchema.shape.value,
    }),
  ),
  contacts: z.array(contactSchema),
})
export type AlarmDetail = z.infer<typeof alarmDetailSchema>

/**
 * received = stored + rejected, always (G10). The unit is a data point: one value of a reading, one event, one status,
 * one reply; a payload or array item that cannot be read at all counts as one. Since the hub's start.
 */
export const countersSchema = z.object({
  received: z.number().int(),
  stored: z.number().int(),
  rejected: z.number().int(),
  byReason: z.record(z.string(), z.number().int()),
  refused: z.record(z.string(), z.number().int()),
})
export type Counters = z.infer<typeof countersSchema>
