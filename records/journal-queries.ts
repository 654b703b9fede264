// Reading the journal within a scope. What it costs follows what is answered, not how long the journal is.
import { sql } from 'kysely'
import type { Expression, Kysely, SqlBool } from 'kysely'
import type { Alarm, Transition } from '../contract/alarms.ts'
import { partsOf, withinScope } from './scope.ts'
import type { DeviceState } from './ledger.ts'
import type { Scope } from './scope.ts'
import { chunksOf, TRANSITIONS_PER_READ } from './store.ts'
import type { Tables } from './tables.ts'

const STATES_PER_READ = 1_000

/** Of one partition, or of all. */
export async function* statesInPages(db: Kysely<Tables>, partition?: number): AsyncGenerator<DeviceState> {
  let last = ''
  while (true) {
    let page = db.selectFrom('device_state').selectAll().where('device_id', '>', last)
    if (partition !== undefined) page = page.where('partition', '=', partition)
    const rows = await page.orderBy('device_id').limit(STATES_PER_READ).execute()
    for (const row of rows) yield { deviceId: row.device_id, position: row.position, state: row.state }
    const end = rows.at(-1)
    if (end === undefined || rows.length < STATES_PER_READ) return
    last = end.device_id
  }
}

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
        .where(withinScope(part, sql.ref('transition.site_id'), sql.ref('transition.area_id')))
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

/** Newest raise first. */
export async function openAlarms(db: Kysely<Tables>, scope: Scope): Promise<Alarm[]> {
  const rows = await db
    .selectFrom('alarm')
    .select('seq')
    .where('closed_at', 'is', null)
    .where(openWithinScope(scope))
    .orderBy('raised_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
  return alarmsAt(
    db,
    rows.map((row) => row.seq),
  )
}

/** For queries of open alarms: a plain column would send the engine through an index of all alarms of the place. */
export function openWithinScope(scope: Scope): Expression<SqlBool> {
  return withinScope(scope, sql`coalesce(alarm.site_id, '')`, sql`coalesce(alarm.area_id, '')`)
}

/** Alarms as these transitions left them, in the given order. */
export async function alarmsAt(db: Kysely<Tables>, seqs: readonly number[]): Promise<Alarm[]> {
  const bySeq = new Map<number, Alarm>()
  for (const chunk of chunksOf(seqs, TRANSITIONS_PER_READ)) {
    const rows = await db.selectFrom('transition').select(['seq', 'body']).where('seq', 'in', chunk).execute()
    for (const { seq, body } of rows) bySeq.set(seq, (JSON.parse(body) as Transition).alarm)
  }
  return seqs.flatMap((seq) => bySeq.get(seq) ?? [])
}
