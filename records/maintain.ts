// What the ledger does not keep for ever.
import { KEPT_MS } from './rejections.ts'
import type { Store } from './store.ts'

export async function dropOutdated(store: Store, now: number): Promise<void> {
  await store.write(async (trx) => {
    await trx
      .deleteFrom('rejection')
      .where('at', '<', now - KEPT_MS)
      .execute()
    await trx.deleteFrom('session').where('ends_at', '<=', now).execute()
    await trx.deleteFrom('bearer_token').where('expires_at', '<=', now).execute()
  })
}
