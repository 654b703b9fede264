// The tree of areas, 县 → 镇/街道 → 村/社区, kept with its closure: every area with all its ancestors.
import { expressionBuilder, sql } from 'kysely'
import type { Expression, Kysely, SqlBool } from 'kysely'
import type { Area } from '../contract/http/places.ts'
import { pinyinText } from './pinyin.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { chunksOf, MAX_IDS, newId } from './store.ts'
import type { Transacting } from './store.ts'
import type { Tables } from './tables.ts'

/** An area's own names and ids, large to small, itself last. */
export interface AreaPath {
  readonly ids: readonly string[]
  readonly names: readonly string[]
}
export const NOWHERE: AreaPath = { ids: [], names: [] }

/** The areas of a scope and those around its sites. */
export async function areasOf(db: Kysely<Tables>, scope: Scope): Promise<Area[]> {
  const rows = await db
    .selectFrom('area')
    .selectAll()
    .where(visibleArea(scope))
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

/** Where-clause over `area`: the areas of a scope and those around its sites, without those that went into others. */
export function visibleArea(scope: Scope): Expression<SqlBool> {
  const eb = expressionBuilder<Tables, 'area'>()
  const around = eb
    .selectFrom('site')
    .select('site.area_id')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
  return eb.and([
    eb('area.merged', '=', 0),
    eb.or([
      withinScope(scope.all ? scope : { ...scope, siteIds: [] }, sql.ref('area.id'), sql.ref('area.id')),
      eb('area.id', 'in', around),
    ]),
  ])
}

export async function areaPaths(db: Kysely<Tables>, areaIds: Iterable<string>): Promise<Map<string, AreaPath>> {
  const paths = new Map<string, { ids: string[]; names: string[] }>()
  for (const ids of chunksOf([...new Set(areaIds)], MAX_IDS)) {
    const rows = await db
      .selectFrom('area_closure')
      .innerJoin('area', 'area.id', 'area_closure.ancestor_id')
      .select(['area_closure.area_id', 'area.id', 'area.name'])
      .where('area_closure.area_id', 'in', ids)
      .orderBy('area_closure.area_id')
      .orderBy('area_closure.depth', 'desc')
      .execute()
    for (const { area_id, id, name } of rows) {
      const path = paths.get(area_id) ?? { ids: [], names: [] }
      path.ids.push(id)
      path.names.push(name)
      paths.set(area_id, path)
    }
  }
  return paths
}

/** The area that `县/镇/村` names; what is missing of the path is created, and told in `created`. */
export async function ensureAreaPath(
  trx: Transacting,
  path: string,
  now: number,
): Promise<{ area: Area; path: AreaPath; created: string[] }> {
  const names = path.split('/').map((name) => name.trim())
  const ids: string[] = []
  const created: string[] = []
  for (const name of names) {
    const parentId = ids.at(-1) ?? ''
    const known = await trx
      .selectFrom('area')
      .select('id')
      .where('parent_id', '=', parentId)
      .where('name', '=', name)
      .executeTakeFirst()
    const id = known?.id ?? newId()
    ids.push(id)
    if (known === undefined) {
      await trx
        .insertInto('area')
        .values({ id, parent_id: parentId, name, pinyin: pinyinText([name]), created_at: now, merged: 0 })
        .execute()
      const closure = ids.map((ancestor, i) => ({ ancestor_id: ancestor, area_id: id, depth: ids.length - 1 - i }))
      await trx.insertInto('area_closure').values(closure).execute()
      created.push(id)
    }
  }
  const area = { id: ids.at(-1) ?? '', parentId: ids.at(-2) ?? null, name: names.at(-1) ?? '', path: names }
  return { area, path: { ids, names }, created }
}
