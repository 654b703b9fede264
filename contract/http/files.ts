// Files of a place, a device, an alarm: photographs, plans, documents. What one is, its content says; not its name.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'
import { nameSchema, pageQuerySchema } from './common.ts'

/** Bytes as they are sent. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024

/** What a file can belong to; it is seen by whoever sees that. */
export const FILE_SUBJECT_TYPES = ['site', 'alarm', 'device', 'room', 'inspection'] as const
export type FileSubjectType = (typeof FILE_SUBJECT_TYPES)[number]

/** `device:GAS-12`. */
export const fileSubjectSchema = z
  .string()
  .max(160)
  .regex(new RegExp(`^(?:${FILE_SUBJECT_TYPES.join('|')}):[^:/\\\\]{1,128}$`), 'type:id, e.g. device:GAS-12')

/** The only types that are taken. */
export const FILE_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'application/pdf'] as const
export type FileType = (typeof FILE_TYPES)[number]

export const fileSchema = z.object({
  id: idSchema,
  subject: z.string(),
  name: z.string(),
  type: z.enum(FILE_TYPES),
  /** As it is kept: without what a camera wrote into it. */
  bytes: z.number().int().min(0),
  sha256: z.string(),
  /** Who put it there; null when they are gone. */
  by: z.object({ id: idSchema, name: z.string() }).nullable(),
  at: instantSchema,
})
export type StoredFile = z.infer<typeof fileSchema>

export const addFileQuerySchema = z.object({ subject: fileSubjectSchema, name: nameSchema })
export const fileListQuerySchema = pageQuerySchema.extend({ subject: fileSubjectSchema })
