// Questions to the person who looks after a house: what the readings look like, and whether it is so. Not alarms, not
// findings about anybody; whoever was asked sees them, and nobody else.
import * as z from 'zod'
import { deviceIdSchema, idSchema, instantSchema } from '../ids.ts'

/** More power than the room is let with; a load that looks like a battery on charge. */
export const PROMPT_TYPES = ['overload', 'indoor_charging'] as const
export const promptTypeSchema = z.enum(PROMPT_TYPES)
export type PromptType = z.infer<typeof promptTypeSchema>

export const PROMPT_ANSWERS = ['yes', 'no', 'unknown'] as const
export const promptAnswerSchema = z.enum(PROMPT_ANSWERS)
export type PromptAnswer = z.infer<typeof promptAnswerSchema>

/** What the question rests on: figures, watts and instants. */
export const promptEvidenceSchema = z.object({
  from: instantSchema,
  to: instantSchema,
  /** Highest power of the room in between (overload), or how far it stepped up (charging). */
  watts: z.number(),
  /** What the room is let with. */
  limitWatts: z.number().optional(),
  /** Watts of the step that were left at the end, where it had begun to fall. */
  endWatts: z.number().optional(),
})
export type PromptEvidence = z.infer<typeof promptEvidenceSchema>

export const promptSchema = z.object({
  id: idSchema,
  type: promptTypeSchema,
  siteId: idSchema,
  deviceId: deviceIdSchema,
  deviceName: z.string(),
  /** Names from large to small: areas, then the site. */
  place: z.array(z.string()),
  evidence: promptEvidenceSchema,
  askedAt: instantSchema,
  answer: promptAnswerSchema.nullable(),
  answeredAt: instantSchema.nullable(),
})
export type Prompt = z.infer<typeof promptSchema>

export const answerPromptSchema = z.object({ answer: promptAnswerSchema })
