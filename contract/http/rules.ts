// The rules a county runs, with their versions.
import * as z from 'zod'
import { ruleKindSchema, ruleSchema } from '../rules.ts'

/**
 * A rule and its version. To change one, send it back edited with the version it was read at; the answer carries the next. A
 * version that is no longer the newest is refused as `stale`.
 */
export const versionedRuleSchema = z.intersection(
  ruleSchema,
  z.object({ kind: ruleKindSchema, version: z.number().int().min(1) }),
)
