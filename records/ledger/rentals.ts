// Rooms, leases, checklists and floor plans as the ledger's callers see them. What is read takes the reader's Scope: a room's
// place is its site's.
import type { Page } from '../../contract/http/common.ts'
import type {
  Checklist,
  ChecklistType,
  DisclosedTenant,
  FloorPlan,
  Lease,
  LeaseSummary,
  PlanPin,
  Room,
} from '../../contract/http/rentals.ts'
import type { NumberedRoom } from '../../contract/room-numbers.ts'
import type { Actor, PageQuery } from '../ledger.ts'
import type { PlaceOfThing, Scope } from '../scope.ts'

export interface RoomFigures {
  /** m². */
  readonly area?: number | null | undefined
  readonly powerLimitW?: number | null | undefined
  readonly maxPeople?: number | null | undefined
}
export interface NewRoom extends NumberedRoom, RoomFigures {}
export interface RoomChange extends RoomFigures {
  readonly building?: string | undefined
  readonly floor?: number | undefined
  readonly name?: string | undefined
}
export interface RoomQuery extends PageQuery {
  readonly building?: string | undefined
  readonly q?: string | undefined
}

/** From when to when a device stood in a room, ms; `until` null: it stands there. */
export interface RoomStay {
  readonly roomId: string
  readonly deviceId: string
  readonly kind: string
  readonly since: number
  readonly until: number | null
}

export interface Rooms {
  /** By building, floor and name; with who lives there, masked. */
  list(scope: Scope, siteId: string, query: RoomQuery): Promise<Page<Room>>
  get(scope: Scope, id: string): Promise<Room | null>
  create(actor: Actor, siteId: string, room: NewRoom): Promise<Room>
  /** Those that are there already are left as they are; answers which. */
  createMany(actor: Actor, siteId: string, rooms: readonly NewRoom[]): Promise<readonly NumberedRoom[]>
  /** Those of a list that are there already. */
  taken(siteId: string, rooms: readonly NumberedRoom[]): Promise<readonly NumberedRoom[]>
  update(actor: Actor, id: string, change: RoomChange): Promise<Room>
  /** Refused while somebody lives there or devices stand in it; its past goes with it. */
  delete(actor: Actor, id: string): Promise<void>
  /** Of one site, over [from, to), oldest first; a device that was replaced by another set has one for each. */
  stays(siteId: string, from: number, to: number): Promise<RoomStay[]>
}

export interface PersonGiven {
  readonly name: string
  readonly phone: string
}
export interface NewLease {
  readonly tenant: PersonGiven & { readonly people: number }
  /** Day of the calendar. */
  readonly from: string
  readonly until: string | null
  /** Absent: the site's manager, where there is exactly one. */
  readonly managerId?: string | undefined
  readonly landlord: PersonGiven | null
}
export interface LeaseChange {
  readonly tenant?:
    | {
        readonly name?: string | undefined
        readonly phone?: string | undefined
        readonly people?: number | undefined
      }
    | undefined
  readonly until?: string | null | undefined
  readonly managerId?: string | null | undefined
  readonly landlord?: PersonGiven | null | undefined
}

/** Where in its house an alarm's device stands, and who lives there now. */
export interface RoomOfAlarm {
  readonly room: NumberedRoom & { readonly id: string }
  readonly lease: LeaseSummary | null
}

export interface Leases {
  /** Of one room, the newest first. */
  list(scope: Scope, roomId: string, query: PageQuery): Promise<Page<Lease>>
  get(scope: Scope, id: string): Promise<Lease | null>
  /** Refused while somebody lives in the room. */
  moveIn(actor: Actor, roomId: string, lease: NewLease): Promise<Lease>
  update(actor: Actor, id: string, change: LeaseChange): Promise<Lease>
  /** They have gone; refused when they went before. */
  moveOut(actor: Actor, id: string): Promise<Lease>
  /** Whole names and numbers; the audit of it is durable before they are answered. */
  disclose(actor: Actor, id: string): Promise<DisclosedTenant>
  /** Managers who may be given a lease there. */
  managersOf(siteId: string): Promise<{ readonly id: string; readonly name: string }[]>
  /** null: its device stands in no room of the alarm's site. */
  roomOfAlarm(alarm: { readonly deviceId: string; readonly siteId: string | null }): Promise<RoomOfAlarm | null>
  /** The managers who are to hear of an alarm: see `records/alarm-routing.ts`. */
  recipientsOf(alarm: { readonly deviceId: string } & PlaceOfThing): Promise<readonly string[]>
}

export interface NewChecklist {
  readonly type: ChecklistType
  readonly devices: Checklist['devices']
  readonly items: Checklist['items']
}
export interface Checklists {
  /** Of one room, the newest first. */
  list(scope: Scope, roomId: string, query: PageQuery): Promise<Page<Checklist>>
  add(actor: Actor, roomId: string, checklist: NewChecklist): Promise<Checklist>
}

export interface FloorPlans {
  list(scope: Scope, siteId: string): Promise<FloorPlan[]>
  get(scope: Scope, id: string): Promise<FloorPlan | null>
  /** Refused unless the file is a picture of that site. */
  create(actor: Actor, siteId: string, plan: { readonly name: string; readonly fileId: string }): Promise<FloorPlan>
  /** Refused where a pinned device is not of the plan's site. */
  update(
    actor: Actor,
    id: string,
    change: { readonly name?: string | undefined; readonly pins?: readonly PlanPin[] | undefined },
  ): Promise<FloorPlan>
  delete(actor: Actor, id: string): Promise<void>
}
