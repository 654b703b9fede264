// Areas and sites.
import { sql } from 'kysely'
import type { SelectQueryBuilder } from 'kysely'
import type { Page } from '../contract/http/common.ts'
import type { Area, CountedArea } from '../contract/http/places.ts'
import type { Site, SiteFilter } from '../contract/http/sites.ts'
import { areaOrThrow, changeArea, mergeAreas } from './area-changes.ts'
import { countsOfAreas } from './area-counts.ts'
import { areaPaths, areasOf, ensureAreaPath } from './areas.ts'
import { appendAudit } from './audit.ts'
import type { AuditEntry } from './audit.ts'
import { LedgerError } from './errors.ts'
import { dropFilesOf } from './files.ts'
import type { Actor, PageQuery } from './ledger.ts'
import type { AreaChange, NewSite, Places, SiteChange } from './ledger/places.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { EVERYTHING, withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { matchesEveryWord } from './search.ts'
import { findSite, newSiteRow, profileColumns, siteSearchColumns, siteViews } from './site-row.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables } from './tables.ts'

export class PlaceRecords implements Places {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  areas(scope: Scope): Promise<Area[]> {
    return areasOf(this.#store.read, scope)
  }

  async countedAreas(scope: Scope): Promise<CountedArea[]> {
    const [areas, counts] = [await this.areas(scope), await countsOfAreas(this.#store.read, scope)]
    return areas.map((area) => ({ ...area, ...counts(area.id) }))
  }

  ensureArea(actor: Actor, path: string): Promise<Area> {
    return this.#store.write(async (trx) => {
      const { area, created } = await ensureAreaPath(trx, path, this.#store.now())
      await this.#audit(trx, actor, created.map(areaCreated))
      return area
    })
  }

  updateArea(actor: Actor, id: string, change: AreaChange): Promise<Area> {
    return this.#store.write(async (trx) => {
      await changeArea(trx, id, change)
      await this.#audit(trx, actor, [{ action: 'area.updated', subject: `area:${id}`, fields: namesOfGiven(change) }])
      return areaIn(trx, id)
    })
  }

  mergeArea(actor: Actor, id: string, into: string): Promise<Area> {
    return this.#store.write(async (trx) => {
      await mergeAreas(trx, id, into)
      await this.#audit(trx, actor, [{ action: 'area.merged', subject: `area:${id}`, fields: [`area:${into}`] }])
      return areaIn(trx, into)
    })
  }

  async sites(scope: Scope, query: PageQuery & SiteFilter): Promise<Page<Site>> {
    const db = this.#store.read
    const after = decodeCursor(query.cursor, 'string', 'string')
    const matching = narrowed(
      db.selectFrom('site').where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id'))),
      query,
    )
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
      const named = { name: site.name, areaId: area.id, areaNames: path.names }
      const row = newSiteRow(named, site.contacts ?? [], now, site)
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
          ...siteSearchColumns(path.names, name),
          ...profileColumns({ ...old, ...given(change) }),
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
      const inspected = await trx.selectFrom('inspection').select('id').where('site_id', '=', id).executeTakeFirst()
      if (inspected !== undefined) {
        const text = {
          zh: '场所有检查记录，不能删除；不再使用的场所请改名注明。',
          en: 'The site has inspections on record and cannot be deleted; note in its name that it is no longer used.',
        }
        throw new LedgerError('refused', text, { reason: 'has_inspections' })
      }
      const room = await trx.selectFrom('room').select('id').where('site_id', '=', id).executeTakeFirst()
      if (room !== undefined) {
        const text = {
          zh: '场所还有房间，请先删除房间。',
          en: 'The site still has rooms; delete them first.',
        }
        throw new LedgerError('refused', text, { reason: 'has_rooms' })
      }
      await trx.deleteFrom('site').where('id', '=', id).execute()
      await dropFilesOf(trx, 'site', id)
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

/** The fields that a change gives. */
function given(change: SiteChange): Partial<SiteChange> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

export function narrowed(sites: FromSite, filter: SiteFilter): FromSite {
  const { q, category, risk, regime, areaId } = filter
  let matching = sites
  if (q !== undefined) matching = matching.where(matchesEveryWord(q, ['site.search'], ['site.pinyin']))
  if (category !== undefined) matching = matching.where('site.category', '=', category)
  if (risk !== undefined) matching = matching.where('site.risk', '=', risk)
  if (regime !== undefined) matching = matching.where('site.regime', '=', regime)
  if (areaId !== undefined)
    matching = matching.where((eb) =>
      eb(
        'site.area_id',
        'in',
        eb.selectFrom('area_closure').select('area_closure.area_id').where('area_closure.ancestor_id', '=', areaId),
      ),
    )
  return matching
}

async function areaIn(trx: Transacting, id: string): Promise<Area> {
  const area = await areaOrThrow(trx, id)
  const names = (await areaPaths(trx, [id])).get(id)?.names ?? []
  return { id, parentId: area.parent_id === '' ? null : area.parent_id, name: area.name, path: [...names] }
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

async function siteOrThrow(trx: Transacting, id: string): Promise<Site> {
  const site = await findSite(trx, EVERYTHING, id)
  if (site === null) throw new LedgerError('not_found', { zh: '没有这个场所。', en: 'There is no such site.' })
  return site
}
