// Rooms, which device stood in which room when, leases, checklists, floor plans.

export interface RoomTable {
  id: string
  site_id: string
  /** '' where a house is one building without a name. */
  building: string
  floor: number
  name: string
  area_m2: number | null
  power_limit_w: number | null
  max_people: number | null
  created_at: number
}

/** A device stands in one room at a time; the row of now has no `until`. */
export interface RoomStayTable {
  device_id: string
  room_id: string
  /** Kind name: kept, because the device may be gone. */
  kind: string
  since: number
  until: number | null
}

export interface RoomChecklistTable {
  id: string
  room_id: string
  type: string
  at: number
  by_id: string
  by_name: string
  /** ChecklistItem[] */
  items: string
}

/** Names and numbers are sealed (personal-box.ts) for `lease:<id>:<column>`; null: erased, or nobody is named. */
export interface LeaseTable {
  id: string
  room_id: string
  tenant_name: string | null
  tenant_phone: string | null
  people: number
  landlord_name: string | null
  landlord_phone: string | null
  /** The user who looks after the tenant; may be gone since. */
  manager_id: string | null
  /** Days of the calendar, as agreed. */
  starts: string
  ends: string | null
  moved_in_at: number
  /** null: they live there. */
  moved_out_at: number | null
}

export interface FloorPlanTable {
  id: string
  site_id: string
  name: string
  file_id: string
  created_at: number
}

/** Fractions of the picture's width and height, from its upper left corner. */
export interface PlanPinTable {
  plan_id: string
  device_id: string
  x: number
  y: number
}

export interface RentalTables {
  room: RoomTable
  room_stay: RoomStayTable
  room_checklist: RoomChecklistTable
  lease: LeaseTable
  floor_plan: FloorPlanTable
  plan_pin: PlanPinTable
}
