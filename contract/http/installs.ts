// Putting a device up, and another set in its place.
import * as z from 'zod'
import { deviceIdSchema, idSchema, newDeviceIdSchema } from '../ids.ts'
import { nameSchema } from './common.ts'
import { deviceSchema, kindNameSchema } from './devices.ts'

const text = z.string().trim().min(1).max(200)

export const installSchema = z.object({
  id: newDeviceIdSchema,
  kind: kindNameSchema,
  /** Left out: its kind and where it hangs. */
  name: nameSchema.optional(),
  siteId: idSchema,
  roomId: idSchema.optional(),
  /** Where on the site it hangs, in words. */
  position: text,
  serial: text.optional(),
})
export type Install = z.infer<typeof installSchema>

/** `token` is shown this once. */
export const installedSchema = deviceSchema.extend({
  token: z.string(),
  /** It had been registered before and was only waiting to be put up. */
  claimed: z.boolean(),
})
export type Installed = z.infer<typeof installedSchema>

/** What the other set is; the place, the name and the history stay. */
export const replaceSchema = z.object({
  serial: text.optional(),
  maker: text.optional(),
  model: text.optional(),
  firmware: text.optional(),
})
export type Replace = z.infer<typeof replaceSchema>
export const replacedSchema = deviceSchema.extend({ token: z.string() })

/** Seconds between reports. */
export const reportingIntervalSchema = z.object({
  deviceId: deviceIdSchema,
  /** As it is set on the device's record; null: that of its kind holds. */
  set: z.number().nullable(),
  usual: z.number().nullable(),
  /** Between its last arrivals (median); null: too few. */
  learned: z.number().nullable(),
  /** What ought to be set instead; null: what is set fits. */
  suggested: z.number().nullable(),
})
export type ReportingInterval = z.infer<typeof reportingIntervalSchema>
export const setIntervalSchema = z.object({ seconds: z.number().int().min(1).max(604_800) })
