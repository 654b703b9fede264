// Where imported devices are: areas and sites by name, created when they are new. A few statements for the whole file:
// the journal waits while an import writes.
import type { Contact } from '../contract/http/places.ts'
import { ensureAreaPath } from './areas.ts'
import type { AuditEntry } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { ImportRow } from './ledger.ts'
import { areaCreated } from './places.ts'
import { newSiteRow } from './site-row.ts'
import { chunksOf, MAX_IDS, ROWS_PER_INSERT } from './store.ts'
import type { Transacting } from './store.ts'
import type { SiteTable } from './tables.ts'

interface NamedArea {
  readonly id: string
  readonly names: readonly string[]
}

/** A site as the file names it, and what it says of it. */
interface NamedSite {
  readonly name: string
  readonly area: NamedArea
  readonly contacts: Contact[]
  id: string | null
}

/**
 * The site id of each row, null without a place. A row without an area means a site that is already there; one without
 * a site means a site named like its area. Contacts are added to those that a site has.
 */
export async function sitesOfRows(
  trx: Transacting,
  rows: readonly ImportRow[],
  now: number,
  audit: AuditEntry[],
): Promise<(string | null)[]> {
  const areas = await ensureAreas(trx, rows, now, audit)
  const sites = new Map<string, NamedSite>()
  const named: (NamedSite | null)[] = []
  for (const row of rows) {
    const site =
      row.area === undefined ? await siteNamedAlone(trx, row, sites) : siteIn(areas.get(row.area), row, sites)
    if (site !== null && row.contact !== undefined) addContact(site.contacts, row.contact)
    named.push(site)
  }
  await matchKnownSites(trx, [...sites.values()])
  await insertNewSites(trx, [...sites.values()], now, audit)
  return named.map((site) => site?.id ?? null)
}

async function ensureAreas(
  trx: Transacting,
  rows: readonly ImportRow[],
  now: number,
  audit: AuditEntry[],
): Promise<Map<string, NamedArea>> {
  const areas = new Map<string, NamedArea>()
  for (const { area } of rows) {
    if (area === undefined || areas.has(area)) continue
    const { path, area: innermost, created } = await ensureAreaPath(trx, area, now)
    areas.set(area, { id: innermost.id, names: path.names })
    audit.push(...created.map(areaCreated))
  }
  return areas
}

const keyOf = (areaId: string, name: string) => JSON.stringify([areaId, name])

function siteIn(area: NamedArea | undefined, row: ImportRow, sites: Map<string, NamedSite>): NamedSite | null {
  if (area === undefined) return null
  const name = row.site ?? area.names.at(-1) ?? ''
  return sites.getOrInsertComputed(keyOf(area.id, name), () => ({ name, area, contacts: [], id: null }))
}

async function siteNamedAlone(
  trx: Transacting,
  row: ImportRow,
  sites: Map<string, NamedSite>,
): Promise<NamedSite | null> {
  if (row.site === undefined) return null
  const alone = keyOf('', row.site)
  const met = sites.get(alone)
  if (met !== undefined) return met
  const found = await trx.selectFrom('site').select(['id', 'area_id']).where('name', '=', row.site).limit(2).execute()
  const [site] = found
  if (site === undefined || found.length > 1) {
    const text = {
      zh: `第 ${row.line} 行的场所“${row.site}”没有写明所在区域（area，如 某县/某镇/某村）。`,
      en: `Line ${row.line}: the area of the site “${row.site}” is missing (area, e.g. county/town/village).`,
    }
    throw new LedgerError('invalid', text, { line: row.line, field: 'area' })
  }
  const area = { id: site.area_id, names: [] }
  // Other rows of the file may name the same site with its area.
  const known = sites.getOrInsertComputed(keyOf(area.id, row.site), () => ({
    name: row.site ?? '',
    area,
    contacts: [],
    id: site.id,
  }))
  sites.set(alone, known)
  return known
}

/** Gives sites that are there their ids, and the contacts that the file adds to them. */
async function matchKnownSites(trx: Transacting, sites: readonly NamedSite[]): Promise<void> {
  const byName = new Map(sites.map((site) => [keyOf(site.area.id, site.name), site]))
  for (const areaIds of chunksOf([...new Set(sites.map((site) => site.area.id))], MAX_IDS)) {
    const known = await trx
      .selectFrom('site')
      .select(['id', 'area_id', 'name', 'contacts'])
      .where('area_id', 'in', areaIds)
      .execute()
    for (const row of known) {
      const site = byName.get(keyOf(row.area_id, row.name))
      if (site === undefined) continue
      site.id = row.id
      await addContacts(trx, row, site.contacts)
    }
  }
}

async function addContacts(
  trx: Transacting,
  site: Pick<SiteTable, 'id' | 'contacts'>,
  added: readonly Contact[],
): Promise<void> {
  const contacts = JSON.parse(site.contacts) as Contact[]
  const before = contacts.length
  for (const contact of added) addContact(contacts, contact)
  if (contacts.length === before) return
  await trx
    .updateTable('site')
    .set({ contacts: JSON.stringify(contacts) })
    .where('id', '=', site.id)
    .execute()
}

function addContact(contacts: Contact[], added: Contact): void {
  if (!contacts.some(({ name, phone }) => name === added.name && phone === added.phone)) contacts.push(added)
}

async function insertNewSites(
  trx: Transacting,
  sites: readonly NamedSite[],
  now: number,
  audit: AuditEntry[],
): Promise<void> {
  const rows: SiteTable[] = []
  for (const site of new Set(sites)) {
    if (site.id !== null) continue
    const row = newSiteRow({ name: site.name, areaId: site.area.id, areaNames: site.area.names }, site.contacts, now)
    site.id = row.id
    rows.push(row)
    audit.push({ action: 'site.created', subject: `site:${row.id}`, fields: ['name', 'area', 'contacts'] })
  }
  for (const chunk of chunksOf(rows, ROWS_PER_INSERT)) await trx.insertInto('site').values(chunk).execute()
}
