// Search everywhere: what a word finds, by what it is, each with its place and with what its page is opened by.
import * as z from 'zod'
import { deviceIdSchema, idSchema } from '../ids.ts'
import { roleSchema } from '../role-names.ts'
import { bilingualSchema, prioritySchema } from '../rules.ts'
import { kindNameSchema } from './devices.ts'

export const MAX_SEARCH_TEXT = 100
const MAX_HITS = 20

/** `limit`: of each group. */
export const searchQuerySchema = z.object({
  q: z.string().trim().min(1).max(MAX_SEARCH_TEXT),
  limit: z.coerce.number().int().min(1).max(MAX_HITS).default(6),
})

/** Names from large to small, without the thing's own. */
const place = z.array(z.string())

export const foundAlarmSchema = z.object({
  id: idSchema,
  title: bilingualSchema,
  priority: prioritySchema,
  deviceName: z.string(),
  place,
})
export const foundPlaceSchema = z.object({ id: idSchema, name: z.string(), place })
export const foundRoomSchema = foundPlaceSchema.extend({
  siteId: idSchema,
  building: z.string(),
  floor: z.number().int(),
})
export const foundDeviceSchema = z.object({ id: deviceIdSchema, name: z.string(), kind: kindNameSchema, place })
export const foundUserSchema = z.object({ id: idSchema, username: z.string(), name: z.string(), role: roleSchema })

/** The closest few, and how many match within the caller's scope. */
const foundOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), total: z.number().int().min(0) })

/** A group that the caller may not read is not there. */
export const searchResultSchema = z.object({
  /** Open ones only. */
  alarms: foundOf(foundAlarmSchema).optional(),
  areas: foundOf(foundPlaceSchema).optional(),
  sites: foundOf(foundPlaceSchema).optional(),
  rooms: foundOf(foundRoomSchema).optional(),
  devices: foundOf(foundDeviceSchema).optional(),
  users: foundOf(foundUserSchema).optional(),
})
export type SearchResult = z.infer<typeof searchResultSchema>
export type SearchGroup = keyof SearchResult
export type FoundIn<G extends SearchGroup> = NonNullable<SearchResult[G]>
