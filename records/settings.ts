// The hub's own values by name.
import type { Settings } from './ledger.ts'
import type { Store } from './store.ts'

export class SettingRecords implements Settings {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async get(key: string): Promise<string | null> {
    const row = await this.#store.read.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
    return row?.value ?? null
  }

  async set(key: string, value: string): Promise<void> {
    await this.#store.write((trx) =>
      trx
        .insertInto('setting')
        .values({ key, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute(),
    )
  }

  async delete(key: string): Promise<void> {
    await this.#store.write((trx) => trx.deleteFrom('setting').where('key', '=', key).execute())
  }

  ensure(key: string, make: () => string): Promise<string> {
    return this.#store.write(async (trx) => {
      const known = await trx.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
      if (known !== undefined) return known.value
      const value = make()
      await trx.insertInto('setting').values({ key, value }).execute()
      return value
    })
  }
}
