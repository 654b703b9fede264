// Who owns which partition. Times are the database's, so that the clocks of the owners do not matter.
import { sql } from 'kysely'
import { LedgerUnusable } from '../errors.ts'
import type { DeviceState, Journal } from '../ledger.ts'
import type { Held, PartitionRow, Partitions } from '../ledger/cluster.ts'
import { databaseNow } from './clock.ts'
import { PartitionJournal } from './journal.ts'
import { JournalGroups } from './journal-groups.ts'
import type { PostgresStore } from './store.ts'

export class PartitionRecords implements Partitions {
  readonly #store: PostgresStore
  /** Of all partitions that this process owns. */
  readonly #groups: JournalGroups
  constructor(store: PostgresStore) {
    this.#store = store
    this.#groups = new JournalGroups(store)
  }

  async ensure(count: number): Promise<void> {
    const made = await this.#store.write(async (trx) => {
      const { rows } = await trx
        .selectFrom('part')
        .select((eb) => eb.fn.countAll<number>().as('rows'))
        .executeTakeFirstOrThrow()
      if (rows > 0) return rows
      const fresh = { epoch: 0, owner: null, until: 0, decided: 0, stored: 0 }
      const parts = Array.from({ length: count }, (_, partition) => ({ partition, ...fresh }))
      await trx.insertInto('part').values(parts).execute()
      return count
    })
    if (made === count) return
    throw new LedgerUnusable('damaged', {
      zh: `这个账本的设备分在 ${made} 个分区里，本程序用 ${count} 个：分区数建群之后不能改。`,
      en: `The devices of this ledger are dealt out over ${made} partitions, this program has ${count}: the number is fixed when a cluster is made.`,
    })
  }

  async all(): Promise<PartitionRow[]> {
    return this.#store.read
      .selectFrom('part')
      .selectAll()
      .select(databaseNow().as('now'))
      .orderBy('partition')
      .execute()
  }

  async take(partition: number, owner: string, leaseMs: number): Promise<PartitionRow | null> {
    const row = await this.#store.direct
      .updateTable('part')
      .set({ epoch: sql`epoch + 1`, owner, until: sql`${databaseNow()} + ${leaseMs}` })
      .where('partition', '=', partition)
      .where((eb) => eb.or([eb('until', '<=', databaseNow()), eb('owner', '=', owner)]))
      .returningAll()
      .returning(databaseNow().as('now'))
      .executeTakeFirst()
    return row ?? null
  }

  async renew(held: readonly Held[], leaseMs: number): Promise<readonly Held[]> {
    if (held.length === 0) return []
    const given = sql.join(held.map(({ partition, epoch }) => sql`(${partition}::integer, ${epoch}::bigint)`))
    // Locked in the order that the journal locks several in, or each would wait for the other.
    const { rows } = await sql<Held>`
      with mine as (
        select partition from part where (partition, epoch) in (${given}) order by partition for update
      )
      update part set until = ${databaseNow()} + ${leaseMs}
      from mine where part.partition = mine.partition
      returning part.partition, part.epoch
    `.execute(this.#store.direct)
    return rows
  }

  async release({ partition, epoch }: Held): Promise<void> {
    await this.#store.direct
      .updateTable('part')
      .set({ until: databaseNow() })
      .where('partition', '=', partition)
      .where('epoch', '=', epoch)
      .execute()
  }

  async markStored({ partition, epoch }: Held, position: number): Promise<boolean> {
    const row = await this.#store.direct
      .updateTable('part')
      .set({ stored: sql`greatest(stored, ${position})` })
      .where('partition', '=', partition)
      .where('epoch', '=', epoch)
      .returning('partition')
      .executeTakeFirst()
    return row !== undefined
  }

  journal(held: Held): Journal {
    return new PartitionJournal(this.#store, held, this.#groups)
  }

  async statesOf(deviceIds: readonly string[]): Promise<DeviceState[]> {
    if (deviceIds.length === 0) return []
    const rows = await this.#store.read
      .selectFrom('device_state')
      .select(['device_id', 'position', 'state'])
      .where('device_id', 'in', deviceIds)
      .execute()
    return rows.map(({ device_id: deviceId, position, state }) => ({ deviceId, position, state }))
  }
}
