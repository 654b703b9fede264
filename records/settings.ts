// The hub's own values by name, and those that people change: with a version each, so that two who change one at the same
// time do not undo each other, and audited.
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor, SettingChange, Settings, VersionedSetting } from './ledger.ts'
import type { Store } from './store.ts'

const NEVER_CHANGED: VersionedSetting = { version: 0, value: null, changedAt: null }

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

  async versioned(key: string): Promise<VersionedSetting> {
    return versionedOf(await this.get(key))
  }

  async versionedUnder(prefix: string): Promise<ReadonlyMap<string, VersionedSetting>> {
    const rows = await this.#store.read
      .selectFrom('setting')
      .selectAll()
      .where((eb) => eb(eb.fn('substr', ['key', eb.lit(1), eb.lit(prefix.length)]), '=', prefix))
      .orderBy('key')
      .execute()
    return new Map(rows.map(({ key, value }) => [key.slice(prefix.length), versionedOf(value)]))
  }

  change(actor: Actor, key: string, { version, value, action, fields }: SettingChange): Promise<VersionedSetting> {
    return this.#store.write(async (trx) => {
      const row = await trx.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
      const before = versionedOf(row?.value ?? null)
      if (before.version !== version) {
        const text = {
          zh: '别人刚改动过，未保存。请看最新内容后再改。',
          en: 'Someone has changed it since; nothing was saved. Look at the newest before you change it.',
        }
        throw new LedgerError('stale', text, { version: before.version })
      }
      const now = this.#store.now()
      const after: VersionedSetting = { version: version + 1, value, changedAt: now }
      await trx
        .insertInto('setting')
        .values({ key, value: JSON.stringify(after) })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: JSON.stringify(after) }))
        .execute()
      await appendAudit(trx, now, [{ actor, action, subject: `setting:${key}`, fields }])
      return after
    })
  }
}

const versionedOf = (stored: string | null): VersionedSetting =>
  stored === null ? NEVER_CHANGED : (JSON.parse(stored) as VersionedSetting)
