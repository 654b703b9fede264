// 检查: what an inspector found at a site, what was reported to the county, and what the recheck found.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'
import { personSchema } from '../alarms.ts'
import type { Bilingual } from '../rules.ts'
import { pageQuerySchema } from './common.ts'
import { daySchema } from './sites.ts'

export const INSPECTION_KINDS = {
  routine: { zh: '日常检查', en: 'Routine' },
  recheck: { zh: '复查', en: 'Recheck' },
  special: { zh: '专项检查', en: 'Special' },
} as const satisfies Record<string, Bilingual>
export type InspectionKind = keyof typeof INSPECTION_KINDS
export const INSPECTION_KIND_NAMES = Object.keys(INSPECTION_KINDS) as [InspectionKind, ...InspectionKind[]]

export const INSPECTION_RESULTS = {
  passed: { zh: '未发现隐患', en: 'No hazard found' },
  hazard: { zh: '发现隐患', en: 'Hazard found' },
  rechecked_ok: { zh: '复查合格', en: 'Rechecked: put right' },
  rechecked_open: { zh: '复查未整改', en: 'Rechecked: not put right' },
  /** The county's alone: a township has no power of enforcement. */
  penalty: { zh: '行政处罚', en: 'Penalty' },
} as const satisfies Record<string, Bilingual>
export type InspectionResult = keyof typeof INSPECTION_RESULTS
export const INSPECTION_RESULT_NAMES = Object.keys(INSPECTION_RESULTS) as [InspectionResult, ...InspectionResult[]]

/** What a kind of inspection may end in. */
export const RESULTS_OF = {
  routine: ['passed', 'hazard', 'penalty'],
  special: ['passed', 'hazard', 'penalty'],
  recheck: ['rechecked_ok', 'rechecked_open', 'penalty'],
} as const satisfies Record<InspectionKind, readonly InspectionResult[]>

/** What leaves something to be put right, hence something to recheck. */
export const LEAVES_HAZARD = ['hazard', 'rechecked_open', 'penalty'] as const satisfies readonly InspectionResult[]

export const inspectionSchema = z.object({
  id: idSchema,
  siteId: idSchema,
  /** Names from large to small: areas, then the site. */
  place: z.array(z.string()),
  at: instantSchema,
  inspector: personSchema,
  kind: z.enum(INSPECTION_KIND_NAMES),
  result: z.enum(INSPECTION_RESULT_NAMES),
  text: z.string(),
  /** By when it is to be put right. */
  deadline: daySchema.nullable(),
  /** The inspection that this one looks at again. */
  rechecks: idSchema.nullable(),
  /** 上报: when and by whom the county was told. */
  reported: z.object({ at: instantSchema, by: z.string() }).nullable(),
  /** Nothing of it is left to recheck: no hazard, or a later recheck found it put right. */
  settled: z.boolean(),
})
export type Inspection = z.infer<typeof inspectionSchema>

export const createInspectionSchema = z
  .strictObject({
    /** Not later than now; absent: now. */
    at: instantSchema.optional(),
    kind: z.enum(INSPECTION_KIND_NAMES),
    result: z.enum(INSPECTION_RESULT_NAMES),
    text: z.string().trim().max(4000).default(''),
    deadline: daySchema.nullable().default(null),
    rechecks: idSchema.nullable().default(null),
  })
  .refine(({ kind, result }) => (RESULTS_OF[kind] as readonly InspectionResult[]).includes(result), {
    path: ['result'],
    message: 'not a result of this kind of inspection',
  })
  .refine(({ kind, rechecks }) => (kind === 'recheck') === (rechecks !== null), {
    path: ['rechecks'],
    message: 'a recheck names the inspection that it looks at again, and nothing else does',
  })
  .refine(({ result, text }) => result === 'passed' || result === 'rechecked_ok' || text !== '', {
    path: ['text'],
    message: 'say what was found',
  })
export type NewInspection = z.infer<typeof createInspectionSchema>

export const inspectionListQuerySchema = pageQuerySchema.extend({
  siteId: idSchema.optional(),
  /** This area and all below it. */
  areaId: idSchema.optional(),
  kind: z.enum(INSPECTION_KIND_NAMES).optional(),
  result: z.enum(INSPECTION_RESULT_NAMES).optional(),
  /** Those that were reported to the county, or were not. */
  reported: z.stringbool().optional(),
  /** Those of which something is left to put right, or nothing. */
  settled: z.stringbool().optional(),
})
export type InspectionQuery = z.infer<typeof inspectionListQuerySchema>
