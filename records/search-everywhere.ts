// One word against everything that has a name, within the scope (G9: the totals too). Names are compared by `like`, without
// an index: the word may be anywhere in a name and may be two characters long (docs/decisions/0017-search-is-a-scan.md).
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { FoundIn, SearchGroup, SearchResult } from '../contract/http/search.ts'
import type { KindName } from '../contract/kinds/kind.ts'
import type { Role } from '../contract/role-names.ts'
import { areaPaths, visibleArea } from './areas.ts'
import { alarmsAt, openWithinScope } from './journal-queries.ts'
import type { Search } from './ledger/search.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { closeness, matchesEveryWord } from './search.ts'
import type { Store } from './store.ts'
import type { Tables } from './tables.ts'

interface Asked {
  readonly scope: Scope
  readonly q: string
  readonly limit: number
}
type Find<G extends SearchGroup> = (db: Kysely<Tables>, asked: Asked) => Promise<FoundIn<G>>

const FIND: { readonly [G in SearchGroup]-?: Find<G> } = { alarms, areas, sites, rooms, devices, users }

export class Everywhere implements Search {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async find(scope: Scope, q: string, limit: number, groups: readonly SearchGroup[]): Promise<SearchResult> {
    const db = this.#store.read
    const found = groups.map(async (group) => [group, await FIND[group](db, { scope, q, limit })] as const)
    return Object.fromEntries(await Promise.all(found)) as SearchResult
  }
}

/** Counted with the page, so that what matches is looked for once. */
const TOTAL = sql<number>`count(*) over ()`.as('total')
const totalOf = (rows: readonly { readonly total: number }[]): number => rows[0]?.total ?? 0

async function alarms(db: Kysely<Tables>, { scope, q, limit }: Asked): Promise<FoundIn<'alarms'>> {
  const rows = await db
    .selectFrom('alarm')
    // Only as far as the alarm still lies there: what a device is called elsewhere is not for whoever saw it here.
    .leftJoin('device', (join) =>
      join.onRef('device.id', '=', 'alarm.device_id').onRef('device.site_id', '=', 'alarm.site_id'),
    )
    .leftJoin('site', (join) => join.onRef('site.id', '=', 'alarm.site_id').onRef('site.area_id', '=', 'alarm.area_id'))
    .select(['alarm.seq', TOTAL])
    .where('alarm.closed_at', 'is', null)
    .where(openWithinScope(scope))
    .where(matchesEveryWord(q, ['alarm.search', 'site.search'], ['device.pinyin', 'site.pinyin']))
    .orderBy('alarm.priority')
    .orderBy('alarm.raised_at', 'desc')
    .orderBy('alarm.id')
    .limit(limit)
    .execute()
  const found = await alarmsAt(
    db,
    rows.map((row) => row.seq),
  )
  const items = found.map(({ id, title, priority, deviceName, place }) => ({
    id,
    title,
    priority,
    deviceName,
    place: [...place],
  }))
  return { items, total: totalOf(rows) }
}

async function areas(db: Kysely<Tables>, { scope, q, limit }: Asked): Promise<FoundIn<'areas'>> {
  const rows = await db
    .selectFrom('area')
    .select(['area.id', 'area.name', TOTAL])
    .where(visibleArea(scope))
    .where(matchesEveryWord(q, ['area.name'], ['area.pinyin']))
    .orderBy(closeness(q, ['area.name'], 'area.pinyin'))
    .orderBy(sql`length(area.name)`)
    .orderBy('area.created_at')
    .orderBy('area.id')
    .limit(limit)
    .execute()
  const paths = await areaPaths(
    db,
    rows.map((row) => row.id),
  )
  const items = rows.map(({ id, name }) => ({ id, name, place: [...(paths.get(id)?.names ?? [])].slice(0, -1) }))
  return { items, total: totalOf(rows) }
}

async function sites(db: Kysely<Tables>, { scope, q, limit }: Asked): Promise<FoundIn<'sites'>> {
  const rows = await db
    .selectFrom('site')
    .select(['site.id', 'site.name', 'site.area_id', TOTAL])
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    .where(matchesEveryWord(q, ['site.search'], ['site.pinyin']))
    .orderBy(closeness(q, ['site.name'], 'site.pinyin'))
    .orderBy(sql`length(site.name)`)
    .orderBy('site.name')
    .orderBy('site.id')
    .limit(limit)
    .execute()
  const paths = await pathsOf(db, rows)
  const items = rows.map(({ id, name, area_id }) => ({ id, name, place: paths(area_id, null) }))
  return { items, total: totalOf(rows) }
}

async function rooms(db: Kysely<Tables>, { scope, q, limit }: Asked): Promise<FoundIn<'rooms'>> {
  const rows = await db
    .selectFrom('room')
    .innerJoin('site', 'site.id', 'room.site_id')
    .select(['room.id', 'room.name', 'room.building', 'room.floor', 'room.site_id', 'site.area_id'])
    .select(['site.name as site_name', TOTAL])
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    .where(matchesEveryWord(q, ['room.name', 'room.building', 'site.search'], ['site.pinyin']))
    .orderBy(closeness(q, ['room.name'], 'site.pinyin'))
    .orderBy('site.name')
    .orderBy('room.building')
    .orderBy('room.floor')
    .orderBy('room.name')
    .orderBy('room.id')
    .limit(limit)
    .execute()
  const paths = await pathsOf(db, rows)
  const items = rows.map(({ id, name, building, floor, site_id, site_name, area_id }) => ({
    ...{ id, name, building, floor, siteId: site_id },
    place: paths(area_id, site_name),
  }))
  return { items, total: totalOf(rows) }
}

async function devices(db: Kysely<Tables>, { scope, q, limit }: Asked): Promise<FoundIn<'devices'>> {
  const rows = await db
    .selectFrom('device')
    .leftJoin('site', 'site.id', 'device.site_id')
    .select(['device.id', 'device.name', 'device.kind', 'site.area_id', 'site.name as site_name', TOTAL])
    .where(withinScope(scope, sql.ref('device.site_id'), sql.ref('site.area_id')))
    .where(matchesEveryWord(q, ['device.search', 'site.search'], ['device.pinyin', 'site.pinyin']))
    .orderBy(closeness(q, ['device.id', 'device.name'], 'device.pinyin'))
    .orderBy(sql`length(device.name)`)
    .orderBy('device.id')
    .limit(limit)
    .execute()
  const paths = await pathsOf(db, rows)
  const items = rows.map(({ id, name, kind, area_id, site_name }) => ({
    ...{ id, name, kind: kind as KindName },
    place: paths(area_id, site_name),
  }))
  return { items, total: totalOf(rows) }
}

async function users(db: Kysely<Tables>, { q, limit }: Asked): Promise<FoundIn<'users'>> {
  const rows = await db
    .selectFrom('app_user')
    .select(['id', 'username', 'name', 'role', TOTAL])
    .where(matchesEveryWord(q, ['app_user.username', 'app_user.name'], ['app_user.pinyin']))
    .orderBy(closeness(q, ['app_user.username', 'app_user.name'], 'app_user.pinyin'))
    .orderBy('username')
    .limit(limit)
    .execute()
  return {
    items: rows.map(({ id, username, name, role }) => ({ id, username, name, role: role as Role })),
    total: totalOf(rows),
  }
}

/** Answers the place of a row: its areas' names, then its site's. */
async function pathsOf(db: Kysely<Tables>, rows: readonly { readonly area_id: string | null }[]) {
  const paths = await areaPaths(
    db,
    rows.flatMap((row) => row.area_id ?? []),
  )
  return (areaId: string | null, site: string | null): string[] => [
    ...(paths.get(areaId ?? '')?.names ?? []),
    ...(site === null ? [] : [site]),
  ]
}
