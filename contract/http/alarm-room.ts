// Where in its house an alarm is, and who lives there now: little enough to come with every opened alarm.
import * as z from 'zod'
import { idSchema } from '../ids.ts'

export const alarmRoomSchema = z.object({
  id: idSchema,
  building: z.string(),
  floor: z.number().int(),
  name: z.string(),
})
export type AlarmRoom = z.infer<typeof alarmRoomSchema>

/** Masked, `陈*` and `138****0012`; null: erased. */
export const shownTenantSchema = z.object({
  name: z.string().nullable(),
  phone: z.string().nullable(),
  people: z.number().int().min(1),
})
export const alarmTenantSchema = shownTenantSchema.extend({ leaseId: idSchema })
export type AlarmTenant = z.infer<typeof alarmTenantSchema>
