// Areas and sites.
import { sql } from 'kysely'
import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { Page } from '../contract/http/common.ts'
import type { Area, Contact, Site } from '../contract/http/places.ts'
import { areaPaths, ensureAreaPath } from './areas.ts'
import { appendAudit } from './audit.ts'
import type { AuditEntry } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor, NewSite, PageQuery, Places, SiteChange } from './ledger.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { EVERYTHING, withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { matchesEveryWord } from './search.ts'
import { newId } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { SiteTable, Tables } from './tables.ts'

export class PlaceRecords implements Places {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  /** The areas of a scope and those around its sites; names of larger ones come with each `path`. */
  async areas(scope: Scope): Promise<Area[]> {
    const db = this.#store.read
    const rows = await db
      .selectFrom('area')
      .selectAll()
      .where((eb) =>
        eb.or([
          withinScope(scope.all ? scope : { ...scope, siteIds: [] }, sql.ref('area.id'), sql.ref('area.id')),
          eb(
            'area.id',
            'in',
            eb
              .selectFrom('site')
              .select('site.area_id')
              .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id'))),
          ),
        ]),
      )
      .orderBy('area.created_at')
      .orderBy('area.id')
      .execute()
    const paths = await areaPaths(
      db,
      rows.map((row) => row.id),
    )
    return rows.map((row) => ({
      id: row.id,
      parentId: row.parent_id === '' ? null : row.parent_id,
      name: row.name,
      path: [...(paths.get(row.id)?.names ?? [])],
    }))
  }

  ensureArea(actor: Actor, path: string): Promise<Area> {
    return this.#store.write(async (trx) => {
      const { area, created } = await ensureAreaPath(trx, path, this.#store.now())
      await this.#audit(trx, actor, created.map(areaCreated))
      return area
    })
  }

  async sites(scope: Scope, query: PageQuery & { readonly q?: string | undefined }): Promise<Page<Site>> {
    const db = this.#store.read
    const after = decodeCursor(query.cursor, 'string', 'string')
    let matching = db.selectFrom('site').where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    if (query.q !== undefined) matching = matching.where(matchesEveryWord(query.q, ['site.search']))
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page: FromSite = matching
    if (after !== null) page = page.where((eb) => eb(eb.refTuple('site.name', 'site.id'), '>', eb.tuple(...after)))
    const rows = await page
      .selectAll('site')
      .orderBy('site.name')
      .orderBy('site.id')
      .limit(query.limit + 1)
      .execute()
    const views = await siteViews(db, rows.slice(0, query.limit))
    const { next } = pageOfRows(
      rows,
      query.limit,
      total,
      (row) => [row.name, row.id],
      (row) => row.id,
    )
    return { items: views, next, total }
  }

  site(scope: Scope, id: string): Promise<Site | null> {
    return findSite(this.#store.read, scope, id)
  }

  createSite(actor: Actor, site: NewSite): Promise<Site> {
    return this.#store.write(async (trx) => {
      const now = this.#store.now()
      const { area, path, created } = await ensureAreaPath(trx, site.area, now)
      await refuseTakenName(trx, area.id, site.name, null)
      const row = newSiteRow({ name: site.name, areaId: area.id, areaNames: path.names }, site.contacts ?? [], now)
      await trx.insertInto('site').values(row).execute()
      await this.#audit(trx, actor, [
        ...created.map(areaCreated),
        { action: 'site.created', subject: `site:${row.id}`, fields: namesOfGiven(site) },
      ])
      return siteOrThrow(trx, row.id)
    })
  }

  updateSite(actor: Actor, id: string, change: SiteChange): Promise<Site> {
    return this.#store.write(async (trx) => {
      const now = this.#store.now()
      const old = await siteOrThrow(trx, id)
      const { area, path, created } = await ensureAreaPath(trx, change.area ?? old.area.join('/'), now)
      const name = change.name ?? old.name
      await refuseTakenName(trx, area.id, name, id)
      await trx
        .updateTable('site')
        .set({
          name,
          area_id: area.id,
          contacts: JSON.stringify(change.contacts ?? old.contacts),
          search: siteSearchText(path.names, name),
        })
        .where('id', '=', id)
        .execute()
      await this.#audit(trx, actor, [
        ...created.map(areaCreated),
        { action: 'site.updated', subject: `site:${id}`, fields: namesOfGiven(change) },
      ])
      return siteOrThrow(trx, id)
    })
  }

  deleteSite(actor: Actor, id: string): Promise<void> {
    return this.#store.write(async (trx) => {
      const site = await siteOrThrow(trx, id)
      if (site.devices > 0) {
        const text = {
          zh: `场所内还有 ${site.devices} 台设备，请先移走或删除。`,
          en: `The site still has ${site.devices} devices; move or delete them first.`,
        }
        throw new LedgerError('refused', text, { reason: 'has_devices' })
      }
      await trx.deleteFrom('site').where('id', '=', id).execute()
      await this.#audit(trx, actor, [{ action: 'site.deleted', subject: `site:${id}` }])
    })
  }

  #audit(trx: Transacting, actor: Actor, entries: readonly AuditEntry[]): Promise<void> {
    return appendAudit(
      trx,
      this.#store.now(),
      entries.map((entry) => ({ ...entry, actor })),
    )
  }
}

type FromSite = SelectQueryBuilder<Tables, 'site', object>

export const areaCreated = (id: string): AuditEntry => ({ action: 'area.created', subject: `area:${id}` })

/** Names of the fields that a change gives, for the audit trail. */
export function namesOfGiven(change: object): string[] {
  return Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name]))
}

export function newSiteRow(
  site: { readonly name: string; readonly areaId: string; readonly areaNames: readonly string[] },
  contacts: readonly Contact[],
  now: number,
): SiteTable {
  return {
    id: newId(),
    name: site.name,
    area_id: site.areaId,
    contacts: JSON.stringify(contacts),
    search: siteSearchText(site.areaNames, site.name),
    created_at: now,
  }
}

function siteSearchText(areaNames: readonly string[], name: string): string {
  return [...areaNames, name].join('/').toLowerCase()
}

async function refuseTakenName(trx: Transacting, areaId: string, name: string, ownId: string | null): Promise<void> {
  const same = await trx
    .selectFrom('site')
    .select('id')
    .where('area_id', '=', areaId)
    .where('name', '=', name)
    .executeTakeFirst()
  if (same === undefined || same.id === ownId) return
  const text = { zh: `该区域已有名为“${name}”的场所。`, en: `The area already has a site named “${name}”.` }
  throw new LedgerError('exists', text, { field: 'name' })
}

async function findSite(db: Kysely<Tables>, scope: Scope, id: string): Promise<Site | null> {
  const rows = await db
    .selectFrom('site')
    .selectAll('site')
    .where('site.id', '=', id)
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    .execute()
  return (await siteViews(db, rows))[0] ?? null
}

async function siteOrThrow(trx: Transacting, id: string): Promise<Site> {
  const site = await findSite(trx, EVERYTHING, id)
  if (site === null) throw new LedgerError('not_found', { zh: '没有这个场所。', en: 'There is no such site.' })
  return site
}

async function siteViews(db: Kysely<Tables>, rows: readonly SiteTable[]): Promise<Site[]> {
  if (rows.length === 0) return []
  const paths = await areaPaths(
    db,
    rows.map((row) => row.area_id),
  )
  const counts = await db
    .selectFrom('device')
    .select((eb) => ['site_id', eb.fn.countAll<number>().as('devices')])
    .where(
      'site_id',
      'in',
      rows.map((row) => row.id),
    )
    .groupBy('site_id')
    .execute()
  const devices = new Map(counts.map((row) => [row.site_id, row.devices]))
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    areaId: row.area_id,
    area: [...(paths.get(row.area_id)?.names ?? [])],
    contacts: JSON.parse(row.contacts) as Contact[],
    devices: devices.get(row.id) ?? 0,
    createdAt: row.created_at,
  }))
}
