// What a workbook asks of the ledger. Every row knows the cell that it came from, for what is wrong with it.
import type { Contact } from '../../contract/http/places.ts'
import type { ImportCounts, ImportSheet } from '../../contract/http/places-import.ts'
import type { Role } from '../../contract/role-names.ts'
import type { Actor } from '../ledger.ts'
import type { SiteProfile } from './places.ts'
import type { NewRoom } from './rentals.ts'

interface Row {
  /** As a spreadsheet counts. */
  readonly row: number
}
export interface AreaRow extends Row {
  readonly path: string
}
/** What a row leaves empty stays as it is. */
export interface SiteRow extends Row {
  readonly area: string
  readonly name: string
  readonly contact?: Contact | undefined
  readonly profile: SiteProfile
}
export interface RoomRow extends Row {
  readonly area: string
  readonly site: string
  readonly room: NewRoom
}
export interface PersonRow extends Row {
  readonly username: string
  readonly name: string
  readonly role: Role
  /** `县/镇` */
  readonly areas: readonly string[]
  readonly sites: readonly { readonly area: string; readonly name: string }[]
}
export interface PlacesPlan {
  readonly areas: readonly AreaRow[]
  readonly sites: readonly SiteRow[]
  readonly rooms: readonly RoomRow[]
  readonly people: readonly PersonRow[]
}

/** Something of the plan that the ledger cannot do. `field`: the column, by its English name. */
export interface PlanProblem {
  readonly sheet: ImportSheet
  readonly row: number
  readonly field: string
  readonly message: string
}

export type PlanOutcome =
  | { readonly ok: false; readonly problems: readonly PlanProblem[] }
  | {
      readonly ok: true
      readonly counts: Readonly<Record<ImportSheet, ImportCounts>>
      readonly invitations: readonly { readonly username: string; readonly name: string; readonly code: string }[]
      /** Sites that are other than before: what stands there must learn of it. */
      readonly changedSites: readonly string[]
    }

export interface PlacesImporter {
  /** All of it in one transaction, or none; in a preview none. `invitedUntil`: end of the invitations. */
  run(
    actor: Actor,
    plan: PlacesPlan,
    how: { readonly preview: boolean; readonly invitedUntil: number },
  ): Promise<PlanOutcome>
}
