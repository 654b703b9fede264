// Alarm lists and the counters of the whole hub.
import * as z from 'zod'
import { alarmSchema, personSchema, transitionSchema, VERDICTS } from '../alarms.ts'
import { deviceIdSchema, idSchema, instantSchema, seqSchema } from '../ids.ts'
import { categorySchema } from '../rules.ts'
import { alarmRoomSchema, alarmTenantSchema } from './alarm-room.ts'
import { pageQuerySchema } from './common.ts'
import { shownContactSchema } from './places.ts'

export const alarmFilterSchema = z.object({
  /** true: only what is not closed. false: only what is. */
  open: z.stringbool().optional(),
  priority: z.coerce.number().int().min(1).max(4).optional(),
  category: categorySchema.optional(),
  /** Kind of the device. */
  kind: z.string().max(64).optional(),
  /** What it turned out to be; `none`: nobody has said. */
  verdict: z.enum([...VERDICTS, 'none']).optional(),
  /** In this area or below it. */
  areaId: idSchema.optional(),
  siteId: idSchema.optional(),
  deviceId: deviceIdSchema.optional(),
  /** Raised in [from, to), ms. */
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  /** Every word occurs in the title, the device's id or name, or the place. */
  q: z.string().trim().max(100).optional(),
})

/**
 * `newest`, `oldest`: by the time of the raise. `priority`: 1 first, the newest of each first. `longest`: how long the
 * condition lasted, or has lasted so far. `slowest_ack`: from raise to acknowledgement; what nobody acknowledged comes last.
 */
export const ALARM_SORTS = ['newest', 'oldest', 'priority', 'longest', 'slowest_ack'] as const
export type AlarmSort = (typeof ALARM_SORTS)[number]

export const alarmListQuerySchema = pageQuerySchema.extend({
  ...alarmFilterSchema.shape,
  sort: z.enum(ALARM_SORTS).optional(),
})

export const alarmDetailSchema = alarmSchema.extend({
  transitions: z.array(
    transitionSchema.omit({ alarm: true }).extend({
      level: alarmSchema.shape.level,
      priority: alarmSchema.shape.priority,
      condition: alarmSchema.shape.condition,
      value: alarmSchema.shape.value,
      verdict: alarmSchema.shape.verdict,
      verdictCause: alarmSchema.shape.verdictCause,
    }),
  ),
  contacts: z.array(shownContactSchema),
  /** Where in its house the device stands; absent: in no room. */
  room: alarmRoomSchema.optional(),
  /** Who lives there now, masked, for those who may see leases. */
  tenant: alarmTenantSchema.optional(),
  /** By whom each transition of P1 to P3 was first seen: when a screen of theirs reported it painted. In the order of time. */
  shown: z.array(z.object({ seq: seqSchema, at: instantSchema, user: personSchema })),
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
