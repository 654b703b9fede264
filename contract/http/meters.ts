// A month's electricity of the rooms of a house, from the meters that stood in them.
import * as z from 'zod'
import { deviceIdSchema, idSchema, instantSchema } from '../ids.ts'
import { alarmRoomSchema } from './alarm-room.ts'

/** A month of the calendar in China, `2026-11`. */
export const monthSchema = z.string().regex(/^20\d{2}-(?:0[1-9]|1[0-2])$/, 'a month, e.g. 2026-11')
export const meterSheetQuerySchema = z.object({ month: monthSchema })

const readingSchema = z.object({ at: instantSchema, kwh: z.number() })

export const meterSchema = z.object({
  deviceId: deviceIdSchema,
  /** From when to when of this month it stood in the room, ms. */
  from: instantSchema,
  to: instantSchema,
  /** null: it said nothing in that time. */
  first: readingSchema.nullable(),
  last: readingSchema.nullable(),
  /** The sum of the counter's rises: where it began anew, the stretches are added. */
  kwh: z.number().min(0).nullable(),
  /** How often it began anew. */
  restarts: z.number().int().min(0),
  /** Days of the month, while it stood there, of which there is no reading. */
  missing: z.array(z.number().int().min(1).max(31)),
})
export type Meter = z.infer<typeof meterSchema>

export const meterSheetSchema = z.object({
  siteId: idSchema,
  month: monthSchema,
  /** [from, to) in ms; a month that is not over ends now. */
  from: instantSchema,
  to: instantSchema,
  rooms: z.array(
    z.object({
      room: alarmRoomSchema,
      /** The sum of its meters; null: none of them said anything. */
      kwh: z.number().min(0).nullable(),
      meters: z.array(meterSchema),
    }),
  ),
  kwh: z.number().min(0),
})
export type MeterSheet = z.infer<typeof meterSheetSchema>
