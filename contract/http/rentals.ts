// Rental houses: rooms, who lives in them, what was looked at when they came and went, floor plans. A tenant is masked
// everywhere; whoever needs the number asks, and the asking is audited.
import * as z from 'zod'
import { personSchema } from '../alarms.ts'
import { deviceIdSchema, idSchema, instantSchema } from '../ids.ts'
import { MAX_ROOMS_AT_ONCE, ROOM_PATTERN } from '../room-numbers.ts'
import { shownTenantSchema } from './alarm-room.ts'
import { nameSchema, pageQuerySchema } from './common.ts'
import { contactSchema } from './places.ts'
import { daySchema } from './sites.ts'

// ---- Rooms -------------------------------------------------------------------------------------------------------

const buildingSchema = z
  .string()
  .trim()
  .max(40)
  .regex(/^[^\p{Cc}]*$/u)
const floorSchema = z.number().int().min(-9).max(200)
const roomFigures = {
  /** m². */
  area: z.number().positive().max(10_000).nullable(),
  /** W, of all that may be switched on in it. */
  powerLimitW: z.number().positive().max(100_000).nullable(),
  maxPeople: z.number().int().min(1).max(200).nullable(),
}

export const leaseSummarySchema = z.object({
  id: idSchema,
  tenant: shownTenantSchema,
  /** Days of the calendar, as agreed; `until` null: no end was agreed. */
  from: daySchema,
  until: daySchema.nullable(),
})
export type LeaseSummary = z.infer<typeof leaseSummarySchema>

export const roomSchema = z.object({
  id: idSchema,
  siteId: idSchema,
  /** '' where a house is one building without a name. */
  building: z.string(),
  floor: z.number().int(),
  name: z.string(),
  ...roomFigures,
  devices: z.number().int().min(0),
  /** Worst priority among the open alarms of its devices. */
  worst: z.number().int().min(1).max(4).nullable(),
  /** Who lives there now; absent for those who may not see leases. */
  lease: leaseSummarySchema.nullable().optional(),
  createdAt: instantSchema,
})
export type Room = z.infer<typeof roomSchema>

export const roomListQuerySchema = pageQuerySchema.extend({
  building: z.string().trim().max(40).optional(),
  /** Every word occurs in the building or the name. */
  q: z.string().trim().max(100).optional(),
})

export const createRoomSchema = z.object({
  building: buildingSchema.default(''),
  floor: floorSchema,
  name: nameSchema.max(40),
  area: roomFigures.area.default(null),
  powerLimitW: roomFigures.powerLimitW.default(null),
  maxPeople: roomFigures.maxPeople.default(null),
})
export const updateRoomSchema = z.object({
  building: buildingSchema.optional(),
  floor: floorSchema.optional(),
  name: nameSchema.max(40).optional(),
  area: roomFigures.area.optional(),
  powerLimitW: roomFigures.powerLimitW.optional(),
  maxPeople: roomFigures.maxPeople.optional(),
})

/** A building at once; `preview` makes nothing and tells what would be made. */
export const createBuildingSchema = createRoomSchema
  .omit({ floor: true, name: true })
  .extend({
    floors: z.object({ from: floorSchema, to: floorSchema }).refine(({ from, to }) => from <= to, 'from is above to'),
    perFloor: z.number().int().min(1).max(100),
    first: z.number().int().min(0).max(999).default(1),
    pattern: z.string().trim().min(1).max(40).regex(ROOM_PATTERN, 'holds {n} or {nn}, and may hold {floor}'),
    preview: z.boolean().default(false),
  })
  .refine(
    ({ floors, perFloor }) => (floors.to - floors.from + 1) * perFloor <= MAX_ROOMS_AT_ONCE,
    `at most ${MAX_ROOMS_AT_ONCE} rooms at once`,
  )
export const createdBuildingSchema = z.object({
  rooms: z.array(
    z.object({
      building: z.string(),
      floor: z.number().int(),
      name: z.string(),
      /** There is one already: it is left as it is. */
      taken: z.boolean(),
    }),
  ),
  created: z.number().int().min(0),
})

/** All that stand in the room; each of its site. */
export const roomDevicesSchema = z.object({ deviceIds: z.array(deviceIdSchema).max(100) })

// ---- Leases ------------------------------------------------------------------------------------------------------

const peopleSchema = z.number().int().min(1).max(200)
const landlordSchema = contactSchema.omit({ role: true }).strict()

export const leaseSchema = leaseSummarySchema.extend({
  roomId: idSchema,
  siteId: idSchema,
  /** Who looks after the tenant and hears of the room's alarms; null: all managers of the site. */
  manager: personSchema.nullable(),
  /** Masked. */
  landlord: z.object({ name: z.string(), phone: z.string() }).nullable(),
  movedInAt: instantSchema,
  /** null: they live there. */
  movedOutAt: instantSchema.nullable(),
})
export type Lease = z.infer<typeof leaseSchema>

export const createLeaseSchema = z
  .object({
    tenant: contactSchema.omit({ role: true }).extend({ people: peopleSchema }).strict(),
    from: daySchema,
    until: daySchema.nullable().default(null),
    /** Left out: the manager of the site, where there is exactly one. */
    managerId: idSchema.optional(),
    landlord: landlordSchema.nullable().default(null),
  })
  .strict()
  .refine(({ from, until }) => until === null || from <= until, 'it ends before it begins')
export const updateLeaseSchema = z.object({
  tenant: contactSchema.omit({ role: true }).extend({ people: peopleSchema }).partial().strict().optional(),
  until: daySchema.nullable().optional(),
  managerId: idSchema.nullable().optional(),
  landlord: landlordSchema.nullable().optional(),
})

/** What 显示租客 answers. */
export const disclosedTenantSchema = z.object({
  tenant: z.object({ name: z.string(), phone: z.string() }).nullable(),
  landlord: z.object({ name: z.string(), phone: z.string() }).nullable(),
})
export type DisclosedTenant = z.infer<typeof disclosedTenantSchema>

/** Whom a lease may be given to. */
export const siteManagersSchema = z.object({ items: z.array(personSchema) })

// ---- Checklists --------------------------------------------------------------------------------------------------

export const CHECKLIST_TYPES = ['move_in', 'move_out'] as const
export const checklistTypeSchema = z.enum(CHECKLIST_TYPES)
export type ChecklistType = z.infer<typeof checklistTypeSchema>

/** What a person looks at beside the devices. */
export const HAND_ITEMS = {
  move_in: [
    'exits_free',
    'extinguisher',
    'no_e_bike_charging',
    'windows_open',
    'wiring_sound',
    'gas_hose_sound',
    'notice_handed_over',
    'tenant_registered',
  ],
  move_out: ['exits_free', 'extinguisher', 'wiring_sound', 'gas_shut', 'power_off', 'keys_returned', 'room_empty'],
} as const satisfies Record<ChecklistType, readonly string[]>
export const handItemSchema = z.enum([...new Set([...HAND_ITEMS.move_in, ...HAND_ITEMS.move_out])])
export type HandItem = z.infer<typeof handItemSchema>

/** What the hub itself knows of a device when the list is made. */
export const deviceFindingSchema = z.object({
  deviceId: deviceIdSchema,
  name: z.string(),
  kind: z.string(),
  online: z.boolean(),
  /** Of its newest message, ms; null: never heard. */
  lastHeardAt: instantSchema.nullable(),
  /** Its newest self-test of the last day. */
  selfTest: z.object({ at: instantSchema, passed: z.boolean() }).nullable(),
})
export type DeviceFinding = z.infer<typeof deviceFindingSchema>

export const checklistSchema = z.object({
  id: idSchema,
  type: checklistTypeSchema,
  at: instantSchema,
  by: personSchema,
  /** `byHand`: a person pressed its test button and it answered. */
  devices: z.array(deviceFindingSchema.extend({ byHand: z.boolean(), note: z.string() })),
  items: z.array(z.object({ item: handItemSchema, ok: z.boolean(), note: z.string() })),
  /** Nothing on it is wrong. */
  passed: z.boolean(),
})
export type Checklist = z.infer<typeof checklistSchema>

const noteSchema = z.string().trim().max(200).default('')
export const createChecklistSchema = z
  .object({
    type: checklistTypeSchema,
    devices: z.array(z.object({ deviceId: deviceIdSchema, byHand: z.boolean(), note: noteSchema }).strict()).max(100),
    items: z.array(z.object({ item: handItemSchema, ok: z.boolean(), note: noteSchema }).strict()).max(20),
  })
  .strict()
export const checklistDraftSchema = z.object({ devices: z.array(deviceFindingSchema) })

// ---- Floor plans -------------------------------------------------------------------------------------------------

/** Fractions of the picture's width and height, from its upper left corner. */
const pinSchema = z.object({ deviceId: deviceIdSchema, x: z.number().min(0).max(1), y: z.number().min(0).max(1) })
export const floorPlanSchema = z.object({
  id: idSchema,
  siteId: idSchema,
  name: z.string(),
  /** A picture of the site: `GET /files/:id`. */
  fileId: idSchema,
  pins: z.array(pinSchema),
})
export type FloorPlan = z.infer<typeof floorPlanSchema>
export type PlanPin = z.infer<typeof pinSchema>
export const createPlanSchema = z.object({ name: nameSchema.max(40), fileId: idSchema })
/** `pins`: all of them, as they shall be. */
export const updatePlanSchema = z.object({
  name: nameSchema.max(40).optional(),
  pins: z.array(pinSchema.strict()).max(1_000).optional(),
})
export const floorPlansSchema = z.object({ items: z.array(floorPlanSchema) })
