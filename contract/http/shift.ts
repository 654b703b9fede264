// What a desk says of its shift: when it changes hands, and who leads. Set by an administrator; there is no rota behind it.
import * as z from 'zod'
import { nameSchema } from './common.ts'

/** `08:30`, by the clock on the wall (Asia/Shanghai). */
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/)

export const MAX_CHANGES_A_DAY = 6
export const DEFAULT_CHANGE_TIME = '08:30'

export const shiftSchema = z.object({
  version: z.number().int().min(0),
  /** 接班, each day, ascending. */
  changesAt: z.array(timeOfDay).min(1).max(MAX_CHANGES_A_DAY),
  /** 带班领导; null: nobody has said who. */
  leader: nameSchema.nullable(),
})
export type Shift = z.infer<typeof shiftSchema>
