// Browsers in which somebody has signed in before. Knowing one opens nothing: its tries are only counted apart.
import type { KnownBrowsers } from './ledger/sign-in.ts'
import { newSecret, secretHash } from './secrets.ts'
import type { Store } from './store.ts'

/** A person's browsers beyond these: the one not used for longest is forgotten. */
const KEPT = 50
/** One that was not used for so long is forgotten, ms. */
export const KNOWN_FOR_MS = 400 * 86_400_000

export class KnownBrowserRecords implements KnownBrowsers {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async knows(secret: string, userId: string): Promise<boolean> {
    const row = await this.#store.read
      .selectFrom('known_browser')
      .select('hash')
      .where('hash', '=', secretHash(secret))
      .where('user_id', '=', userId)
      .executeTakeFirst()
    return row !== undefined
  }

  remember(given: string | null, userId: string): Promise<string> {
    return this.#store.write(async (trx) => {
      const known =
        given !== null &&
        (await trx
          .selectFrom('known_browser')
          .select('hash')
          .where('hash', '=', secretHash(given))
          .executeTakeFirst()) !== undefined
      // A value that somebody else planted is never taken over.
      const secret = known ? given : newSecret()
      const row = { seen_at: this.#store.now() }
      await trx
        .insertInto('known_browser')
        .values({ hash: secretHash(secret), user_id: userId, ...row })
        .onConflict((conflict) => conflict.columns(['hash', 'user_id']).doUpdateSet(row))
        .execute()
      const kept = trx
        .selectFrom('known_browser')
        .select('hash')
        .where('user_id', '=', userId)
        .orderBy('seen_at', 'desc')
        .orderBy('hash')
        .limit(KEPT)
      await trx.deleteFrom('known_browser').where('user_id', '=', userId).where('hash', 'not in', kept).execute()
      return secret
    })
  }
}
