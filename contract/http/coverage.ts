// 应装尽装: what sites ought to have against what they have, and installations against the quotas of a year.
import * as z from 'zod'
import { EXPECTATION_IDS } from '../expectations.ts'
import { idSchema } from '../ids.ts'
import { pageQuerySchema } from './common.ts'
import { kindNameSchema } from './devices.ts'
import { siteCategorySchema } from './sites.ts'

export const expectationIdSchema = z.enum(EXPECTATION_IDS)

const count = z.number().int().min(0)
/** Percent, rounded half up to one decimal; may pass 100; null where nothing is due. */
const rate = z.number().min(0).nullable()

const metSchema = z.object({
  id: expectationIdSchema,
  /** Sites that ought to have it. */
  due: count,
  /** Of these, sites with one that is in service. */
  have: count,
  rate,
})
const townSchema = z.object({ areaId: idSchema, path: z.array(z.string()) })

export const coverageSchema = z.object({
  expectations: z.array(metSchema),
  /** By town: the second level of the tree. */
  towns: z.array(townSchema.extend({ expectations: z.array(metSchema) })),
})
export type Coverage = z.infer<typeof coverageSchema>

export const coverageQuerySchema = z.object({
  /** This area and all below it. */
  areaId: idSchema.optional(),
})

export const missingQuerySchema = pageQuerySchema.extend({
  expectation: expectationIdSchema.optional(),
  areaId: idSchema.optional(),
})
export const missingSiteSchema = z.object({
  siteId: idSchema,
  name: z.string(),
  area: z.array(z.string()),
  category: siteCategorySchema.nullable(),
  expectation: expectationIdSchema,
  /** One is registered for it and has not been heard. */
  registered: z.boolean(),
})
export type MissingSite = z.infer<typeof missingSiteSchema>

const yearSchema = z.coerce.number().int().min(2000).max(2100)
export const installsQuerySchema = z.object({
  year: yearSchema.optional(),
  kind: kindNameSchema.default('electricity'),
})
const installedSchema = z.object({
  /** All that stand, whenever they came. */
  total: count,
  /** Installed in the year. */
  installed: count,
  /** What the year's quota asks for; null without one. */
  target: count.nullable(),
  rate,
})
export const installsSchema = installedSchema.extend({
  year: z.number().int(),
  kind: kindNameSchema,
  towns: z.array(installedSchema.extend(townSchema.shape)),
})
export type Installs = z.infer<typeof installsSchema>

export const quotaSchema = z.strictObject({
  areaId: idSchema,
  year: yearSchema,
  kind: kindNameSchema,
  /** null: no quota. */
  target: z.number().int().min(0).max(1_000_000).nullable(),
})
export type Quota = z.infer<typeof quotaSchema>

export const coverageExportQuerySchema = z.object({
  what: z.enum(['missing', 'towns', 'installs']),
  areaId: idSchema.optional(),
  year: yearSchema.optional(),
  kind: kindNameSchema.default('electricity'),
})
