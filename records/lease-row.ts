// A lease's row: personal values sealed in it, opened for a moment to be masked or disclosed.
import type { Kysely } from 'kysely'
import type { DisclosedTenant, LeaseSummary } from '../contract/http/rentals.ts'
import type { PersonGiven } from './ledger/rentals.ts'
import { maskedName, maskedPhone } from './masking.ts'
import type { PersonalBox } from './personal-box.ts'
import { chunksOf, MAX_IDS } from './store.ts'
import type { Tables } from './tables.ts'
import type { LeaseTable } from './tables/rentals.ts'

export type PersonalColumn = 'tenant_name' | 'tenant_phone' | 'landlord_name' | 'landlord_phone'
type Sealed = Pick<LeaseTable, 'id' | PersonalColumn>

/** What a value is sealed for: it opens nowhere else. */
export const contextOf = (leaseId: string, column: PersonalColumn): string => `lease:${leaseId}:${column}`

export function sealedPerson(
  box: PersonalBox,
  leaseId: string,
  who: 'tenant' | 'landlord',
  person: { readonly name?: string | undefined; readonly phone?: string | undefined },
): Partial<Pick<LeaseTable, PersonalColumn>> {
  const seal = (column: PersonalColumn, text: string) => ({ [column]: box.seal(text, contextOf(leaseId, column)) })
  return {
    ...(person.name === undefined ? {} : seal(`${who}_name`, person.name)),
    ...(person.phone === undefined ? {} : seal(`${who}_phone`, person.phone)),
  }
}

/** null: erased, or nobody is named. */
function opened(box: PersonalBox, row: Sealed, column: PersonalColumn): string | null {
  const sealed = row[column]
  return sealed === null ? null : box.open(sealed, contextOf(row.id, column))
}

export function personIn(box: PersonalBox, row: Sealed, who: 'tenant' | 'landlord'): PersonGiven | null {
  const name = opened(box, row, `${who}_name`)
  const phone = opened(box, row, `${who}_phone`)
  return name === null || phone === null ? null : { name, phone }
}

export const disclosedOf = (row: Sealed, box: PersonalBox): DisclosedTenant => ({
  tenant: personIn(box, row, 'tenant'),
  landlord: personIn(box, row, 'landlord'),
})

export function maskedPerson(person: PersonGiven): PersonGiven {
  return { name: maskedName(person.name), phone: maskedPhone(person.phone) }
}

export function summaryOf(row: LeaseTable, box: PersonalBox): LeaseSummary {
  const tenant = personIn(box, row, 'tenant')
  const shown = tenant === null ? { name: null, phone: null } : maskedPerson(tenant)
  return { id: row.id, tenant: { ...shown, people: row.people }, from: row.starts, until: row.ends }
}

/** Of those who live there now, by room. */
export async function currentLeases(db: Kysely<Tables>, roomIds: readonly string[]): Promise<Map<string, LeaseTable>> {
  const leases = new Map<string, LeaseTable>()
  for (const chunk of chunksOf(roomIds, MAX_IDS)) {
    const rows = await db
      .selectFrom('lease')
      .selectAll()
      .where('room_id', 'in', chunk)
      .where('moved_out_at', 'is', null)
      .execute()
    for (const row of rows) leases.set(row.room_id, row)
  }
  return leases
}
