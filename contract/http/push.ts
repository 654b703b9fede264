// Messages to telephones (Web Push, RFC 8030), and the receipts of those that came.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'

export const PUSH_LANGUAGES = ['zh', 'en'] as const
export const pushLanguageSchema = z.enum(PUSH_LANGUAGES)
export type PushLanguage = z.infer<typeof pushLanguageSchema>

/** What `PushManager.subscribe` answers, as it is in JSON: a P-256 point, 65 bytes, and a secret of 16, both base64url. */
export const pushSubscriptionSchema = z.object({
  endpoint: z.url({ protocol: /^https$/ }).max(1_000),
  keys: z.object({
    p256dh: z.string().regex(/^[A-Za-z0-9_-]{87}=?$/),
    auth: z.string().regex(/^[A-Za-z0-9_-]{22}(?:==)?$/),
  }),
  language: pushLanguageSchema.default('zh'),
})

export const pushUnsubscriptionSchema = z.object({ endpoint: z.string().max(1_000) })

/** `key`: the hub's own, for `PushManager.subscribe`. The counts are of one's own telephones, over the last 7 days. */
export const pushStateSchema = z.object({
  key: z.string(),
  subscriptions: z.number().int().min(0),
  sent: z.number().int().min(0),
  received: z.number().int().min(0),
  lastSentAt: instantSchema.nullable(),
  lastReceivedAt: instantSchema.nullable(),
})
export type PushState = z.infer<typeof pushStateSchema>

export const pushReceivedSchema = z.object({ id: idSchema })

/** What a telephone gets, encrypted for it alone: what to look at and where, and nobody's name. */
export const pushPayloadSchema = z.object({
  /** Of this sending, for the receipt. */
  id: idSchema,
  title: z.string(),
  body: z.string(),
  /** null: a trial, or more alarms than are told one by one. */
  alarmId: idSchema.nullable(),
  priority: z.number().int().min(1).max(4),
  at: instantSchema,
})
export type PushPayload = z.infer<typeof pushPayloadSchema>
