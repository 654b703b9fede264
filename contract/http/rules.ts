// The rules a county runs, with their versions.
import * as z from 'zod'
import {
  countRuleSchema,
  eventRuleSchema,
  hubRuleSchema,
  plannedRuleSchema,
  ruleKindSchema,
  ruleSchema,
  silenceRuleSchema,
  thresholdRuleSchema,
} from '../rules.ts'

const version = { kind: ruleKindSchema, version: z.number().int().min(1) }

/**
 * A rule and its version. To change one, send it back edited with the version it was read at; the answer carries the next. A
 * version that is no longer the newest is refused as `stale`.
 */
export const versionedRuleSchema = z.intersection(ruleSchema, z.object(version))

/** As it is sent back: a field that its type does not know is a mistake in a rule that guards lives. */
export const changedRuleSchema = z.discriminatedUnion('type', [
  thresholdRuleSchema.extend(version).strict(),
  eventRuleSchema.extend(version).strict(),
  silenceRuleSchema.extend(version).strict(),
  countRuleSchema.extend(version).strict(),
  hubRuleSchema.extend(version).strict(),
  plannedRuleSchema.extend(version).strict(),
])
