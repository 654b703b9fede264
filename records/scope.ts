// What a viewer may see (G9). Every query, socket and count asks this file and nothing else.
import { expressionBuilder, sql } from 'kysely'
import type { Expression, SqlBool } from 'kysely'
import { rowOf } from '../contract/roles.ts'
import type { Role } from '../contract/role-names.ts'
import type { Tables } from './tables.ts'

/** Everything, or the listed sites and whatever lies in the listed areas and below them. */
export type Scope =
  | { readonly all: true }
  | { readonly all: false; readonly siteIds: readonly string[]; readonly areaIds: readonly string[] }

export const EVERYTHING: Scope = { all: true }

/** Where a thing is: its site, and the areas around it from large to small. Both empty: nowhere, e.g. the hub itself. */
export interface PlaceOfThing {
  readonly siteId: string | null
  readonly areaIds: readonly string[]
}

export function scopeOf(user: {
  readonly role: Role
  readonly sites: readonly string[]
  readonly areas: readonly string[]
}): Scope {
  return rowOf(user.role).scope === 'listed' ? { all: false, siteIds: user.sites, areaIds: user.areas } : EVERYTHING
}

/** The same verdict as `withinScope`, for things that are in memory: the live feed. */
export function inScope(scope: Scope, place: PlaceOfThing): boolean {
  if (scope.all) return true
  if (place.siteId !== null && setOf(scope.siteIds).has(place.siteId)) return true
  return place.areaIds.some((areaId) => setOf(scope.areaIds).has(areaId))
}

/** A scope may list thousands of sites, and every transition is held against the scope of every screen. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>()
function setOf(ids: readonly string[]): ReadonlySet<string> {
  let set = sets.get(ids)
  if (set === undefined) sets.set(ids, (set = new Set(ids)))
  return set
}

/**
 * The where-clause of a scope over rows that name their site and their innermost area, e.g.
 * `withinScope(scope, sql.ref('transition.site_id'), sql.ref('transition.area_id'))`. A row with neither is seen by
 * those who see everything, and by nobody else.
 */
export function withinScope(
  scope: Scope,
  site: Expression<unknown>,
  innermostArea: Expression<unknown>,
): Expression<SqlBool> {
  if (scope.all) return sql<SqlBool>`1 = 1`
  const eb = expressionBuilder<Tables>()
  const ways: Expression<SqlBool>[] = []
  if (scope.siteIds.length > 0) ways.push(eb(site, 'in', [...scope.siteIds]))
  if (scope.areaIds.length > 0) {
    const below = eb
      .selectFrom('area_closure')
      .select('area_closure.area_id')
      .where('area_closure.ancestor_id', 'in', [...scope.areaIds])
    ways.push(eb(innermostArea, 'in', below))
  }
  return ways.length === 0 ? sql<SqlBool>`1 = 0` : eb.or(ways)
}

/** The scope in parts that one index each can answer; a thing may be in more than one. */
export function partsOf(scope: Scope): Scope[] {
  if (scope.all) return [scope]
  const parts: Scope[] = []
  if (scope.siteIds.length > 0) parts.push({ all: false, siteIds: scope.siteIds, areaIds: [] })
  if (scope.areaIds.length > 0) parts.push({ all: false, siteIds: [], areaIds: scope.areaIds })
  return parts
}
