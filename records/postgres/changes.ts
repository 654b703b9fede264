// What became another in the ledger: written by the database's own triggers (migrations/0014-cluster.ts).
import type { ChangedThing, LedgerChange, LedgerChanges } from '../ledger/cluster.ts'
import type { PostgresStore } from './store.ts'

export class ChangeRecords implements LedgerChanges {
  readonly #store: PostgresStore
  constructor(store: PostgresStore) {
    this.#store = store
  }

  async newest(): Promise<number> {
    const { newest } = await this.#store.read
      .selectFrom('ledger_change')
      .select((eb) => eb.fn.max('seq').as('newest'))
      .executeTakeFirstOrThrow()
    return newest ?? 0
  }

  async after(seq: number, limit: number): Promise<LedgerChange[]> {
    const rows = await this.#store.read
      .selectFrom('ledger_change')
      .select(['seq', 'what', 'id'])
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(limit)
      .execute()
    return rows.map((row) => ({ ...row, what: row.what as ChangedThing }))
  }
}
