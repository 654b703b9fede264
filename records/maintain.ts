// What the ledger does not keep for ever.
import { KNOWN_FOR_MS } from './known-browsers.ts'
import { DELIVERIES_KEPT_MS } from './push.ts'
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
    await trx.deleteFrom('invitation').where('ends_at', '<=', now).execute()
    await trx
      .deleteFrom('known_browser')
      .where('seen_at', '<=', now - KNOWN_FOR_MS)
      .execute()
    await trx
      .deleteFrom('push_delivery')
      .where('sent_at', '<', now - DELIVERIES_KEPT_MS)
      .execute()
  })
}
