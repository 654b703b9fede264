// Questions in the ledger: each read takes the person it was put to, and their scope of now.
import { sql } from 'kysely'
import type { Prompt, PromptAnswer, PromptEvidence, PromptType } from '../contract/http/prompts.ts'
import { areaPaths, NOWHERE } from './areas.ts'
import { appendAudit } from './audit.ts'
import type { NewPrompt, Prompts, RoomMeter } from './ledger/prompts.ts'
import type { Actor } from './ledger.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { newId } from './store.ts'
import type { Store } from './store.ts'

/** Shown at once; what is older and answered is of no use on a telephone. */
const MOST_SHOWN = 100

export class PromptRecords implements Prompts {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  ask(userIds: readonly string[], prompt: NewPrompt, at: number, notSince: number): Promise<number> {
    return this.#store.write(async (trx) => {
      const { type, siteId, deviceId } = prompt
      const asked = await trx
        .selectFrom('prompt')
        .select('user_id')
        .where('device_id', '=', deviceId)
        .where('type', '=', type)
        .where('asked_at', '>=', notSince)
        .execute()
      const already = new Set(asked.map(({ user_id }) => user_id))
      const rows = userIds
        .filter((id) => !already.has(id))
        .map((user_id) => ({
          id: newId(),
          user_id,
          site_id: siteId,
          device_id: deviceId,
          type,
          evidence: JSON.stringify(prompt.evidence),
          asked_at: at,
          answer: null,
          answered_at: null,
        }))
      if (rows.length > 0) await trx.insertInto('prompt').values(rows).execute()
      return rows.length
    })
  }

  metersInRooms(): Promise<RoomMeter[]> {
    return this.#store.read
      .selectFrom('room_stay')
      .innerJoin('room', 'room.id', 'room_stay.room_id')
      .innerJoin('device', 'device.id', 'room_stay.device_id')
      .select(['device.id as deviceId', 'room.site_id as siteId', 'room.power_limit_w as powerLimitW'])
      .where('room_stay.until', 'is', null)
      .where('device.kind', '=', 'electricity')
      .where('device.lifecycle', '=', 'in_service')
      .orderBy('device.id')
      .execute()
  }

  of(userId: string, scope: Scope): Promise<Prompt[]> {
    return this.#read(userId, scope)
  }

  async answer(actor: Actor, scope: Scope, id: string, answer: PromptAnswer): Promise<Prompt | null> {
    const [own] = await this.#read(actor.userId, scope, id)
    if (own === undefined) return null
    const answeredAt = this.#store.now()
    await this.#store.write(async (trx) => {
      await trx
        .updateTable('prompt')
        .set({ answer, answered_at: answeredAt })
        .where('id', '=', id)
        .where('user_id', '=', actor.userId)
        .execute()
      await appendAudit(trx, answeredAt, [
        { actor, action: 'prompt.answered', subject: `prompt:${id}`, fields: ['answer'] },
      ])
    })
    return { ...own, answer, answeredAt }
  }

  async #read(userId: string, scope: Scope, id?: string): Promise<Prompt[]> {
    const db = this.#store.read
    let query = db
      .selectFrom('prompt')
      .innerJoin('site', 'site.id', 'prompt.site_id')
      .leftJoin('device', 'device.id', 'prompt.device_id')
      .selectAll('prompt')
      .select(['site.name as site_name', 'site.area_id', 'device.name as device_name'])
      .where('prompt.user_id', '=', userId)
      .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    if (id !== undefined) query = query.where('prompt.id', '=', id)
    const rows = await query
      .orderBy(sql`answered_at is not null`)
      .orderBy('asked_at', 'desc')
      .orderBy('prompt.id')
      .limit(MOST_SHOWN)
      .execute()
    const paths = await areaPaths(
      db,
      rows.map(({ area_id }) => area_id),
    )
    return rows.map((row) => ({
      id: row.id,
      type: row.type as PromptType,
      siteId: row.site_id,
      deviceId: row.device_id,
      deviceName: row.device_name ?? row.device_id,
      place: [...(paths.get(row.area_id) ?? NOWHERE).names, row.site_name],
      evidence: JSON.parse(row.evidence) as PromptEvidence,
      askedAt: row.asked_at,
      answer: row.answer as PromptAnswer | null,
      answeredAt: row.answered_at,
    }))
  }
}
