// Areas (a tree: 县 → 镇/街道 → 村/社区) and sites.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'
import { nameSchema, pageQuerySchema } from './common.ts'

export const contactSchema = z.object({
  name: nameSchema,
  phone: z
    .string()
    .trim()
    .regex(/^[+\d][\d -]{2,31}$/),
  /** What the person is to the place: 房东, 管理员, 网格员 … */
  role: z.string().trim().max(40).optional(),
})
export type Contact = z.infer<typeof contactSchema>

/** A contact as a screen gets it: `138****0012` for whoever has no need of the number. */
export const shownContactSchema = contactSchema.extend({ phone: z.string(), masked: z.literal(true).optional() })
export type ShownContact = z.infer<typeof shownContactSchema>

/** What 显示号码 answers. */
export const disclosedContactsSchema = z.object({ contacts: z.array(contactSchema) })

/** `县/镇/村`: one to six names, large to small. */
export const areaPathSchema = z
  .string()
  .trim()
  .min(1)
  .max(400)
  .refine(
    (path) =>
      path.split('/').every((name) => name.trim().length > 0 && name.trim().length <= 60) &&
      path.split('/').length <= 6,
    'names separated by /, at most six',
  )

export const areaSchema = z.object({
  id: idSchema,
  parentId: idSchema.nullable(),
  name: z.string(),
  /** Names from large to small, this one last. */
  path: z.array(z.string()),
})
export type Area = z.infer<typeof areaSchema>

export const siteSchema = z.object({
  id: idSchema,
  name: z.string(),
  areaId: idSchema,
  /** The area's names, large to small. */
  area: z.array(z.string()),
  contacts: z.array(shownContactSchema),
  devices: z.number().int().min(0),
  createdAt: instantSchema,
})
export type Site = z.infer<typeof siteSchema>

export const createSiteSchema = z.object({
  name: nameSchema,
  area: areaPathSchema,
  contacts: z.array(contactSchema).max(20).optional(),
})
export const updateSiteSchema = z.object({
  name: nameSchema.optional(),
  area: areaPathSchema.optional(),
  contacts: z.array(contactSchema).max(20).optional(),
})

export const siteListQuerySchema = pageQuerySchema.extend({
  /** Matches name and area. */
  q: z.string().trim().max(100).optional(),
})
