// Reading the journal within a scope. What it costs follows what is answered, not how long the journal is.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { partsOf, withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

export async function newestInScope(db: Kysely<Tables>, scope: Scope): Promise<number> {
  if (scope.all) return (await db.selectFrom('head').select('seq').executeTakeFirstOrThrow()).seq
  const sites = scope.siteIds.length === 0 ? 0 : await newestOfSites(db, scope.siteIds)
  const areas = scope.areaIds.length === 0 ? 0 : await newestOfAreas(db, scope.areaIds)
  return Math.max(sites, areas)
}

/** One look at the end of an index for each site; `max(seq) where site_id in (…)` would read every entry of each. */
async function newestOfSites(db: Kysely<Tables>, siteIds: readonly string[]): Promise<number> {
  const listed = sql.join(siteIds.map((id) => sql`(${id})`))
  const { rows } = await sql<{ newest: number | null }>`
    with listed (site_id) as (values ${listed})
    select max((select max(t.seq) from transition as t where t.site_id = listed.site_id)) as newest from listed
  `.execute(db)
  return rows[0]?.newest ?? 0
}

async function newestOfAreas(db: Kysely<Tables>, areaIds: readonly string[]): Promise<number> {
  const { rows } = await sql<{ newest: number | null }>`
    select max((select max(t.seq) from transition as t where t.area_id = c.area_id)) as newest
    from area_closure as c where c.ancestor_id in (${sql.join([...areaIds])})
  `.execute(db)
  return rows[0]?.newest ?? 0
}

/** Stretch of the sequence looked at first; each further one is four times as long. */
const FIRST_STRETCH = 4

/**
 * The first `limit` sequence numbers after `cursor` within the scope. The sequence is searched in growing stretches: a
 * viewer who sees much finds enough in the first ones, one who sees little has short indexes.
 */
export async function sequencesAfter(
  db: Kysely<Tables>,
  scope: Scope,
  cursor: number,
  limit: number,
): Promise<number[]> {
  const head = await newestInScope(db, scope)
  const parts = partsOf(scope)
  const found: number[] = []
  let from = cursor
  for (let stretch = FIRST_STRETCH * limit; from < head && found.length < limit; stretch *= 4) {
    const to = Math.min(from + stretch, head)
    const wanted = limit - found.length
    const stretchSeqs = new Set<number>()
    for (const part of parts) {
      const rows = await db
        .selectFrom('transition')
        .select('seq')
        .where('seq', '>', from)
        .where('seq', '<=', to)
        .where(withinScope(part, 'transition.site_id', 'transition.area_id'))
        .orderBy('seq')
        .limit(wanted)
        .execute()
      for (const { seq } of rows) stretchSeqs.add(seq)
    }
    found.push(...[...stretchSeqs].sort((a, b) => a - b).slice(0, wanted))
    from = to
  }
  return found
}

/** Bodies of open alarms, newest raise first. */
export async function openAlarmBodies(db: Kysely<Tables>, scope: Scope): Promise<string[]> {
  const rows = await db
    .selectFrom('alarm')
    .select('body')
    .where('closed_at', 'is', null)
    .where(withinScope(scope, 'alarm.site_id', 'alarm.area_id'))
    .orderBy('raised_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
  return rows.map((row) => row.body)
}
