// How the rooms of a house are numbered, so that a whole building is entered at once.

/** `{floor}`, and `{n}` or `{nn}`: the room's number on its floor, as it is or with at least two digits. */
export const DEFAULT_ROOM_PATTERN = '{floor}{nn}'
export const ROOM_PATTERN = /^(?=[^]*\{nn?\})(?:[^{}\p{Cc}]|\{floor\}|\{nn?\})+$/u
/** Of one building in one go. */
export const MAX_ROOMS_AT_ONCE = 1_000

export interface RoomNumbering {
  readonly building: string
  readonly floors: { readonly from: number; readonly to: number }
  readonly perFloor: number
  /** The number of the first room on each floor. */
  readonly first: number
  readonly pattern: string
}

export interface NumberedRoom {
  readonly building: string
  readonly floor: number
  readonly name: string
}

/** Basements count down from −1; there is no floor 0. */
export function roomsOf({ building, floors, perFloor, first, pattern }: RoomNumbering): NumberedRoom[] {
  const rooms: NumberedRoom[] = []
  for (let floor = floors.from; floor <= floors.to; floor++) {
    if (floor === 0) continue
    for (let n = first; n < first + perFloor; n++) {
      const name = pattern
        .replaceAll('{floor}', floor < 0 ? `B${-floor}` : String(floor))
        .replaceAll('{nn}', String(n).padStart(2, '0'))
        .replaceAll('{n}', String(n))
      rooms.push({ building, floor, name })
    }
  }
  return rooms
}
