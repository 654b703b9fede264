// Who does what a cluster does once. Times are the database's, so that the clocks of the holders do not matter.
import { sql } from 'kysely'
import type { Duties } from '../ledger/cluster.ts'
import { databaseNow } from './clock.ts'
import type { PostgresStore } from './store.ts'

export class DutyRecords implements Duties {
  readonly #store: PostgresStore
  constructor(store: PostgresStore) {
    this.#store = store
  }

  async hold(name: string, holder: string, leaseMs: number): Promise<{ mark: number | null } | null> {
    const until = sql<number>`${databaseNow()} + ${leaseMs}`
    const row = await this.#store.direct
      .insertInto('duty')
      .values({ name, holder, until, mark: null })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({ holder, until })
          .where((eb) => eb.or([eb('duty.until', '<=', databaseNow()), eb('duty.holder', '=', holder)])),
      )
      .returning('mark')
      .executeTakeFirst()
    return row ?? null
  }

  async renew(name: string, holder: string, leaseMs: number, mark: number | null): Promise<boolean> {
    const row = await this.#store.direct
      .updateTable('duty')
      .set({ until: sql`${databaseNow()} + ${leaseMs}`, mark: sql`greatest(mark, ${mark}::bigint)` })
      .where('name', '=', name)
      .where('holder', '=', holder)
      .returning('name')
      .executeTakeFirst()
    return row !== undefined
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#store.direct
      .updateTable('duty')
      .set({ until: 0 })
      .where('name', '=', name)
      .where('holder', '=', holder)
      .execute()
  }
}
