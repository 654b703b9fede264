// The journal: alarm transitions in one gapless sequence, each durable before anybody hears of it (G2).
import type { Alarm, Transition } from '../contract/alarms.ts'
import { newestInScope, openAlarms, sequencesAfter, statesInPages } from './journal-queries.ts'
import { upsertStates, writeTransitions } from './journal-writes.ts'
import type { CommittedTransition, DeviceState, Journal, JournalBatch } from './ledger.ts'
import type { Scope } from './scope.ts'
import { chunksOf, TRANSITIONS_PER_READ } from './store.ts'
import type { Store } from './store.ts'
import type { TransitionTable } from './tables.ts'

/** Setting: which ledger this is. Made at the first start, replaced by a restore. */
export const INCARNATION = 'incarnation'

export class AlarmJournal implements Journal {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }> {
    const { entries, states, checkpoint } = batch
    return this.#store.journal(async (trx) => {
      await upsertStates(trx, states)
      if (checkpoint !== null) await trx.updateTable('head').set({ checkpoint }).execute()
      return writeTransitions(trx, entries, this.#store.now())
    })
  }

  async head(): Promise<number> {
    const { seq } = await this.#store.read.selectFrom('head').select('seq').executeTakeFirstOrThrow()
    return seq
  }

  async incarnation(): Promise<string> {
    const row = await this.#store.read
      .selectFrom('setting')
      .select('value')
      .where('key', '=', INCARNATION)
      .executeTakeFirstOrThrow()
    return row.value
  }

  headInScope(scope: Scope): Promise<number> {
    return newestInScope(this.#store.read, scope)
  }

  async newestOf(alarmId: string): Promise<CommittedTransition | null> {
    const row = await this.#store.read
      .selectFrom('transition')
      .select(['site_id', 'area_ids', 'received_at', 'body'])
      .where('alarm_id', '=', alarmId)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row === undefined ? null : committedOf(row)
  }

  async after(scope: Scope, cursor: number, limit: number): Promise<CommittedTransition[]> {
    const db = this.#store.read
    const found: CommittedTransition[] = []
    for (const seqs of chunksOf(await sequencesAfter(db, scope, cursor, limit), TRANSITIONS_PER_READ)) {
      const rows = await db
        .selectFrom('transition')
        .select(['site_id', 'area_ids', 'received_at', 'body'])
        .where('seq', 'in', seqs)
        .orderBy('seq')
        .execute()
      found.push(...rows.map(committedOf))
    }
    return found
  }

  async snapshot(scope: Scope): Promise<{ head: number; alarms: Alarm[] }> {
    return this.#store.read.transaction().execute(async (trx) => {
      const head = await newestInScope(trx, scope)
      return { head, alarms: await openAlarms(trx, scope) }
    })
  }

  deviceStates(): AsyncIterable<DeviceState> {
    return statesInPages(this.#store.read)
  }

  async positions(): Promise<{ checkpoint: number; newest: number }> {
    const row = await this.#store.read
      .selectFrom('head')
      .select((eb) => [
        'checkpoint',
        eb
          .selectFrom('device_state')
          .select((inner) => inner.fn.max('position').as('newest'))
          .as('newest'),
      ])
      .executeTakeFirstOrThrow()
    const checkpoint = row.checkpoint ?? 0
    return { checkpoint, newest: Math.max(checkpoint, row.newest ?? 0) }
  }
}

function committedOf(row: Pick<TransitionTable, 'site_id' | 'area_ids' | 'received_at' | 'body'>): CommittedTransition {
  return {
    transition: JSON.parse(row.body) as Transition,
    siteId: row.site_id,
    areaIds: JSON.parse(row.area_ids) as string[],
    receivedAt: row.received_at,
  }
}
