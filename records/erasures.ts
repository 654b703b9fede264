// The names of erased users in what the journal kept of their acts. A transition's place in the sequence, its instant and the
// id stay: who did it is still one and the same person, only no longer a named one. It goes in small steps, so that alarms do
// not wait; a row says how far it has come, and follows the head: an alarm that remembers the name may be told once more.
import { chunksOf } from './store.ts'
import type { Store, Transacting } from './store.ts'

export const ERASED_NAME = '已删除的人员'

/** Transitions looked at in one transaction: a few milliseconds. */
const STEP = 2_000
/** Rows rewritten in one statement's transaction. */
const REWRITES = 200

export async function beginErasure(trx: Transacting, userId: string, at: number): Promise<void> {
  await trx
    .insertInto('erasure')
    .values({ user_id: userId, at, done_seq: 0 })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ at, done_seq: 0 }))
    .execute()
}

/** Brings every erasure up to the head. */
export async function carryOnErasures(store: Store): Promise<void> {
  const erasures = await store.read.selectFrom('erasure').selectAll().execute()
  if (erasures.length === 0) return
  const { seq: head } = await store.read.selectFrom('head').select('seq').executeTakeFirstOrThrow()
  for (const { user_id: userId, done_seq: done } of erasures)
    for (let from = done; from < head; from += STEP) await step(store, userId, from, Math.min(from + STEP, head))
}

async function step(store: Store, userId: string, after: number, until: number): Promise<void> {
  const rows = await store.read
    .selectFrom('transition')
    .select(['seq', 'body'])
    .where('seq', '>', after)
    .where('seq', '<=', until)
    // Ids are opaque and long: nothing else looks like one. The rewriting itself looks at the structure.
    .where('body', 'like', `%"${userId}"%`)
    .execute()
  for (const chunk of chunksOf(rows, REWRITES)) {
    await store.write(async (trx) => {
      for (const { seq, body } of chunk)
        await trx
          .updateTable('transition')
          .set({ body: withoutName(body, userId) })
          .where('seq', '=', seq)
          .execute()
    })
  }
  await store.write((trx) =>
    trx.updateTable('erasure').set({ done_seq: until }).where('user_id', '=', userId).execute(),
  )
}

/** Every `{ id, name }` of that person, wherever it stands. */
export function withoutName(body: string, userId: string): string {
  return JSON.stringify(
    JSON.parse(body, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && 'id' in value && value.id === userId && 'name' in value
        ? { ...value, name: ERASED_NAME }
        : value,
    ),
  )
}
