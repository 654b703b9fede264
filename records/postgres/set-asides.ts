// Entries that no code could read or decide.
import type { SetAside, SetAsides } from '../ledger/cluster.ts'
import type { PostgresStore } from './store.ts'

export class SetAsideRecords implements SetAsides {
  readonly #store: PostgresStore
  constructor(store: PostgresStore) {
    this.#store = store
  }

  async add(entry: SetAside): Promise<void> {
    const { deviceId, ...row } = entry
    await this.#store.direct
      .insertInto('set_aside')
      .values({ ...row, device_id: deviceId })
      // Read again after a change of owner.
      .onConflict((conflict) => conflict.columns(['partition', 'position']).doNothing())
      .execute()
  }

  async list(query: { readonly limit: number; readonly before?: number | undefined }): Promise<{
    readonly items: readonly (SetAside & { readonly id: number })[]
    readonly total: number
  }> {
    const entries = this.#store.read.selectFrom('set_aside')
    const { total } = await entries.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = entries.selectAll().orderBy('id', 'desc').limit(query.limit)
    if (query.before !== undefined) page = page.where('id', '<', query.before)
    const rows = await page.execute()
    return { items: rows.map(({ device_id, ...row }) => ({ ...row, deviceId: device_id })), total }
  }
}
