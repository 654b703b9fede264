// The audit trail (G8): written in the transaction of the change it speaks of.
import { sql } from 'kysely'
import type { ExpressionBuilder, Kysely } from 'kysely'
import { chainHash, FIRST_HASH } from './audit-chain.ts'
import type { Actor, Audit, AuditFilter, AuditQuery, AuditRow, AuditVerdict } from './ledger.ts'
import type { Page } from '../contract/http/common.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { chunksOf, ROWS_PER_INSERT } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { AuditTable, Tables } from './tables.ts'

/** ids and names of fields only; `subject` is `device:…`, `user:…`, `alarm:…` */
export interface AuditEntry {
  readonly action: string
  readonly subject: string
  readonly fields?: readonly string[]
}

/** Who acts when no person does, e.g. at the first start. */
export const HUB_ACTOR: Actor = { userId: 'hub', name: '智安 Zhi’an', address: 'hub' }

type ActorsEntry = AuditEntry & { readonly actor: Pick<Actor, 'userId' | 'address'> }

/** What transactions under way have to say, where it is written at their end: see `auditedAtEnd`. */
const unwritten = new WeakMap<Transacting, { readonly at: number; readonly entry: ActorsEntry }[]>()

export async function appendAudit(trx: Transacting, at: number, entries: readonly ActorsEntry[]): Promise<void> {
  const said = entries.map((entry) => ({ at, entry }))
  const waiting = unwritten.get(trx)
  if (waiting === undefined) await chain(trx, said)
  else waiting.push(...said)
}

/**
 * Runs a transaction's work and chains what it had audited after all of it. The chain's end is locked by whoever writes to it,
 * and alarms wait for the same row: it must not be held for as long as an import takes. `beforeChain` runs in between.
 */
export async function auditedAtEnd<T>(
  trx: Transacting,
  work: (trx: Transacting) => Promise<T>,
  beforeChain: () => Promise<void>,
): Promise<T> {
  const waiting: { readonly at: number; readonly entry: ActorsEntry }[] = []
  unwritten.set(trx, waiting)
  const result = await work(trx)
  unwritten.delete(trx)
  if (waiting.length > 0) await beforeChain()
  await chain(trx, waiting)
  return result
}

async function chain(
  trx: Transacting,
  said: readonly { readonly at: number; readonly entry: ActorsEntry }[],
): Promise<void> {
  if (said.length === 0) return
  // Its change locks the row, before anything of it is read.
  const head = await trx
    .updateTable('head')
    .set({ audit_seq: sql`audit_seq + ${said.length}` })
    .returning(['audit_seq', 'audit_hash'])
    .executeTakeFirstOrThrow()
  let seq = head.audit_seq - said.length
  let hash = head.audit_hash
  const rows = said.map(({ at, entry: { actor, action, subject, fields } }): AuditTable => {
    const row = {
      seq: ++seq,
      at,
      actor_id: actor.userId,
      address: actor.address,
      action,
      subject,
      fields: JSON.stringify(fields ?? []),
    }
    hash = chainHash(hash, row)
    return { ...row, hash }
  })
  for (const chunk of chunksOf(rows, ROWS_PER_INSERT)) await trx.insertInto('audit').values(chunk).execute()
  await trx.updateTable('head').set({ audit_hash: hash }).execute()
}

const ROWS_PER_READ = 2_000

/** Walks the whole chain. */
export async function verifyAudit(db: Kysely<Tables>): Promise<AuditVerdict> {
  const end = await db.selectFrom('head').select(['audit_seq', 'audit_hash']).executeTakeFirstOrThrow()
  let seq = 0
  let hash = FIRST_HASH
  // Rows written while this walk goes on lie beyond the head it started with.
  while (seq < end.audit_seq) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', seq)
      .where('seq', '<=', end.audit_seq)
      .orderBy('seq')
      .limit(ROWS_PER_READ)
      .execute()
    if (rows.length === 0) return { ok: false, seq: seq + 1, reason: 'missing' }
    for (const row of rows) {
      if (row.seq !== seq + 1) return { ok: false, seq: seq + 1, reason: 'missing' }
      if (row.hash !== chainHash(hash, row)) return { ok: false, seq: row.seq, reason: 'changed' }
      seq = row.seq
      hash = row.hash
    }
  }
  if (hash !== end.audit_hash) return { ok: false, seq, reason: 'head' }
  return { ok: true, rows: seq, head: hash }
}

export class AuditTrail implements Audit {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async record(
    actor: Pick<Actor, 'userId' | 'address'>,
    action: string,
    subject: string,
    fields: readonly string[] = [],
  ): Promise<void> {
    await this.#store.write((trx) => appendAudit(trx, this.#store.now(), [{ actor, action, subject, fields }]))
  }

  async list(query: AuditQuery): Promise<Page<AuditRow>> {
    const before = decodeCursor(query.cursor, 'number')
    const matching = this.#store.read.selectFrom('audit').where(within(query))
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching.selectAll().orderBy('seq', 'desc')
    if (before !== null) page = page.where('seq', '<', before[0])
    const rows = await page.limit(query.limit + 1).execute()
    return pageOfRows(rows, query.limit, total, (row) => [row.seq], auditRowOf)
  }

  async *pages(filter: AuditFilter): AsyncGenerator<readonly AuditRow[]> {
    let before = Number.MAX_SAFE_INTEGER
    for (;;) {
      const rows = await this.#store.read
        .selectFrom('audit')
        .selectAll()
        .where(within(filter))
        .where('seq', '<', before)
        .orderBy('seq', 'desc')
        .limit(ROWS_PER_READ)
        .execute()
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows.map(auditRowOf)
      if (rows.length < ROWS_PER_READ) return
      before = last.seq
    }
  }

  verify(): Promise<AuditVerdict> {
    return verifyAudit(this.#store.read)
  }
}

const within =
  ({ from, to, actor, action, subject }: AuditFilter) =>
  (eb: ExpressionBuilder<Tables, 'audit'>) =>
    eb.and([
      ...(from === undefined ? [] : [eb('at', '>=', from)]),
      ...(to === undefined ? [] : [eb('at', '<', to)]),
      ...(actor === undefined ? [] : [eb('actor_id', '=', actor)]),
      // A range, for which the index serves; no action's name has a letter after `z`.
      ...(action === undefined
        ? []
        : action.endsWith('.')
          ? [eb('action', '>=', action), eb('action', '<', `${action}{`)]
          : [eb('action', '=', action)]),
      ...(subject === undefined ? [] : [eb('subject', '=', subject)]),
    ])

function auditRowOf(row: AuditTable): AuditRow {
  return {
    seq: row.seq,
    at: row.at,
    actorId: row.actor_id,
    address: row.address,
    action: row.action,
    subject: row.subject,
    fields: JSON.parse(row.fields) as string[],
    hash: row.hash,
  }
}
