// What screens painted: the evidence that an alarm was seen, by whom and when.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Transition } from '../contract/alarms.ts'
import type { AlarmDetail } from '../contract/http/alarms.ts'
import type { Painted, Shown } from './ledger.ts'
import { inScope } from './scope.ts'
import type { PlaceOfThing } from './scope.ts'
import { chunksOf, ROWS_PER_INSERT, TRANSITIONS_PER_READ } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { AlarmShownTable, Tables } from './tables.ts'

/** P4 asks nothing of anybody: that it was seen is no evidence worth a row for each of its many steps. */
const LAST_PRIORITY_KEPT = 3

export class ShownRecords implements Shown {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async note(painted: readonly Painted[]): Promise<void> {
    if (painted.length === 0) return
    await this.#store.write(async (trx) => {
      const places = await placesOf(trx, [...new Set(painted.map(({ seq }) => seq))])
      const seen = painted.filter(({ seq, scope }) => {
        const place = places.get(seq)
        return place !== undefined && inScope(scope, place)
      })
      const rows = seen.map(({ seq, userId, at }): AlarmShownTable => ({ seq, user_id: userId, at }))
      for (const chunk of chunksOf(rows, ROWS_PER_INSERT)) {
        await trx
          .insertInto('alarm_shown')
          .values(chunk)
          .onConflict((conflict) => conflict.columns(['seq', 'user_id']).doNothing())
          .execute()
      }
    })
  }
}

/** Where those transitions were that are worth the evidence; one that the ledger has not is not among them. */
async function placesOf(trx: Transacting, seqs: readonly number[]): Promise<Map<number, PlaceOfThing>> {
  const places = new Map<number, PlaceOfThing>()
  for (const chunk of chunksOf(seqs, TRANSITIONS_PER_READ)) {
    const rows = await trx
      .selectFrom('transition')
      .select(['seq', 'site_id', 'area_ids', 'body'])
      .where('seq', 'in', chunk)
      .execute()
    for (const { seq, site_id, area_ids, body } of rows) {
      const { alarm } = JSON.parse(body) as Transition
      if (alarm.priority > LAST_PRIORITY_KEPT) continue
      places.set(seq, { siteId: site_id, areaIds: JSON.parse(area_ids) as string[] })
    }
  }
  return places
}

/** By whom each of these transitions was seen first, in the order of time. A user who was deleted is shown by id. */
export async function shownOf(db: Kysely<Tables>, seqs: readonly number[]): Promise<AlarmDetail['shown']> {
  const rows = await db
    .selectFrom('alarm_shown')
    .leftJoin('app_user', 'app_user.id', 'alarm_shown.user_id')
    .select(['alarm_shown.seq', 'alarm_shown.at', 'alarm_shown.user_id'])
    .select(sql<string>`coalesce(app_user.name, alarm_shown.user_id)`.as('name'))
    .where('alarm_shown.seq', 'in', seqs)
    .orderBy('alarm_shown.at')
    .orderBy('alarm_shown.seq')
    .execute()
  return rows.map(({ seq, at, user_id, name }) => ({ seq, at, user: { id: user_id, name } }))
}
