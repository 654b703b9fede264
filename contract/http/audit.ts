// The audit trail: ids and names of fields, never a personal value; each row's hash covers the one before (G8).
import * as z from 'zod'
import { idSchema, instantSchema, seqSchema } from '../ids.ts'
import { pageQuerySchema } from './common.ts'

export const auditRowSchema = z.object({
  seq: seqSchema,
  at: instantSchema,
  actorId: z.string(),
  address: z.string(),
  /** `device.created`, `user.updated`, `session.refused` … */
  action: z.string(),
  subject: z.string(),
  fields: z.array(z.string()),
  hash: z.string(),
})
export type AuditRow = z.infer<typeof auditRowSchema>

export const auditQuerySchema = pageQuerySchema.extend({ subject: idSchema.optional() })

/** Whether the chain is whole; if not, `seq` is the first row that is missing, changed or out of place. */
export const auditVerdictSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), rows: z.number().int(), head: z.string() }),
  z.object({ ok: z.literal(false), seq: z.number().int(), reason: z.enum(['missing', 'changed', 'head']) }),
])
