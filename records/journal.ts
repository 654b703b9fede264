// The journal: alarm transitions in one gapless sequence, each durable before anybody hears of it (G2).
import { sql } from 'kysely'
import type { Alarm, Transition } from '../contract/alarms.ts'
import { appendAudit } from './audit.ts'
import { newestInScope, openAlarms, sequencesAfter } from './journal-queries.ts'
import type { CommittedTransition, DeviceState, Journal, JournalBatch, JournalEntry } from './ledger.ts'
import { folded } from './pinyin.ts'
import type { Scope } from './scope.ts'
import { chunksOf, ROWS_PER_INSERT, TRANSITIONS_PER_READ } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { TransitionTable } from './tables.ts'

/** Setting: which ledger this is. Made at the first start, replaced by a restore. */
export const INCARNATION = 'incarnation'
const STATES_PER_READ = 1_000

export class AlarmJournal implements Journal {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }> {
    const { entries, states, checkpoint } = batch
    return this.#store.write(async (trx) => {
      const head = await takeSequence(trx, entries.length, checkpoint)
      const first = head - entries.length + 1
      const committed = entries.map((entry, i) => numbered(entry, first + i))
      await insertTransitions(trx, committed)
      await upsertAlarms(trx, committed)
      await upsertStates(trx, states)
      await auditActs(trx, this.#store.now(), entries)
      return { head, committed }
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

  async *deviceStates(): AsyncIterable<DeviceState> {
    let last = ''
    while (true) {
      const rows = await this.#store.read
        .selectFrom('device_state')
        .selectAll()
        .where('device_id', '>', last)
        .orderBy('device_id')
        .limit(STATES_PER_READ)
        .execute()
      for (const row of rows) yield { deviceId: row.device_id, position: row.position, state: row.state }
      const end = rows.at(-1)
      if (end === undefined || rows.length < STATES_PER_READ) return
      last = end.device_id
    }
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

/** The head row is locked by its change: no two transactions ever see the same numbers, and a rollback returns them. */
async function takeSequence(trx: Transacting, count: number, checkpoint: number | null): Promise<number> {
  const { seq } = await trx
    .updateTable('head')
    .set({ seq: sql`seq + ${count}`, ...(checkpoint === null ? {} : { checkpoint }) })
    .returning('seq')
    .executeTakeFirstOrThrow()
  return seq
}

function numbered(entry: JournalEntry, seq: number): CommittedTransition {
  const { alarm, ...step } = entry.transition
  const transition: Transition = { seq, ...step, alarm: { ...alarm, seq } }
  return { transition, siteId: entry.siteId, areaIds: entry.areaIds, receivedAt: entry.receivedAt }
}

async function insertTransitions(trx: Transacting, committed: readonly CommittedTransition[]): Promise<void> {
  const rows = committed.map(({ transition, siteId, areaIds, receivedAt }) => ({
    seq: transition.seq,
    alarm_id: transition.alarm.id,
    device_id: transition.alarm.deviceId,
    site_id: siteId,
    area_id: areaIds.at(-1) ?? null,
    area_ids: JSON.stringify(areaIds),
    at: transition.at,
    received_at: receivedAt,
    body: JSON.stringify(transition),
  }))
  for (const chunk of chunksOf(rows, ROWS_PER_INSERT)) await trx.insertInto('transition').values(chunk).execute()
}

async function upsertAlarms(trx: Transacting, committed: readonly CommittedTransition[]): Promise<void> {
  const newest = new Map(committed.map((entry) => [entry.transition.alarm.id, entry]))
  const rows = [...newest.values()].map(({ transition: { alarm }, siteId, areaIds }) => ({
    id: alarm.id,
    seq: alarm.seq,
    device_id: alarm.deviceId,
    site_id: siteId,
    area_id: areaIds.at(-1) ?? null,
    kind: alarm.kind,
    category: alarm.category,
    priority: alarm.priority,
    raised_at: alarm.raisedAt,
    cleared_at: alarm.clearedAt,
    acked_at: alarm.ack?.at ?? null,
    closed_at: alarm.closedAt,
    verdict: alarm.verdict,
    search: folded([alarm.title.zh, alarm.title.en, alarm.deviceId, alarm.deviceName, ...alarm.place].join(' ')),
  }))
  for (const chunk of chunksOf(rows, ROWS_PER_INSERT)) {
    await trx
      .insertInto('alarm')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({
          seq: eb.ref('excluded.seq'),
          site_id: eb.ref('excluded.site_id'),
          area_id: eb.ref('excluded.area_id'),
          category: eb.ref('excluded.category'),
          priority: eb.ref('excluded.priority'),
          raised_at: eb.ref('excluded.raised_at'),
          cleared_at: eb.ref('excluded.cleared_at'),
          acked_at: eb.ref('excluded.acked_at'),
          closed_at: eb.ref('excluded.closed_at'),
          verdict: eb.ref('excluded.verdict'),
          search: eb.ref('excluded.search'),
        })),
      )
      .execute()
  }
}

async function upsertStates(trx: Transacting, states: readonly DeviceState[]): Promise<void> {
  const newest = new Map(states.map((state) => [state.deviceId, state]))
  const rows = [...newest.values()].map(({ deviceId, position, state }) => ({ device_id: deviceId, position, state }))
  for (const chunk of chunksOf(rows, ROWS_PER_INSERT)) {
    await trx
      .insertInto('device_state')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.column('device_id').doUpdateSet((eb) => ({
          position: eb.ref('excluded.position'),
          state: eb.ref('excluded.state'),
        })),
      )
      .execute()
  }
}

/** What people did to alarms goes into the chain as well (G8): the words they wrote stay in the transition. */
async function auditActs(trx: Transacting, now: number, entries: readonly JournalEntry[]): Promise<void> {
  const acts = entries.flatMap(({ transition: { by, type, alarm }, address }) =>
    by === null
      ? []
      : [{ actor: { userId: by.id, address: address ?? '' }, action: `alarm.${type}`, subject: `alarm:${alarm.id}` }],
  )
  await appendAudit(trx, now, acts)
}

function committedOf(row: Pick<TransitionTable, 'site_id' | 'area_ids' | 'received_at' | 'body'>): CommittedTransition {
  return {
    transition: JSON.parse(row.body) as Transition,
    siteId: row.site_id,
    areaIds: JSON.parse(row.area_ids) as string[],
    receivedAt: row.received_at,
  }
}
