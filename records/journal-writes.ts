// Writing the journal: the statements of one transaction.
import { sql } from 'kysely'
import type { Transition } from '../contract/alarms.ts'
import { partitionOf } from '../contract/partitions.ts'
import { appendAudit } from './audit.ts'
import type { CommittedTransition, DeviceState, JournalEntry } from './ledger.ts'
import { folded } from './pinyin.ts'
import { chunksOf, ROWS_PER_INSERT } from './store.ts'
import type { Transacting } from './store.ts'

/**
 * Gives transitions their places in the one sequence and writes them, with the alarms they left and what people did. The
 * head's row is locked from here to the end of the transaction: no two ever take the same numbers, a rollback returns them,
 * and who reads on from a number has missed none. It comes last, and not at all for a batch that raised nothing.
 */
export async function writeTransitions(
  trx: Transacting,
  entries: readonly JournalEntry[],
  now: number,
): Promise<{ head: number; committed: CommittedTransition[] }> {
  const head = await takeSequence(trx, entries.length)
  const first = head - entries.length + 1
  const committed = entries.map((entry, i) => numbered(entry, first + i))
  await insertTransitions(trx, committed)
  await upsertAlarms(trx, committed)
  await auditActs(trx, now, entries)
  return { head, committed }
}

async function takeSequence(trx: Transacting, count: number): Promise<number> {
  const { seq } =
    count === 0
      ? await trx.selectFrom('head').select('seq').executeTakeFirstOrThrow()
      : await trx
          .updateTable('head')
          .set({ seq: sql`seq + ${count}` })
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

export async function upsertStates(trx: Transacting, states: readonly DeviceState[]): Promise<void> {
  const newest = new Map(states.map((state) => [state.deviceId, state]))
  const rows = [...newest.values()].map(({ deviceId, position, state }) => ({
    device_id: deviceId,
    position,
    state,
    partition: partitionOf(deviceId),
  }))
  // Always in one order: whoever else writes several of them waits, and nobody waits for each other.
  rows.sort((a, b) => (a.device_id < b.device_id ? -1 : 1))
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
