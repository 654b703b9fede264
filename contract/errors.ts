// The closed list of errors that leave the hub over HTTP: `{"error":{"code","message","details"?}}`.
import * as z from 'zod'

/** code → HTTP status and whether the same call may succeed later without a change by the caller. */
export const ERRORS = {
  invalid: { status: 400, retry: false },
  unauthorized: { status: 401, retry: false },
  forbidden: { status: 403, retry: false },
  not_found: { status: 404, retry: false },
  stale: { status: 409, retry: false },
  exists: { status: 409, retry: false },
  too_large: { status: 413, retry: false },
  refused: { status: 422, retry: false },
  rate_limited: { status: 429, retry: true },
  internal: { status: 500, retry: true },
  unavailable: { status: 503, retry: true },
} as const
export type ErrorCode = keyof typeof ERRORS

export const errorBodySchema = z.object({
  error: z.object({
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    /** What happened and what to do, Chinese first. */
    message: z.string(),
    /** Machine-readable particulars: field paths of `invalid`, `line` of a CSV (physical, header = 1), the `reason` of `refused`. */
    details: z.record(z.string(), z.unknown()).optional(),
  }),
})
export type ErrorBody = z.infer<typeof errorBodySchema>
