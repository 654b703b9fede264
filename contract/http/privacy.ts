// What is kept of one person, given to them or erased (个人信息保护法 45, 47). A person is a user, the tenant of a lease, or
// whoever is reached under a number.
import * as z from 'zod'
import { idSchema } from '../ids.ts'
import type { Bilingual } from '../rules.ts'
import { pageOf } from './common.ts'

export const PERSON_TYPES = ['user', 'lease', 'contact'] as const
export const personTypeSchema = z.enum(PERSON_TYPES)
export type PersonType = z.infer<typeof personTypeSchema>

/** Digits tell numbers apart, however they are written. */
export const numberKeyOf = (phone: string): string => phone.replace(/^\s*(?:\+|00)86/, '').replace(/\D/g, '')

/** `user:<id>`, `lease:<id>`, `contact:<digits of the number>`. */
export const personRefSchema = z.string().regex(/^(?:(?:user|lease):[A-Za-z0-9_-]{1,64}|contact:\d{3,20})$/)

export const foundPersonSchema = z.object({
  ref: personRefSchema,
  type: personTypeSchema,
  name: z.string(),
  /** Where they are known from: a role, a room, a site. */
  about: z.string(),
  /** Why they cannot be erased now; null: they can. */
  kept: z.enum(['still_signs_in', 'current_lease']).nullable(),
})
export type FoundPerson = z.infer<typeof foundPersonSchema>
export const findPeopleQuerySchema = z.object({ q: z.string().trim().min(2).max(60) })
export const foundPeopleSchema = pageOf(foundPersonSchema).extend({ next: z.null() })

export const personQuerySchema = z.object({ ref: personRefSchema, format: z.enum(['json', 'csv']).default('json') })
export const personPackageSchema = z.object({
  ref: personRefSchema,
  at: z.number().int(),
  sections: z.array(
    z.object({
      /** `account`, `lease`, `contacts`, `audit`, `alarms`, `files` … */
      name: z.string(),
      rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
    }),
  ),
})
export type PersonPackage = z.infer<typeof personPackageSchema>

/** What is typed before a person is erased: it cannot be undone. */
export const ERASE_WORD = '删除'

/** 个人信息保护法 47; a word and no text, for it is kept in the audit. */
export const ERASE_REASONS = {
  requested: { zh: '本人要求', en: 'The person asks for it' },
  consent_withdrawn: { zh: '撤回同意', en: 'Consent withdrawn' },
  purpose_over: { zh: '目的已实现或不再需要', en: 'No longer needed' },
  retention_over: { zh: '保存期限已满', en: 'The time to keep it is over' },
  unlawful: { zh: '违法收集', en: 'Gathered unlawfully' },
} as const satisfies Record<string, Bilingual>
export type EraseReason = keyof typeof ERASE_REASONS
export const eraseReasonSchema = z.enum(Object.keys(ERASE_REASONS) as [EraseReason, ...EraseReason[]])

export const erasePersonSchema = z.object({
  ref: personRefSchema,
  reason: eraseReasonSchema,
  confirm: z.literal(ERASE_WORD),
})
export const erasedPersonSchema = z.object({
  ref: personRefSchema,
  /** Names of the fields that are empty now. */
  fields: z.array(z.string()),
  /** Photographs and papers that may show them: a person looks at these. */
  files: z.array(z.object({ id: idSchema, subject: z.string(), name: z.string() })),
})
export type ErasedPerson = z.infer<typeof erasedPersonSchema>
