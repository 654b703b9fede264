// Sign-in, users and tokens.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'
import { ackLevelSchema, permissionSchema, roleSchema } from '../role-names.ts'
import { nameSchema, pageQuerySchema } from './common.ts'

export const usernameSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{1,31}$/, 'a–z, 0–9, . _ -, 2 to 32 characters')
/** Length is what counts; NIST SP 800-63B-4 §3.1.1 asks for at least 8 and allows long ones. */
export const passwordSchema = z.string().min(8).max(256)

export const signInSchema = z.object({
  username: z.string().max(64),
  password: z.string().max(256),
  /** Of the second factor, or a recovery code; asked for (`reason: 'code_required'`) after a right password only. */
  code: z.string().max(32).optional(),
})
export const changePasswordSchema = z.object({ current: z.string().max(256), next: passwordSchema })

/** What the caller may see: all areas, or the listed sites and the subtrees of the listed areas. */
export const scopeViewSchema = z.object({
  all: z.boolean(),
  sites: z.array(idSchema),
  areas: z.array(idSchema),
})
export const mqttPortsSchema = z.object({ port: z.number().int(), tlsPort: z.number().int().nullable() })
export type MqttPorts = z.infer<typeof mqttPortsSchema>
export const meSchema = z.object({
  id: idSchema,
  username: z.string(),
  name: z.string(),
  role: roleSchema,
  /** What the role may do: pages offer nothing else. */
  may: z.array(permissionSchema),
  /** Whose 接警 theirs is. */
  ackLevel: ackLevelSchema,
  scope: scopeViewSchema,
  mustChangePassword: z.boolean(),
  /** When they signed in; null for a bearer token. */
  signedInAt: instantSchema.nullable(),
  /** When this session ends by itself; null for a bearer token without an end. */
  sessionEndsAt: instantSchema.nullable(),
  /** Where devices connect, for the line of a first publish; null while the hub is still starting. */
  mqtt: mqttPortsSchema.nullable(),
})
export type Me = z.infer<typeof meSchema>

export const userSchema = z.object({
  id: idSchema,
  username: z.string(),
  name: z.string(),
  role: roleSchema,
  sites: z.array(idSchema),
  areas: z.array(idSchema),
  disabled: z.boolean(),
  createdAt: instantSchema,
  /** Can sign in unless disabled; false: was invited and has not come yet. */
  activated: z.boolean(),
  /** Signs in with a code besides. */
  secondFactor: z.boolean(),
  /** The end of the invitation that is out; null: none is. */
  invitedUntil: instantSchema.nullable(),
})
export type User = z.infer<typeof userSchema>

/** `q` matches user name and name. */
export const userQuerySchema = pageQuerySchema.extend({
  q: z.string().trim().max(100).optional(),
  role: roleSchema.optional(),
})

export const createUserSchema = z.object({
  username: usernameSchema,
  name: nameSchema,
  role: roleSchema,
  /** Without one the person is invited to set it. */
  password: passwordSchema.optional(),
  sites: z.array(idSchema).max(5000).optional(),
  areas: z.array(idSchema).max(5000).optional(),
  /** A first password set by an administrator must be changed at first sign-in unless this is false. */
  mustChange: z.boolean().optional(),
})
export const updateUserSchema = z.object({
  name: nameSchema.optional(),
  role: roleSchema.optional(),
  password: passwordSchema.optional(),
  sites: z.array(idSchema).max(5000).optional(),
  areas: z.array(idSchema).max(5000).optional(),
  disabled: z.boolean().optional(),
})

export const tokenSchema = z.object({
  id: idSchema,
  name: z.string(),
  createdAt: instantSchema,
  expiresAt: instantSchema.nullable(),
  lastUsedAt: instantSchema.nullable(),
})
export const createTokenSchema = z.object({
  name: nameSchema.default('token'),
  days: z.number().int().min(1).max(3650).optional(),
})
/** `token` is shown this once. */
export const createdTokenSchema = tokenSchema.extend({ token: z.string() })

/** First start without ZHIAN_ADMIN_PASSWORD: the printed link carries `code`. */
export const setupSchema = z.object({ code: z.string().max(256), password: passwordSchema })
