// Floor plans of a site: a picture, and where its devices are on it.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { FloorPlan, PlanPin } from '../contract/http/rentals.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor } from './ledger.ts'
import type { FloorPlans } from './ledger/rentals.ts'
import { namesOfGiven } from './places.ts'
import { EVERYTHING, withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { chunksOf, newId, ROWS_PER_INSERT } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables } from './tables.ts'
import type { FloorPlanTable } from './tables/rentals.ts'

export class FloorPlanRecords implements FloorPlans {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async list(scope: Scope, siteId: string): Promise<FloorPlan[]> {
    const rows = await plansWithin(this.#store.read, scope)
      .where('floor_plan.site_id', '=', siteId)
      .orderBy('floor_plan.name')
      .execute()
    return this.#views(rows)
  }

  async get(scope: Scope, id: string): Promise<FloorPlan | null> {
    const rows = await plansWithin(this.#store.read, scope).where('floor_plan.id', '=', id).execute()
    return (await this.#views(rows))[0] ?? null
  }

  create(actor: Actor, siteId: string, plan: { readonly name: string; readonly fileId: string }): Promise<FloorPlan> {
    return this.#change(async (trx) => {
      await refuseTaken(trx, siteId, plan.name, null)
      await requirePicture(trx, siteId, plan.fileId)
      const row = { id: newId(), site_id: siteId, name: plan.name, file_id: plan.fileId, created_at: this.#store.now() }
      await trx.insertInto('floor_plan').values(row).execute()
      await this.#audit(trx, actor, 'plan.created', row.id, [`site:${siteId}`, `file:${plan.fileId}`])
      return row.id
    })
  }

  update(
    actor: Actor,
    id: string,
    change: { readonly name?: string | undefined; readonly pins?: readonly PlanPin[] | undefined },
  ): Promise<FloorPlan> {
    return this.#change(async (trx) => {
      const plan = await planOrThrow(trx, id)
      if (change.name !== undefined) {
        await refuseTaken(trx, plan.site_id, change.name, id)
        await trx.updateTable('floor_plan').set({ name: change.name }).where('id', '=', id).execute()
      }
      if (change.pins !== undefined) await replacePins(trx, plan, change.pins)
      await this.#audit(trx, actor, 'plan.updated', id, namesOfGiven(change))
      return id
    })
  }

  delete(actor: Actor, id: string): Promise<void> {
    return this.#store.write(async (trx) => {
      await planOrThrow(trx, id)
      await trx.deleteFrom('floor_plan').where('id', '=', id).execute()
      await this.#audit(trx, actor, 'plan.deleted', id, [])
    })
  }

  async #change(work: (trx: Transacting) => Promise<string>): Promise<FloorPlan> {
    const id = await this.#store.write(work)
    const plan = await this.get(EVERYTHING, id)
    if (plan === null) throw noSuchPlan()
    return plan
  }

  async #views(rows: readonly FloorPlanTable[]): Promise<FloorPlan[]> {
    if (rows.length === 0) return []
    const pins = await this.#store.read
      .selectFrom('plan_pin')
      .selectAll()
      .where(
        'plan_id',
        'in',
        rows.map((row) => row.id),
      )
      .orderBy('device_id')
      .execute()
    const ofPlan = Map.groupBy(pins, (pin) => pin.plan_id)
    return rows.map((row) => ({
      id: row.id,
      siteId: row.site_id,
      name: row.name,
      fileId: row.file_id,
      pins: (ofPlan.get(row.id) ?? []).map(({ device_id, x, y }) => ({ deviceId: device_id, x, y })),
    }))
  }

  #audit(trx: Transacting, actor: Actor, action: string, id: string, fields: readonly string[]): Promise<void> {
    return appendAudit(trx, this.#store.now(), [{ actor, action, subject: `plan:${id}`, fields }])
  }
}

const noSuchPlan = () => new LedgerError('not_found', { zh: '没有这张平面图。', en: 'There is no such plan.' })

function plansWithin(db: Kysely<Tables>, scope: Scope) {
  return db
    .selectFrom('floor_plan')
    .innerJoin('site', 'site.id', 'floor_plan.site_id')
    .selectAll('floor_plan')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
}

async function planOrThrow(trx: Transacting, id: string): Promise<FloorPlanTable> {
  const row = await trx.selectFrom('floor_plan').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw noSuchPlan()
  return row
}

async function refuseTaken(trx: Transacting, siteId: string, name: string, ownId: string | null): Promise<void> {
  const same = await trx
    .selectFrom('floor_plan')
    .select('id')
    .where('site_id', '=', siteId)
    .where('name', '=', name)
    .executeTakeFirst()
  if (same === undefined || same.id === ownId) return
  const text = { zh: `已有名为“${name}”的平面图。`, en: `There is a plan named “${name}” already.` }
  throw new LedgerError('exists', text, { field: 'name' })
}

async function requirePicture(trx: Transacting, siteId: string, fileId: string): Promise<void> {
  const file = await trx
    .selectFrom('file')
    .select('type')
    .where('id', '=', fileId)
    .where('subject_type', '=', 'site')
    .where('subject_id', '=', siteId)
    .executeTakeFirst()
  if (file?.type.startsWith('image/') === true) return
  const text = { zh: '平面图须是此场所的图片文件。', en: 'A plan must be a picture that belongs to this site.' }
  throw new LedgerError('invalid', text, { field: 'fileId' })
}

async function replacePins(trx: Transacting, plan: FloorPlanTable, pins: readonly PlanPin[]): Promise<void> {
  const here = await trx.selectFrom('device').select('id').where('site_id', '=', plan.site_id).execute()
  const known = new Set(here.map(({ id }) => id))
  const placed = new Map(pins.map((pin) => [pin.deviceId, pin]))
  for (const deviceId of placed.keys()) {
    if (known.has(deviceId)) continue
    const text = { zh: `设备 ${deviceId} 不在此场所。`, en: `The device ${deviceId} is not at this site.` }
    throw new LedgerError('invalid', text, { field: 'pins' })
  }
  await trx.deleteFrom('plan_pin').where('plan_id', '=', plan.id).execute()
  const rows = [...placed.values()].map(({ deviceId, x, y }) => ({ plan_id: plan.id, device_id: deviceId, x, y }))
  for (const chunk of chunksOf(rows, ROWS_PER_INSERT)) await trx.insertInto('plan_pin').values(chunk).execute()
}
