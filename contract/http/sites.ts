// Sites: where devices stand, who answers for the place, and the regime it is under.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'
import { FACILITY_NAMES, REGIME_NAMES, SITE_CATEGORY_NAMES } from '../site-profile.ts'
import { nameSchema, pageQuerySchema } from './common.ts'
import { areaPathSchema, contactSchema, shownContactSchema } from './places.ts'

/** A day of the calendar, `2026-06-01`. */
export const daySchema = z.iso.date()

/** WGS-84, degrees. */
export const coordinatesSchema = z.object({ lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) })
export type Coordinates = z.infer<typeof coordinatesSchema>

export const regimeSchema = z.enum(REGIME_NAMES)
/** It lasts until a person ends it: an order whose day has passed is overdue, not over. */
export const siteRegimeSchema = z
  .object({
    name: regimeSchema,
    since: daySchema.nullable().default(null),
    until: daySchema.nullable().default(null),
    /** Number of the document that orders it. */
    basis: z.string().trim().max(120).default(''),
  })
  .refine(({ since, until }) => since === null || until === null || since <= until, 'it ends before it begins')
export type SiteRegime = z.infer<typeof siteRegimeSchema>

/** 安责险. */
export const insuranceSchema = z.object({
  insurer: nameSchema,
  policy: z.string().trim().max(80),
  until: daySchema.nullable().default(null),
})
export type Insurance = z.infer<typeof insuranceSchema>

export const siteCategorySchema = z.enum(SITE_CATEGORY_NAMES)
export const riskGradeSchema = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)])
export const facilitySchema = z.enum(FACILITY_NAMES)

/** What is said of a site beside its name, its place and its contacts; null: not said yet. */
const profile = {
  category: siteCategorySchema.nullable(),
  /** 红橙黄蓝, 1 the worst. */
  risk: riskGradeSchema.nullable(),
  regime: siteRegimeSchema,
  /** 责任人. */
  responsible: contactSchema.nullable(),
  coordinates: coordinatesSchema.nullable(),
  insurance: insuranceSchema.nullable(),
  facilities: z.array(facilitySchema).max(FACILITY_NAMES.length),
}

export const siteSchema = z.object({
  id: idSchema,
  name: z.string(),
  areaId: idSchema,
  /** The area's names, large to small. */
  area: z.array(z.string()),
  /** Ids of the same areas. */
  areaIds: z.array(idSchema),
  contacts: z.array(shownContactSchema),
  ...profile,
  responsible: shownContactSchema.nullable(),
  devices: z.number().int().min(0),
  createdAt: instantSchema,
})
export type Site = z.infer<typeof siteSchema>

const given = z.object(profile).partial()

export const createSiteSchema = given.extend({
  name: nameSchema,
  area: areaPathSchema,
  contacts: z.array(contactSchema).max(20).optional(),
})
export const updateSiteSchema = given.extend({
  name: nameSchema.optional(),
  area: areaPathSchema.optional(),
  contacts: z.array(contactSchema).max(20).optional(),
})

/** What lists of sites are narrowed by. */
export const siteFilterSchema = z.object({
  /** Matches name and area. */
  q: z.string().trim().max(100).optional(),
  category: siteCategorySchema.optional(),
  risk: z.coerce.number().pipe(riskGradeSchema).optional(),
  regime: regimeSchema.optional(),
  /** This area and all below it. */
  areaId: idSchema.optional(),
})
export type SiteFilter = z.infer<typeof siteFilterSchema>

export const siteListQuerySchema = pageQuerySchema.extend(siteFilterSchema.shape)
