// A workbook of areas, sites, rooms and people: all of it in one transaction, or nothing and what is wrong with which row.
// Read once, decided in memory, written in a few statements: the journal waits meanwhile.
import type { Contact } from '../contract/http/places.ts'
import type { ImportCounts } from '../contract/http/places-import.ts'
import { appendAudit } from './audit.ts'
import type { AuditEntry } from './audit.ts'
import { upsertRooms } from './import-rooms.ts'
import type { RoomToImport } from './import-rooms.ts'
import { ImportedTree, namesOfPath } from './import-tree.ts'
import { areaCreated } from './places.ts'
import { importPeople } from './import-people.ts'
import type { Actor } from './ledger.ts'
import type { PlacesImporter, PlacesPlan, PlanOutcome, PlanProblem, SiteRow } from './ledger/places-import.ts'
import { newSiteRow, profileColumns, profileOfRow } from './site-row.ts'
import { chunksOf, ROWS_PER_INSERT } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { SiteTable } from './tables.ts'

/** Ends the transaction of a preview, or of a plan that cannot be carried out: nothing of it stays. */
class Undone extends Error {
  readonly outcome: PlanOutcome
  constructor(outcome: PlanOutcome) {
    super('nothing was written')
    this.outcome = outcome
  }
}

export class WorkbookImport implements PlacesImporter {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async run(
    actor: Actor,
    plan: PlacesPlan,
    { preview, invitedUntil }: { readonly preview: boolean; readonly invitedUntil: number },
  ): Promise<PlanOutcome> {
    try {
      return await this.#store.write(async (trx) => {
        const outcome = await carryOut(trx, actor, plan, invitedUntil, this.#store.now())
        if (preview || !outcome.ok) throw new Undone(outcome)
        return outcome
      })
    } catch (error) {
      if (error instanceof Undone) return error.outcome
      throw error
    }
  }
}

async function carryOut(
  trx: Transacting,
  actor: Actor,
  plan: PlacesPlan,
  invitedUntil: number,
  now: number,
): Promise<PlanOutcome> {
  const problems: PlanProblem[] = []
  const audit: AuditEntry[] = []
  const tree = await ImportedTree.read(trx, now)
  const named = new Set<string>()
  const areaOf = (path: string) => {
    const names = namesOfPath(path) ?? [path]
    named.add(names.join('/'))
    return tree.ensure(names)
  }
  for (const { path } of plan.areas) areaOf(path)
  const sites = await planSites(trx, plan.sites, areaOf, now)
  await tree.write(trx)
  audit.push(...tree.created.map(areaCreated))
  await writeSites(trx, sites, audit)

  const roomRows: RoomToImport[] = []
  for (const { row, area, site, room } of plan.rooms) {
    const known = tree.find(namesOfPath(area) ?? [])
    const house = known && sites.byKey.get(keyOf(known.id, site))
    if (house === undefined) problems.push({ sheet: 'rooms', row, field: 'site', message: NO_SUCH_SITE })
    else roomRows.push({ ...room, siteId: house.id })
  }
  const rooms = await upsertRooms(trx, roomRows, now)
  audit.push(...rooms.audit)
  const people = await importPeople(trx, plan.people, { tree, sites: sites.byKey, keyOf }, now, invitedUntil)
  problems.push(...people.problems)
  audit.push(...people.audit)
  if (problems.length > 0) return { ok: false, problems }
  await appendAudit(
    trx,
    now,
    audit.map((entry) => ({ ...entry, actor })),
  )
  const made = new Set(tree.created)
  const areasKnown = [...named].filter((path) => !made.has(tree.find(path.split('/'))?.id ?? '')).length
  const distinctRooms = new Set(rooms.ids).size
  return {
    ok: true,
    counts: {
      areas: { created: tree.created.length, changed: 0, unchanged: areasKnown },
      sites: sites.counts,
      rooms: {
        created: rooms.created,
        changed: rooms.updated,
        unchanged: distinctRooms - rooms.created - rooms.updated,
      },
      people: people.counts,
    },
    invitations: people.invitations,
    changedSites: sites.changed.map(({ id }) => id),
  }
}

const NO_SUCH_SITE =
  '没有这个场所：请核对区域和场所名称，或先在“场所”表中添加。 There is no such site; check its area and name, or add it to the sheet of sites.'

const keyOf = (areaId: string, name: string): string => JSON.stringify([areaId, name])

interface PlannedSites {
  /** All of the ledger, those of the plan as they will be. */
  readonly byKey: ReadonlyMap<string, SiteTable>
  readonly created: readonly SiteTable[]
  readonly changed: readonly SiteTable[]
  readonly fields: ReadonlyMap<string, readonly string[]>
  readonly counts: ImportCounts
}

async function planSites(
  trx: Transacting,
  rows: readonly SiteRow[],
  areaOf: (path: string) => { readonly id: string; readonly names: readonly string[] },
  now: number,
): Promise<PlannedSites> {
  const known = await trx.selectFrom('site').selectAll().execute()
  const byKey = new Map(known.map((row) => [keyOf(row.area_id, row.name), row]))
  const created = new Set<SiteTable>()
  const changed = new Map<string, SiteTable>()
  const fields = new Map<string, string[]>()
  const met = new Set<string>()
  for (const row of rows) {
    const area = areaOf(row.area)
    const key = keyOf(area.id, row.name)
    met.add(key)
    const old = byKey.get(key)
    if (old === undefined) {
      const contacts = row.contact === undefined ? [] : [row.contact]
      const made = newSiteRow({ name: row.name, areaId: area.id, areaNames: area.names }, contacts, now, row.profile)
      byKey.set(key, made)
      created.add(made)
      continue
    }
    const next = withRow(old, row)
    const differing = differences(old, next)
    if (differing.length === 0) continue
    byKey.set(key, next)
    if (created.delete(old)) created.add(next)
    else {
      changed.set(next.id, next)
      fields.set(next.id, [...new Set([...(fields.get(next.id) ?? []), ...differing])])
    }
  }
  const counts = { created: created.size, changed: changed.size, unchanged: met.size - created.size - changed.size }
  return { byKey, created: [...created], changed: [...changed.values()], fields, counts }
}

function withRow(old: SiteTable, row: SiteRow): SiteTable {
  const contacts = JSON.parse(old.contacts) as Contact[]
  const { contact } = row
  if (contact !== undefined && !contacts.some(({ name, phone }) => name === contact.name && phone === contact.phone))
    contacts.push(contact)
  const given = Object.fromEntries(Object.entries(row.profile).filter(([, value]) => value !== undefined))
  return { ...old, contacts: JSON.stringify(contacts), ...profileColumns({ ...profileOfRow(old), ...given }) }
}

function differences(old: SiteTable, next: SiteTable): string[] {
  const [before, after]: Record<string, unknown>[] = [profileOfRow(old), profileOfRow(next)]
  const names = Object.keys(after ?? {}).filter(
    (name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]),
  )
  return [...names, ...(old.contacts === next.contacts ? [] : ['contacts'])]
}

async function writeSites(trx: Transacting, sites: PlannedSites, audit: AuditEntry[]): Promise<void> {
  for (const chunk of chunksOf(sites.created, ROWS_PER_INSERT)) await trx.insertInto('site').values(chunk).execute()
  for (const { id, contacts, category, risk, regime, profile } of sites.changed)
    await trx.updateTable('site').set({ contacts, category, risk, regime, profile }).where('id', '=', id).execute()
  for (const { id } of sites.created) audit.push({ action: 'site.created', subject: `site:${id}` })
  for (const { id } of sites.changed)
    audit.push({ action: 'site.updated', subject: `site:${id}`, fields: sites.fields.get(id) ?? [] })
}
