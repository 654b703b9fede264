// Which ledger this is, where the same rows may stand in another database: one that a dump was put back into, or a server that
// went back in time or took over from another. Its sequence numbers may stand for other transitions from then on, and whoever
// kept one begins anew.
import { sql } from 'kysely'
import { appendAudit, HUB_ACTOR } from '../audit.ts'
import { INCARNATION } from '../journal.ts'
import { newId } from '../store.ts'
import type { Store, Transacting } from '../store.ts'

/** Setting: the database that the incarnation is of. */
const INCARNATION_PLACE = 'incarnation_place'

/** Answers whether the ledger is another than before. */
export function ensureIncarnation(store: Store): Promise<boolean> {
  return store.write(async (trx) => {
    const place = await placeOf(trx)
    const known = await valueOf(trx, INCARNATION_PLACE)
    if (known === place) return false
    await keep(trx, INCARNATION_PLACE, place)
    // A ledger that was moved here row by row is still the same.
    const moved = known === null && (await valueOf(trx, INCARNATION)) !== null
    if (moved) return false
    await keep(trx, INCARNATION, newId())
    if (known === null) return false
    await appendAudit(trx, store.now(), [{ actor: HUB_ACTOR, action: 'ledger.restored', subject: 'ledger' }])
    return true
  })
}

/** The server's data, its line of history, and the database in it. */
async function placeOf(trx: Transacting): Promise<string> {
  const { rows } = await sql<{ place: string }>`
    select concat_ws('.', system.system_identifier, checkpoint.timeline_id, database.oid) as place
    from pg_control_system() as system, pg_control_checkpoint() as checkpoint, pg_database as database
    where database.datname = current_database()`.execute(trx)
  return rows[0]?.place ?? ''
}

async function valueOf(trx: Transacting, key: string): Promise<string | null> {
  const row = await trx.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value ?? null
}

async function keep(trx: Transacting, key: string, value: string): Promise<void> {
  await trx
    .insertInto('setting')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute()
}
