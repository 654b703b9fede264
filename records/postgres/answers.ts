// What became of requests that travelled in streams.
import type { Kysely } from 'kysely'
import type { Answer, Answers } from '../ledger/cluster.ts'
import type { Tables } from '../tables.ts'
import { databaseNow } from './clock.ts'
import type { PostgresStore } from './store.ts'

export class AnswerRecords implements Answers {
  readonly #store: PostgresStore
  constructor(store: PostgresStore) {
    this.#store = store
  }

  async find(requestId: string): Promise<string | null> {
    const row = await this.#store.read
      .selectFrom('answer')
      .select('body')
      .where('request_id', '=', requestId)
      .executeTakeFirst()
    return row?.body ?? null
  }

  async add(answer: Answer): Promise<void> {
    await insertAnswers(this.#store.direct, [answer])
  }
}

/** The first answer to a request stays. */
export async function insertAnswers(db: Kysely<Tables>, answers: readonly Answer[]): Promise<void> {
  if (answers.length === 0) return
  await db
    .insertInto('answer')
    .values(answers.map(({ requestId, body }) => ({ request_id: requestId, body, at: databaseNow() })))
    .onConflict((conflict) => conflict.column('request_id').doNothing())
    .execute()
}
