// What guards sign-in: the second factor, sessions, invitations, and what becomes of somebody's work when they go.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'
import { passwordSchema } from './people.ts'

/** Of an authenticator, or one of the recovery codes. */
export const codeSchema = z.string().trim().min(1).max(32)

/** How long the link of an invitation is good, ms. */
export const INVITATION_MS = 72 * 3_600_000
export const RECOVERY_CODES = 10

export const secondFactorSchema = z.object({
  /** Since when a code is asked for; null: none is. */
  since: instantSchema.nullable(),
  recoveryCodesLeft: z.number().int().min(0),
})
export type SecondFactorState = z.infer<typeof secondFactorSchema>
export const beginSecondFactorSchema = z.object({ password: z.string().max(256) })
/** For the authenticator; shown this once. */
export const secondFactorOfferSchema = z.object({ secret: z.string(), uri: z.string() })
export const confirmSecondFactorSchema = z.object({ code: codeSchema })
/** Shown this once; each is good for one sign-in. */
export const recoveryCodesSchema = z.object({ codes: z.array(z.string()) })
export const endSecondFactorSchema = z.object({ password: z.string().max(256), code: codeSchema })

export const signedInSessionSchema = z.object({
  id: z.string(),
  startedAt: instantSchema,
  /** To about a minute. */
  lastSeenAt: instantSchema,
  endsAt: instantSchema,
  address: z.string(),
  /** `Chrome 142 · Windows`; empty: not known. */
  browser: z.string(),
  /** The one that asks. */
  current: z.boolean(),
})
export type SignedInSession = z.infer<typeof signedInSessionSchema>
/** Newest first; a person has few. */
export const signedInSessionsSchema = z.object({ items: z.array(signedInSessionSchema) })

/** `code` is shown this once: it belongs behind the `#` of the link, which no browser sends anywhere. */
export const createdInvitationSchema = z.object({ code: z.string(), endsAt: instantSchema })
/** Without a password: only asks whom the link invites. */
export const acceptInvitationSchema = z.object({ code: z.string().max(256), password: passwordSchema.optional() })
export const invitedSchema = z.object({
  username: z.string(),
  name: z.string(),
  endsAt: instantSchema,
  /** The password is set: sign in with it. */
  accepted: z.boolean(),
})

/** What somebody leaves behind, counted, and who may take it: those of the same role who can sign in. */
export const handoverSchema = z.object({
  sites: z.number().int().min(0),
  areas: z.number().int().min(0),
  /** That run now and are theirs to look after. */
  leases: z.number().int().min(0),
  sessions: z.number().int().min(0),
  tokens: z.number().int().min(0),
  successors: z.array(z.object({ id: idSchema, username: z.string(), name: z.string() })),
})
export type Handover = z.infer<typeof handoverSchema>
export const offBoardSchema = z.object({
  /** null: to nobody; refused while there is something that must go on. */
  successorId: idSchema.nullable(),
  end: z.enum(['disable', 'delete']),
})
