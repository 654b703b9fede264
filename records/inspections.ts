// Inspections: written once, reported to the county, rechecked by a later one. Nothing is changed or deleted afterwards.
import { sql } from 'kysely'
import type { Expression, Kysely, SelectQueryBuilder, SqlBool } from 'kysely'
import type { Page } from '../contract/http/common.ts'
import { LEAVES_HAZARD } from '../contract/http/inspections.ts'
import type {
  Inspection,
  InspectionKind,
  InspectionQuery,
  InspectionResult,
  NewInspection,
} from '../contract/http/inspections.ts'
import { areaPaths, NOWHERE } from './areas.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor } from './ledger.ts'
import type { Inspections } from './ledger/inspections.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { namesOfGiven } from './places.ts'
import { EVERYTHING, withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { newId } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables } from './tables.ts'
import type { InspectionTable } from './tables/places.ts'

export class InspectionRecords implements Inspections {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async list(scope: Scope, query: InspectionQuery): Promise<Page<Inspection>> {
    const db = this.#store.read
    const before = decodeCursor(query.cursor, 'number', 'string')
    const matching = narrowed(visible(db, scope), query)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching
    if (before !== null)
      page = page.where((eb) => eb(eb.refTuple('inspection.at', 'inspection.id'), '<', eb.tuple(...before)))
    const rows = await withPlace(page)
      .orderBy('inspection.at', 'desc')
      .orderBy('inspection.id', 'desc')
      .limit(query.limit + 1)
      .execute()
    const views = new Map((await viewsOf(db, rows)).map((view) => [view.id, view]))
    return pageOfRows(
      rows,
      query.limit,
      total,
      (row) => [row.at, row.id],
      (row) => views.get(row.id) as Inspection,
    )
  }

  get(scope: Scope, id: string): Promise<Inspection | null> {
    return find(this.#store.read, scope, id)
  }

  create(actor: Actor, siteId: string, inspection: NewInspection): Promise<Inspection> {
    return this.#store.write(async (trx) => {
      const now = this.#store.now()
      const { at = now, kind, result, text, deadline, rechecks } = inspection
      if (at > now) throw invalid('at', '检查时间不能在将来。', 'An inspection cannot be in the future.')
      if (rechecks !== null) await requireHazard(trx, siteId, rechecks)
      const row: InspectionTable = {
        id: newId(),
        site_id: siteId,
        at,
        inspector_id: actor.userId,
        inspector_name: actor.name,
        kind,
        result,
        findings: text,
        deadline,
        rechecks,
        reported_at: null,
        reported_by: null,
      }
      await trx.insertInto('inspection').values(row).execute()
      const subject = `inspection:${row.id}`
      const fields = [`site:${siteId}`, ...namesOfGiven(inspection)]
      await appendAudit(trx, now, [{ actor, action: 'inspection.created', subject, fields }])
      return orThrow(trx, row.id)
    })
  }

  report(actor: Actor, id: string): Promise<Inspection> {
    return this.#store.write(async (trx) => {
      const inspection = await orThrow(trx, id)
      if (inspection.reported !== null) return inspection
      const now = this.#store.now()
      await trx
        .updateTable('inspection')
        .set({ reported_at: now, reported_by: actor.name })
        .where('id', '=', id)
        .execute()
      await appendAudit(trx, now, [{ actor, action: 'inspection.reported', subject: `inspection:${id}` }])
      return orThrow(trx, id)
    })
  }
}

type FromInspection = SelectQueryBuilder<Tables, 'inspection' | 'site', object>

function visible(db: Kysely<Tables>, scope: Scope): FromInspection {
  return db
    .selectFrom('inspection')
    .innerJoin('site', 'site.id', 'inspection.site_id')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
}

const withPlace = (from: FromInspection) =>
  from.selectAll('inspection').select(['site.name as site_name', 'site.area_id', settled.as('settled')])

/** No hazard, or one that a recheck, or the recheck of a recheck, found put right. */
const settled = sql<number>`case
  when inspection.result not in (${sql.join(LEAVES_HAZARD)}) then 1
  when exists (
    with recursive later (id, result) as (
      select r.id, r.result from inspection r where r.rechecks = inspection.id
      union select r.id, r.result from inspection r join later on r.rechecks = later.id)
    select 1 from later where result = 'rechecked_ok') then 1
  else 0 end`

function narrowed(from: FromInspection, query: InspectionQuery): FromInspection {
  const { siteId, areaId, kind, result, reported } = query
  let matching = from
  if (siteId !== undefined) matching = matching.where('inspection.site_id', '=', siteId)
  if (kind !== undefined) matching = matching.where('inspection.kind', '=', kind)
  if (result !== undefined) matching = matching.where('inspection.result', '=', result)
  if (reported !== undefined) matching = matching.where('inspection.reported_at', reported ? 'is not' : 'is', null)
  if (query.settled !== undefined) matching = matching.where(isSettled(query.settled))
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

const isSettled = (wanted: boolean): Expression<SqlBool> => sql<SqlBool>`${settled} = ${wanted ? 1 : 0}`

interface PlacedInspection extends InspectionTable {
  readonly site_name: string
  readonly area_id: string
  readonly settled: number
}

async function viewsOf(db: Kysely<Tables>, rows: readonly PlacedInspection[]): Promise<Inspection[]> {
  const paths = await areaPaths(
    db,
    rows.map((row) => row.area_id),
  )
  return rows.map((row) => ({
    id: row.id,
    siteId: row.site_id,
    place: [...(paths.get(row.area_id) ?? NOWHERE).names, row.site_name],
    at: row.at,
    inspector: { id: row.inspector_id, name: row.inspector_name },
    kind: row.kind as InspectionKind,
    result: row.result as InspectionResult,
    text: row.findings,
    deadline: row.deadline,
    rechecks: row.rechecks,
    reported: row.reported_at === null ? null : { at: row.reported_at, by: row.reported_by ?? '' },
    settled: row.settled === 1,
  }))
}

async function find(db: Kysely<Tables>, scope: Scope, id: string): Promise<Inspection | null> {
  const rows = await withPlace(visible(db, scope).where('inspection.id', '=', id)).execute()
  return (await viewsOf(db, rows))[0] ?? null
}

async function orThrow(trx: Transacting, id: string): Promise<Inspection> {
  const inspection = await find(trx, EVERYTHING, id)
  if (inspection !== null) return inspection
  throw new LedgerError('not_found', { zh: '没有这条检查记录。', en: 'There is no such inspection.' })
}

async function requireHazard(trx: Transacting, siteId: string, id: string): Promise<void> {
  const found = await trx.selectFrom('inspection').select(['site_id', 'result']).where('id', '=', id).executeTakeFirst()
  if (found?.site_id === siteId && (LEAVES_HAZARD as readonly string[]).includes(found.result)) return
  throw invalid(
    'rechecks',
    '要复查的检查记录不在此场所，或没有隐患。',
    'What is to be rechecked is not of this site, or left no hazard.',
  )
}

const invalid = (field: string, zh: string, en: string) => new LedgerError('invalid', { zh, en }, { field })
