// What every list and body of the HTTP API shares.
import * as z from 'zod'

export const API_ROOT = '/api/v1'

/** Lists are paged by an opaque cursor; `total` counts all that match within the caller's scope. */
export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(512).optional(),
})
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable(), total: z.number().int().min(0) })

export interface Page<T> {
  items: T[]
  /** Send as `cursor` to get what follows; null at the end. */
  next: string | null
  total: number
}

/** A name a person gave: trimmed, no control characters. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^[^\p{Cc}]*$/u)
