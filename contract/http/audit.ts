// The audit trail: ids and names of fields, never a personal value; each row's hash covers the one before (G8).
import * as z from 'zod'
import { idSchema, instantSchema, seqSchema } from '../ids.ts'
import { pageQuerySchema } from './common.ts'

export const auditRowSchema = z.object({
  seq: seqSchema,
  at: instantSchema,
  actorId: z.string(),
  /** As they are called now; null: not a person, or one who is gone. */
  actorName: z.string().nullable(),
  address: z.string(),
  /** `device.created`, `user.updated`, `session.refused` … */
  action: z.string(),
  subject: z.string(),
  /** The name of a person that it is about, as of now. */
  subjectName: z.string().nullable(),
  fields: z.array(z.string()),
  hash: z.string(),
})
export type AuditRow = z.infer<typeof auditRowSchema>

/** `action`: whole, or what its name begins with (`session.`). */
export const auditFilterSchema = z.object({
  from: z.coerce.number().pipe(instantSchema).optional(),
  to: z.coerce.number().pipe(instantSchema).optional(),
  actor: idSchema.optional(),
  action: z
    .string()
    .max(64)
    .regex(/^[a-z_]+\.?[a-z_.]*$/)
    .optional(),
  subject: z.string().min(1).max(160).optional(),
})
export const auditQuerySchema = pageQuerySchema.extend(auditFilterSchema.shape)

/** Whether the chain is whole; if not, `seq` is the first row that is missing, changed or out of place. */
export const auditVerdictSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), rows: z.number().int(), head: z.string() }),
  z.object({ ok: z.literal(false), seq: z.number().int(), reason: z.enum(['missing', 'changed', 'head']) }),
])
