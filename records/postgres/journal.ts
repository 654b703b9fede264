// The journal of one partition: the transactions of its owner, fenced by the epoch it was taken with.
import type { Alarm } from '../../contract/alarms.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { alarmsAt, newestInScope, openWithinScope, statesInPages } from '../journal-queries.ts'
import { AlarmJournal } from '../journal.ts'
import type { CommittedTransition, DeviceState, Journal, JournalBatch } from '../ledger.ts'
import type { Held } from '../ledger/cluster.ts'
import type { Scope } from '../scope.ts'
import type { JournalGroups } from './journal-groups.ts'
import type { PostgresStore } from './store.ts'

export class PartitionJournal implements Journal {
  readonly #store: PostgresStore
  readonly #held: Held
  readonly #groups: JournalGroups
  readonly #whole: AlarmJournal
  /** Appends one after another, in call order. */
  #turn: Promise<unknown> = Promise.resolve()
  /**
   * Why this journal takes nothing any more: an append failed, or nobody knows whether it did. What was decided on top of it
   * must not be written; the partition is to be taken again.
   */
  #broken: Error | null = null

  constructor(store: PostgresStore, held: Held, groups: JournalGroups) {
    this.#store = store
    this.#held = held
    this.#groups = groups
    this.#whole = new AlarmJournal(store)
  }

  append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }> {
    const mine = this.#turn.then(() => this.#append(batch))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async #append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }> {
    if (this.#broken !== null) throw this.#broken
    try {
      return await this.#groups.append(this.#held, batch)
    } catch (error) {
      this.#broken = error as Error
      throw error
    }
  }

  head(): Promise<number> {
    return this.#whole.head()
  }
  incarnation(): Promise<string> {
    return this.#whole.incarnation()
  }
  headInScope(scope: Scope): Promise<number> {
    return this.#whole.headInScope(scope)
  }
  newestOf(alarmId: string): Promise<CommittedTransition | null> {
    return this.#whole.newestOf(alarmId)
  }
  after(scope: Scope, cursor: number, limit: number): Promise<CommittedTransition[]> {
    return this.#whole.after(scope, cursor, limit)
  }

  /** Of the partition's devices. */
  async snapshot(scope: Scope): Promise<{ head: number; alarms: Alarm[] }> {
    return this.#store.read.transaction().execute(async (trx) => {
      const head = await newestInScope(trx, scope)
      const open = await trx
        .selectFrom('alarm')
        .select(['seq', 'device_id'])
        .where('closed_at', 'is', null)
        .where(openWithinScope(scope))
        .orderBy('raised_at', 'desc')
        .orderBy('id', 'desc')
        .execute()
      const own = open.filter((row) => partitionOf(row.device_id) === this.#held.partition)
      return {
        head,
        alarms: await alarmsAt(
          trx,
          own.map((row) => row.seq),
        ),
      }
    })
  }

  deviceStates(): AsyncIterable<DeviceState> {
    return statesInPages(this.#store.read, this.#held.partition)
  }

  /** In the partition's stream. */
  async positions(): Promise<{ checkpoint: number; newest: number }> {
    const { partition } = this.#held
    const row = await this.#store.read
      .selectFrom('part')
      .select((eb) => [
        'decided',
        eb
          .selectFrom('device_state')
          .select((inner) => inner.fn.max('position').as('newest'))
          .where('device_state.partition', '=', partition)
          .as('newest'),
      ])
      .where('part.partition', '=', partition)
      .executeTakeFirstOrThrow()
    return { checkpoint: row.decided, newest: Math.max(row.decided, row.newest ?? 0) }
  }
}
