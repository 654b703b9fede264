// Rooms from a list: those that are there are given the figures that the list says, the others are made. A few statements
// for the whole list: the journal waits while an import writes.
import { appendAudit } from './audit.ts'
import type { AuditEntry } from './audit.ts'
import type { Actor } from './ledger.ts'
import type { NewRoom } from './ledger/rentals.ts'
import { keyOf, newRoomRow } from './rooms.ts'
import { chunksOf, MAX_IDS, ROWS_PER_INSERT } from './store.ts'
import type { Transacting } from './store.ts'
import type { RoomTable } from './tables/rentals.ts'

export interface RoomToImport extends NewRoom {
  readonly siteId: string
}

export interface ImportedRooms {
  /** Of each row, in its order. */
  readonly ids: readonly string[]
  readonly created: number
  readonly updated: number
}

/** A figure that a row does not say stays as it is. Audited in the transaction. */
export async function importRooms(
  trx: Transacting,
  actor: Actor,
  rows: readonly RoomToImport[],
  now: number,
): Promise<ImportedRooms> {
  const { audit, ...imported } = await upsertRooms(trx, rows, now)
  await appendAudit(
    trx,
    now,
    audit.map((entry) => ({ ...entry, actor })),
  )
  return imported
}

export async function upsertRooms(
  trx: Transacting,
  rows: readonly RoomToImport[],
  now: number,
): Promise<ImportedRooms & { readonly audit: AuditEntry[] }> {
  const known = await roomsOfSites(trx, [...new Set(rows.map(({ siteId }) => siteId))])
  const fresh: RoomTable[] = []
  const audit: AuditEntry[] = []
  const ids: string[] = []
  let updated = 0
  for (const row of rows) {
    const key = `${row.siteId} ${keyOf(row)}`
    const there = known.get(key)
    if (there === undefined) {
      const made = newRoomRow(row.siteId, row, now)
      known.set(key, made)
      fresh.push(made)
      ids.push(made.id)
      audit.push({ action: 'room.created', subject: `room:${made.id}` })
      continue
    }
    ids.push(there.id)
    const fields = differences(there, row)
    if (fields.length === 0) continue
    Object.assign(there, figuresOf(there, row))
    if (fresh.includes(there)) continue
    await trx.updateTable('room').set(figuresOf(there, row)).where('id', '=', there.id).execute()
    audit.push({ action: 'room.updated', subject: `room:${there.id}`, fields })
    updated += 1
  }
  for (const chunk of chunksOf(fresh, ROWS_PER_INSERT)) await trx.insertInto('room').values(chunk).execute()
  return { ids, created: fresh.length, updated, audit }
}

async function roomsOfSites(trx: Transacting, siteIds: readonly string[]): Promise<Map<string, RoomTable>> {
  const known = new Map<string, RoomTable>()
  for (const chunk of chunksOf(siteIds, MAX_IDS)) {
    const rows = await trx.selectFrom('room').selectAll().where('site_id', 'in', chunk).execute()
    for (const row of rows) known.set(`${row.site_id} ${keyOf(row)}`, row)
  }
  return known
}

type Figures = Pick<RoomTable, 'area_m2' | 'power_limit_w' | 'max_people'>

const figuresOf = (there: Figures, row: RoomToImport): Figures => ({
  area_m2: row.area ?? there.area_m2,
  power_limit_w: row.powerLimitW ?? there.power_limit_w,
  max_people: row.maxPeople ?? there.max_people,
})

function differences(there: Figures, row: RoomToImport): string[] {
  const after = figuresOf(there, row)
  return [
    ...(after.area_m2 === there.area_m2 ? [] : ['area']),
    ...(after.power_limit_w === there.power_limit_w ? [] : ['powerLimitW']),
    ...(after.max_people === there.max_people ? [] : ['maxPeople']),
  ]
}
