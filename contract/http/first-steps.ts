// What to say first and what to do next about an alarm, where a county has written its own. The texts that come with the
// pages stand wherever it has not.
import * as z from 'zod'
import { instantSchema } from '../ids.ts'

/** Longest sentence, in characters: what can be said on the telephone in one breath, and read at a glance. */
export const MAX_STEP_LENGTH = 160
export const MAX_STEPS = 10

const sentence = z
  .string()
  .trim()
  .min(1)
  .max(MAX_STEP_LENGTH)
  .regex(/^[^\p{Cc}]*$/u)

/** Chinese always; English where someone has written it. */
export const stepSchema = z.object({ zh: sentence, en: sentence.optional() })
export type Step = z.infer<typeof stepSchema>

/** The order is the order of acting; the first is said, or done, while the telephone is still in the hand. */
export const stepsSchema = z.array(stepSchema).min(1).max(MAX_STEPS)

/**
 * Of one rule, which is what has alarmed (`gas.gas_lel`). `steps` is null where the text of the pages stands. Send `version`
 * back with a change; one that is no longer the newest is refused as `stale`. 0: never changed.
 */
export const firstStepsSchema = z.object({
  ruleId: z.string(),
  version: z.number().int().min(0),
  steps: stepsSchema.nullable(),
  changedAt: instantSchema.nullable(),
})
export type FirstSteps = z.infer<typeof firstStepsSchema>

export const changeFirstStepsSchema = z.object({ version: z.number().int().min(0), steps: stepsSchema })
export const restoreFirstStepsSchema = z.object({ version: z.coerce.number().int().min(0) })
