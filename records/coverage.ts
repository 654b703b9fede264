// What sites ought to have against what they have, and installations against the quotas of a year. A county's sites are few
// enough to be counted each time.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { EXPECTATIONS, isExpected } from '../contract/expectations.ts'
import type { Expectation, ExpectationId } from '../contract/expectations.ts'
import type { Page } from '../contract/http/common.ts'
import type { Coverage, Installs, MissingSite, Quota } from '../contract/http/coverage.ts'
import type { KindName } from '../contract/kinds/kind.ts'
import { percentOf } from '../contract/rate.ts'
import type { Facility, SiteCategory } from '../contract/site-profile.ts'
import { areaOrThrow } from './area-changes.ts'
import { areaPaths, NOWHERE } from './areas.ts'
import type { AreaPath } from './areas.ts'
import { appendAudit } from './audit.ts'
import type { Actor, PageQuery } from './ledger.ts'
import type { CoverageRegister } from './ledger/coverage.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { profileOfRow } from './site-row.ts'
import type { Store } from './store.ts'
import type { Tables } from './tables.ts'

/** 县 → 镇街: figures are told by the second level. */
const TOWN_LEVEL = 1

interface Town {
  readonly areaId: string
  readonly path: string[]
}

interface CountedSite {
  readonly id: string
  readonly name: string
  readonly area: AreaPath
  readonly town: Town
  readonly category: SiteCategory | null
  readonly facilities: readonly Facility[]
  /** Kinds of its devices, with whether one of them is in service. */
  readonly kinds: ReadonlyMap<string, boolean>
}

export class CoverageRecords implements CoverageRegister {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async figures(scope: Scope, { areaId }: { readonly areaId?: string | undefined }): Promise<Coverage> {
    const sites = await sitesToCount(this.#store.read, scope, areaId)
    return {
      expectations: metBy(sites),
      towns: [...byTown(sites)].map(([, { town, of }]) => ({ ...town, expectations: metBy(of) })),
    }
  }

  async missing(
    scope: Scope,
    query: PageQuery & { readonly expectation?: ExpectationId | undefined; readonly areaId?: string | undefined },
  ): Promise<Page<MissingSite>> {
    const after = decodeCursor(query.cursor, 'string', 'string')
    const sites = await sitesToCount(this.#store.read, scope, query.areaId)
    const wanted = EXPECTATIONS.filter(({ id }) => query.expectation === undefined || id === query.expectation)
    const all = sites.flatMap((site) =>
      wanted
        .filter((one) => isExpected(one, site) && site.kinds.get(one.kind) !== true)
        .map((one): MissingSite => missingOf(site, one)),
    )
    const start =
      after === null ? 0 : all.findIndex((row) => row.siteId === after[0] && row.expectation === after[1]) + 1
    return pageOfRows(
      all.slice(start, start + query.limit + 1),
      query.limit,
      all.length,
      (row) => [row.siteId, row.expectation],
      (row) => row,
    )
  }

  async installs(scope: Scope, year: number, kind: KindName): Promise<Installs> {
    const db = this.#store.read
    const rows = await db
      .selectFrom('device')
      .innerJoin('site', 'site.id', 'device.site_id')
      .select(['site.area_id', 'device.attributes'])
      .where('device.kind', '=', kind)
      .where('device.lifecycle', '<>', 'retired')
      .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
      .execute()
    const quotas = await db
      .selectFrom('quota')
      .select(['area_id', 'target'])
      .where('year', '=', year)
      .where('kind', '=', kind)
      .where(withinScope(scope.all ? scope : { ...scope, siteIds: [] }, sql.ref('area_id'), sql.ref('area_id')))
      .execute()
    const paths = await areaPaths(
      db,
      [...rows, ...quotas].map((row) => row.area_id),
    )
    const towns = new Map<string, { town: Town; total: number; installed: number; target: number | null }>()
    const townAt = (areaId: string) => {
      const town = townOf(paths.get(areaId) ?? NOWHERE)
      return towns.getOrInsertComputed(town.areaId, () => ({ town, total: 0, installed: 0, target: null }))
    }
    for (const row of rows) {
      const counted = townAt(row.area_id)
      counted.total += 1
      if (installedIn(row.attributes, year)) counted.installed += 1
    }
    for (const { area_id, target } of quotas) {
      const counted = townAt(area_id)
      counted.target = (counted.target ?? 0) + target
    }
    const list = [...towns.values()].toSorted((a, b) => byPath(a.town.path, b.town.path))
    const sum = (of: (one: (typeof list)[number]) => number) => list.reduce((total, one) => total + of(one), 0)
    const target = list.some((one) => one.target !== null) ? sum((one) => one.target ?? 0) : null
    const installed = sum((one) => one.installed)
    return {
      year,
      kind,
      total: sum((one) => one.total),
      installed,
      target,
      rate: percentOf(installed, target ?? 0),
      towns: list.map(({ town, ...one }) => ({ ...town, ...one, rate: percentOf(one.installed, one.target ?? 0) })),
    }
  }

  async setQuota(actor: Actor, { areaId, year, kind, target }: Quota): Promise<void> {
    await this.#store.write(async (trx) => {
      await areaOrThrow(trx, areaId)
      await trx
        .deleteFrom('quota')
        .where('area_id', '=', areaId)
        .where('year', '=', year)
        .where('kind', '=', kind)
        .execute()
      if (target !== null) await trx.insertInto('quota').values({ area_id: areaId, year, kind, target }).execute()
      const entry = { actor, action: 'quota.changed', subject: `area:${areaId}`, fields: [`${kind}/${year}`] }
      await appendAudit(trx, this.#store.now(), [entry])
    })
  }
}

async function sitesToCount(db: Kysely<Tables>, scope: Scope, areaId: string | undefined): Promise<CountedSite[]> {
  let matching = db
    .selectFrom('site')
    .selectAll('site')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
  if (areaId !== undefined)
    matching = matching.where((eb) =>
      eb('site.area_id', 'in', eb.selectFrom('area_closure').select('area_id').where('ancestor_id', '=', areaId)),
    )
  const rows = await matching.execute()
  const paths = await areaPaths(
    db,
    rows.map((row) => row.area_id),
  )
  const devices = await db
    .selectFrom('device')
    .innerJoin('site', 'site.id', 'device.site_id')
    .select((eb) => [
      'device.site_id',
      'device.kind',
      eb.fn.max(sql<number>`case when device.lifecycle = 'in_service' then 1 else 0 end`).as('in_service'),
    ])
    .where('device.lifecycle', '<>', 'retired')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    .groupBy(['device.site_id', 'device.kind'])
    .execute()
  const kinds = Map.groupBy(devices, (row) => row.site_id)
  return rows
    .map((row): CountedSite => {
      const area = paths.get(row.area_id) ?? NOWHERE
      const { category, facilities } = profileOfRow(row)
      const has = new Map((kinds.get(row.id) ?? []).map((one) => [one.kind, one.in_service === 1]))
      return { id: row.id, name: row.name, area, town: townOf(area), category, facilities, kinds: has }
    })
    .toSorted((a, b) => byPath([...a.area.names, a.name], [...b.area.names, b.name]))
}

function townOf({ ids, names }: AreaPath): Town {
  const level = Math.min(TOWN_LEVEL, ids.length - 1)
  return { areaId: ids[level] ?? '', path: names.slice(0, level + 1) }
}

const byPath = (a: readonly string[], b: readonly string[]): number => a.join('/').localeCompare(b.join('/'), 'zh')

function byTown(sites: readonly CountedSite[]): Map<string, { town: Town; of: CountedSite[] }> {
  const towns = new Map<string, { town: Town; of: CountedSite[] }>()
  for (const site of sites)
    towns.getOrInsertComputed(site.town.areaId, () => ({ town: site.town, of: [] })).of.push(site)
  return towns
}

function metBy(sites: readonly CountedSite[]): Coverage['expectations'] {
  return EXPECTATIONS.map((one) => {
    const due = sites.filter((site) => isExpected(one, site))
    const have = due.filter((site) => site.kinds.get(one.kind) === true).length
    return { id: one.id, due: due.length, have, rate: percentOf(have, due.length) }
  })
}

const missingOf = (site: CountedSite, { id, kind }: Expectation & { readonly id: ExpectationId }): MissingSite => ({
  siteId: site.id,
  name: site.name,
  area: [...site.area.names],
  category: site.category,
  expectation: id,
  registered: site.kinds.has(kind),
})

/** The attribute is a day, `2026-06-01`. */
function installedIn(attributes: string, year: number): boolean {
  const { installedAt } = JSON.parse(attributes) as { readonly installedAt?: unknown }
  return typeof installedAt === 'string' && installedAt.startsWith(`${year}-`)
}
