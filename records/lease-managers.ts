// Whom the leases that run now are given to when their manager goes. Those that have ended keep the name of their time.
import type { Kysely } from 'kysely'
import type { Transacting } from './store.ts'
import type { Tables } from './tables.ts'

export async function leasesManagedBy(db: Kysely<Tables>, userId: string): Promise<number> {
  const { leases } = await db
    .selectFrom('lease')
    .select((eb) => eb.fn.countAll<number>().as('leases'))
    .where('manager_id', '=', userId)
    .where('moved_out_at', 'is', null)
    .executeTakeFirstOrThrow()
  return leases
}

export async function handOverLeases(trx: Transacting, from: string, to: string): Promise<void> {
  await trx
    .updateTable('lease')
    .set({ manager_id: to })
    .where('manager_id', '=', from)
    .where('moved_out_at', 'is', null)
    .execute()
}
