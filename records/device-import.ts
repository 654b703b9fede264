// An import of devices: all rows or none, and an error names the line that it is about.
import type { Contact } from '../contract/http/places.ts'
import { ensureAreaPath } from './areas.ts'
import { appendAudit } from './audit.ts'
import type { AuditEntry } from './audit.ts'
import { idTaken, newDeviceRow, noSuchGateway } from './device-row.ts'
import { LedgerError } from './errors.ts'
import type { Actor, ImportRow } from './ledger.ts'
import { areaCreated, insertSite, namesOfGiven } from './places.ts'
import { chunksOf, MAX_IDS, ROWS_PER_INSERT } from './store.ts'
import type { Transacting } from './store.ts'

/** `hashes[i]` is the token hash of `rows[i]`. */
export async function importDevices(
  trx: Transacting,
  actor: Actor,
  rows: readonly ImportRow[],
  hashes: readonly string[],
  now: number,
): Promise<void> {
  refuseRepeatedIds(rows)
  await refuseTakenIds(trx, rows)
  await requireGateways(trx, rows)
  const audit: AuditEntry[] = []
  const siteIds = await ensureSites(trx, rows, now, audit)
  const devices = rows.map((row, i) => newDeviceRow(row, siteIds.get(siteKey(row)) ?? null, hashes[i] ?? '', now))
  for (const chunk of chunksOf(devices, ROWS_PER_INSERT)) await trx.insertInto('device').values(chunk).execute()
  for (const ids of chunksOf(idsOf(rows), MAX_IDS)) {
    await trx.deleteFrom('device_state').where('device_id', 'in', ids).execute()
  }
  for (const { line: _, ...row } of rows) {
    audit.push({ action: 'device.imported', subject: `device:${row.id}`, fields: namesOfGiven(row) })
  }
  await appendAudit(
    trx,
    now,
    audit.map((entry) => ({ ...entry, actor })),
  )
}

const idsOf = (rows: readonly ImportRow[]) => rows.map((row) => row.id)

function refuseRepeatedIds(rows: readonly ImportRow[]): void {
  const first = new Map<string, number>()
  for (const { id, line } of rows) {
    const earlier = first.get(id)
    if (earlier !== undefined) {
      const text = {
        zh: `第 ${line} 行的设备编号 ${id} 与第 ${earlier} 行重复。`,
        en: `Line ${line}: the device id ${id} is already on line ${earlier}.`,
      }
      throw new LedgerError('invalid', text, { line, field: 'id' })
    }
    first.set(id, line)
  }
}

async function refuseTakenIds(trx: Transacting, rows: readonly ImportRow[]): Promise<void> {
  const taken = new Set<string>()
  for (const ids of chunksOf(idsOf(rows), MAX_IDS)) {
    for (const { id } of await trx.selectFrom('device').select('id').where('id', 'in', ids).execute()) taken.add(id)
  }
  const row = rows.find(({ id }) => taken.has(id))
  if (row !== undefined) throw idTaken(row.id, { line: row.line, field: 'id' })
}

/** A gateway may stand in the same file, before or after its children. */
async function requireGateways(trx: Transacting, rows: readonly ImportRow[]): Promise<void> {
  const known = new Set(rows.flatMap((row) => (row.kind === 'gateway' ? row.id : [])))
  const asked = [...new Set(rows.flatMap((row) => row.gatewayId ?? []))].filter((id) => !known.has(id))
  for (const ids of chunksOf(asked, MAX_IDS)) {
    const found = await trx
      .selectFrom('device')
      .select('id')
      .where('kind', '=', 'gateway')
      .where('id', 'in', ids)
      .execute()
    for (const { id } of found) known.add(id)
  }
  for (const { gatewayId, id, line } of rows) {
    if (gatewayId === undefined || gatewayId === null) continue
    if (!known.has(gatewayId) || gatewayId === id) throw noSuchGateway(gatewayId, { line, field: 'gatewayId' })
  }
}

const siteKey = (row: ImportRow) => JSON.stringify([row.area, row.site])

/** Sites by `siteKey`; contacts of rows are added to those a site already has. */
async function ensureSites(
  trx: Transacting,
  rows: readonly ImportRow[],
  now: number,
  audit: AuditEntry[],
): Promise<Map<string, string>> {
  const siteIds = new Map<string, string>()
  const contacts = new Map<string, Contact[]>()
  for (const row of rows) {
    if (row.site === undefined && row.area === undefined) continue
    const key = siteKey(row)
    const siteId = siteIds.get(key) ?? (await siteOfRow(trx, row, now, audit))
    siteIds.set(key, siteId)
    if (row.contact !== undefined) contacts.set(siteId, [...(contacts.get(siteId) ?? []), row.contact])
  }
  for (const [siteId, added] of contacts) await addContacts(trx, siteId, added)
  return siteIds
}

/** A row without an area means a site that is already there; one without a site means a site named like its area. */
async function siteOfRow(trx: Transacting, row: ImportRow, now: number, audit: AuditEntry[]): Promise<string> {
  if (row.area === undefined) return onlySiteNamed(trx, row)
  const { area, path, created } = await ensureAreaPath(trx, row.area, now)
  audit.push(...created.map(areaCreated))
  const name = row.site ?? area.name
  const known = await trx
    .selectFrom('site')
    .select('id')
    .where('area_id', '=', area.id)
    .where('name', '=', name)
    .executeTakeFirst()
  if (known !== undefined) return known.id
  const id = await insertSite(trx, { name, areaId: area.id, areaNames: path.names, now })
  audit.push({ action: 'site.created', subject: `site:${id}`, fields: ['name', 'area'] })
  return id
}

async function onlySiteNamed(trx: Transacting, row: ImportRow): Promise<string> {
  const found = await trx
    .selectFrom('site')
    .select('id')
    .where('name', '=', row.site ?? '')
    .limit(2)
    .execute()
  const [site] = found
  if (site !== undefined && found.length === 1) return site.id
  const text = {
    zh: `第 ${row.line} 行的场所“${row.site}”没有写明所在区域（area，如 某县/某镇/某村）。`,
    en: `Line ${row.line}: the area of the site “${row.site}” is missing (area, e.g. county/town/village).`,
  }
  throw new LedgerError('invalid', text, { line: row.line, field: 'area' })
}

async function addContacts(trx: Transacting, siteId: string, added: readonly Contact[]): Promise<void> {
  const { contacts } = await trx
    .selectFrom('site')
    .select('contacts')
    .where('id', '=', siteId)
    .executeTakeFirstOrThrow()
  const all = JSON.parse(contacts) as Contact[]
  const before = all.length
  for (const contact of added) {
    if (!all.some(({ name, phone }) => name === contact.name && phone === contact.phone)) all.push(contact)
  }
  if (all.length === before) return
  await trx
    .updateTable('site')
    .set({ contacts: JSON.stringify(all) })
    .where('id', '=', siteId)
    .execute()
}
