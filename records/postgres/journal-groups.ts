// Appends of several partitions of one process in one transaction. Every transaction that numbers transitions waits for the one
// head; a process that owns many partitions would be as slow as that many waits after another. So whatever waits while one
// transaction is written goes into the next: the busier the database, the more at a time.
import pg from 'pg'
import { sql } from 'kysely'
import { upsertStates, writeTransitions } from '../journal-writes.ts'
import { JOURNAL_BATCH } from '../ledger.ts'
import type { CommittedTransition, JournalBatch } from '../ledger.ts'
import { FencedOut } from '../ledger/cluster.ts'
import type { Held } from '../ledger/cluster.ts'
import type { Transacting } from '../store.ts'
import { insertAnswers } from './answers.ts'
import type { PostgresStore } from './store.ts'

/** Of devices in one transaction, beyond the first append's own. */
const STATES_AT_ONCE = 4_000
/** SQLSTATE classes of what is wrong with the data itself: data exception, integrity constraint, program limit. */
const FAULT_OF_DATA: ReadonlySet<string> = new Set(['22', '23', '54'])

export interface Appended {
  readonly head: number
  readonly committed: CommittedTransition[]
}

interface Waiting {
  readonly held: Held
  readonly batch: JournalBatch
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: Error) => void
}

export class JournalGroups {
  readonly #store: PostgresStore
  #waiting: Waiting[] = []
  #writing = false

  constructor(store: PostgresStore) {
    this.#store = store
  }

  /** Of a partition one at a time: the next one is given when this is answered. */
  append(held: Held, batch: JournalBatch): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ held, batch, resolve, reject })
      if (!this.#writing) void this.#writeAll()
    })
  }

  async #writeAll(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) await this.#write(this.#next())
    this.#writing = false
  }

  #next(): Waiting[] {
    let [entries, states, count] = [0, 0, 0]
    for (const { batch } of this.#waiting) {
      entries += batch.entries.length
      states += batch.states.length
      if (count > 0 && (entries > JOURNAL_BATCH || states > STATES_AT_ONCE)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Answers each of them; never rejects. */
  async #write(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#store.journal((trx) => writeGroup(trx, group, this.#store.now()))
      for (const [i, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[i] as Appended | FencedOut
        if (outcome instanceof FencedOut) reject(outcome)
        else resolve(outcome)
      }
    } catch (error) {
      // What the database refused is undone. Whose data it was that it refuses must not end the others' partitions.
      if (group.length > 1 && isFaultOfData(error)) for (const one of group) await this.#write([one])
      else for (const { reject } of group) reject(error as Error)
    }
  }
}

const isFaultOfData = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && FAULT_OF_DATA.has((error.code ?? '').slice(0, 2))

async function writeGroup(trx: Transacting, group: readonly Waiting[], now: number): Promise<(Appended | FencedOut)[]> {
  const own = await fence(trx, group)
  const mine = group.filter(({ held }) => own.has(held.partition))
  await upsertStates(
    trx,
    mine.flatMap(({ batch }) => batch.states),
  )
  const { head, committed } = await writeTransitions(
    trx,
    mine.flatMap(({ batch }) => batch.entries),
    now,
  )
  let next = 0
  const appended = new Map(
    mine.map((one) => [one, { head, committed: committed.slice(next, (next += one.batch.entries.length)) }]),
  )
  await insertAnswers(
    trx,
    [...appended].flatMap(([{ batch }, { committed: own }]) =>
      (batch.answers ?? []).map(({ requestId, body }) => ({ requestId, body: body(own) })),
    ),
  )
  return group.map((one) => appended.get(one) ?? fencedOut(one.held))
}

/**
 * Locks the rows of the partitions to the end of the transaction, always in one order: whoever would take one waits, and finds
 * what this transaction decided. Answers those that are still one's own.
 */
async function fence(trx: Transacting, group: readonly Waiting[]): Promise<ReadonlySet<number>> {
  const given = group.map(
    ({ held: { partition, epoch }, batch: { checkpoint } }) =>
      sql`(${partition}::integer, ${epoch}::bigint, ${checkpoint ?? 0}::bigint)`,
  )
  const { rows } = await sql<{ partition: number }>`
    with given (partition, epoch, decided) as (values ${sql.join(given)}),
    mine as (
      select part.partition, given.decided
      from part join given on part.partition = given.partition and part.epoch = given.epoch
      order by part.partition for update of part
    )
    update part set decided = greatest(part.decided, mine.decided)
    from mine where part.partition = mine.partition
    returning part.partition
  `.execute(trx)
  return new Set(rows.map(({ partition }) => partition))
}

export const fencedOut = ({ partition, epoch }: Held): FencedOut =>
  new FencedOut(`Partition ${partition} is no longer held with epoch ${epoch}.`)
