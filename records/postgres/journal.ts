// The journal of one partition: the transactions of its owner, fenced by the epoch it was taken with.
import { sql } from 'kysely'
import type { Alarm } from '../../contract/alarms.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { alarmsAt, newestInScope, openWithinScope, statesInPages } from '../journal-queries.ts'
import { AlarmJournal } from '../journal.ts'
import { upsertStates, writeTransitions } from '../journal-writes.ts'
import type { CommittedTransition, DeviceState, Journal, JournalBatch } from '../ledger.ts'
import { FencedOut } from '../ledger/cluster.ts'
import type { Held } from '../ledger/cluster.ts'
import type { Scope } from '../scope.ts'
import type { Transacting } from '../store.ts'
import { insertAnswers } from './answers.ts'
import type { PostgresStore } from './store.ts'

export class PartitionJournal implements Journal {
  readonly #store: PostgresStore
  readonly #held: Held
  readonly #whole: AlarmJournal
  /** Appends one after another, in call order. */
  #turn: Promise<unknown> = Promise.resolve()
  /**
   * Why this journal takes nothing any more: an append failed, or nobody knows whether it did. What was decided on top of it
   * must not be written; the partition is to be taken again.
   */
  #broken: Error | null = null

  constructor(store: PostgresStore, held: Held) {
    this.#store = store
    this.#held = held
    this.#whole = new AlarmJournal(store)
  }

  append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }> {
    const mine = this.#turn.then(() => this.#append(batch))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async #append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }> {
    if (this.#broken !== null) throw this.#broken
    const { entries, states, checkpoint, answers = [] } = batch
    try {
      return await this.#inTransaction(entries.length > 0, async (trx) => {
        await this.#fence(trx, checkpoint)
        await upsertStates(trx, states)
        const written = await writeTransitions(trx, entries, this.#store.now())
        await insertAnswers(
          trx,
          answers.map(({ requestId, body }) => ({ requestId, body: body(written.committed) })),
        )
        return written
      })
    } catch (error) {
      this.#broken = error as Error
      throw error
    }
  }

  #inTransaction<T>(numbered: boolean, work: (trx: Transacting) => Promise<T>): Promise<T> {
    return numbered ? this.#store.journal(work) : this.#store.transaction(work)
  }

  /** Locks the partition's row to the end of the transaction: whoever would take it waits, and finds what this one decided. */
  async #fence(trx: Transacting, checkpoint: number | null): Promise<void> {
    const mine = await trx
      .updateTable('part')
      .set({ decided: sql`greatest(decided, ${checkpoint ?? 0})` })
      .where('partition', '=', this.#held.partition)
      .where('epoch', '=', this.#held.epoch)
      .returning('partition')
      .executeTakeFirst()
    if (mine === undefined) throw fencedOut(this.#held)
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

export const fencedOut = ({ partition, epoch }: Held): FencedOut =>
  new FencedOut(`Partition ${partition} is no longer held with epoch ${epoch}.`)
