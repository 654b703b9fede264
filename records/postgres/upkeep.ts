// What the processes of a cluster have said to each other is not kept for ever, and one of them drops it for all.
import { sql } from 'kysely'
import { databaseNow } from './clock.ts'
import { LOCK_SPACE, UPKEEP } from './locks.ts'
import type { PostgresStore } from './store.ts'

const DAY_MS = 86_400_000
/** Answers and changes, ms: longer than any process that is still alive may have to catch up. */
const SAID_MS = DAY_MS
/** Entries set aside, ms; and how many at most. */
const SET_ASIDE_MS = 30 * DAY_MS
const SET_ASIDE_ROWS = 10_000

/** Does nothing while another process is at it. */
export async function oneAtATime(store: PostgresStore, work: () => Promise<void>): Promise<void> {
  await store.direct.connection().execute(async (connection) => {
    const lock = sql`${sql.lit(LOCK_SPACE)}, ${sql.lit(UPKEEP)}`
    const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_lock(${lock}) as mine`.execute(connection)
    if (rows[0]?.mine !== true) return
    try {
      await work()
    } finally {
      await sql`select pg_advisory_unlock(${lock})`.execute(connection)
    }
  })
}

export async function dropOutdatedOfCluster(store: PostgresStore): Promise<void> {
  const before = (ms: number) => sql<number>`${databaseNow()} - ${ms}`
  await store.direct.deleteFrom('answer').where('at', '<', before(SAID_MS)).execute()
  await store.write(async (trx) => {
    // The newest stays: the next one's number follows it.
    await trx
      .deleteFrom('ledger_change')
      .where('at', '<', before(SAID_MS))
      .where('seq', '<', (eb) => eb.selectFrom('ledger_change').select((inner) => inner.fn.max('seq').as('newest')))
      .execute()
  })
  await store.direct
    .deleteFrom('set_aside')
    .where((eb) =>
      eb.or([
        eb('at', '<', before(SET_ASIDE_MS)),
        eb('id', '<=', (inner) =>
          inner.selectFrom('set_aside').select('id').orderBy('id', 'desc').offset(SET_ASIDE_ROWS).limit(1),
        ),
      ]),
    )
    .execute()
}
