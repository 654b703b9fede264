// Areas (a tree: 县 → 镇/街道 → 村/社区 → 网格), and whom to call there.
import * as z from 'zod'
import { idSchema } from '../ids.ts'
import { nameSchema } from './common.ts'

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

/** Levels a tree of areas may have: 县 → 镇街 → 村社区 → 网格, and room for a county that counts finer. */
export const MAX_AREA_LEVELS = 6

/** `县/镇/村`: one to six names, large to small. */
export const areaPathSchema = z
  .string()
  .trim()
  .min(1)
  .max(400)
  .refine(
    (path) =>
      path.split('/').every((name) => name.trim().length > 0 && name.trim().length <= 60) &&
      path.split('/').length <= MAX_AREA_LEVELS,
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

/** An area of the tree with what lies in it and below, as far as the viewer's scope goes. */
export const countedAreaSchema = areaSchema.extend({
  sites: z.number().int().min(0),
  devices: z.number().int().min(0),
  openAlarms: z.number().int().min(0),
})
export type CountedArea = z.infer<typeof countedAreaSchema>

const areaNameSchema = nameSchema.max(60).regex(/^[^/]*$/)
/** `parentId`: where it moves to, null for the top. */
export const updateAreaSchema = z.object({ name: areaNameSchema.optional(), parentId: idSchema.nullable().optional() })
/** What this area holds goes into another, and it is no more. */
export const mergeAreaSchema = z.object({ into: idSchema })
