// Is a ledger whole? Asked of every copy before it is called a backup, and before a restore.
import type { Kysely } from 'kysely'
import { verifyAudit } from './audit.ts'
import { refuseNewer, schemaVersion } from './migrate.ts'
import { LedgerUnusable } from './errors.ts'
import { integrityFaults, openReader } from './sqlite/open.ts'
import type { Tables } from './tables.ts'

export interface VerifiedLedger {
  readonly schema: number
  readonly transitions: number
  readonly alarms: number
  readonly devices: number
  readonly audit: { readonly rows: number; readonly head: string }
}

/** Throws LedgerUnusable naming the first fault. `known` is the newest schema version of this program. */
export async function verifyLedgerFile(file: string, known: number): Promise<VerifiedLedger> {
  const connection = await openReader(file).catch((error: unknown) => {
    throw damaged(`打不开或不是数据库：${String(error)}`, `cannot be opened, or is no database: ${String(error)}`)
  })
  try {
    return await verify(connection.db, known)
  } finally {
    await connection.close()
  }
}

async function verify(db: Kysely<Tables>, known: number): Promise<VerifiedLedger> {
  const faults = await integrityFaults(db)
  if (faults[0] !== undefined) throw damaged(`数据库文件损坏：${faults[0]}`, `the database is damaged: ${faults[0]}`)
  const schema = await schemaVersion(db)
  if (schema === 0) throw damaged('不是智安的账本。', "it is not a ledger of Zhi'an.")
  refuseNewer(schema, known)
  const transitions = await verifySequence(db)
  const alarms = await verifyAlarms(db)
  const audit = await verifyAudit(db)
  if (!audit.ok) {
    throw damaged(
      `审计链在第 ${audit.seq} 行断开（${audit.reason}）。`,
      `the audit chain breaks at row ${audit.seq} (${audit.reason}).`,
    )
  }
  const { devices } = await db
    .selectFrom('device')
    .select((eb) => eb.fn.countAll<number>().as('devices'))
    .executeTakeFirstOrThrow()
  return { schema, transitions, alarms, devices, audit: { rows: audit.rows, head: audit.head } }
}

/** 1 … head without a gap. */
async function verifySequence(db: Kysely<Tables>): Promise<number> {
  const { seq } = await db.selectFrom('head').select('seq').executeTakeFirstOrThrow()
  const { count, first, last } = await db
    .selectFrom('transition')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('seq').as('first'), eb.fn.max('seq').as('last')])
    .executeTakeFirstOrThrow()
  const whole = count === seq && (seq === 0 || (first === 1 && last === seq))
  if (!whole) {
    throw damaged(
      `报警序列不连续：共 ${count} 条，应到 ${seq}。`,
      `the sequence of transitions has a gap: ${count} of ${seq}.`,
    )
  }
  return count
}

/** Every alarm is as its newest transition left it. */
async function verifyAlarms(db: Kysely<Tables>): Promise<number> {
  const { alarms, strayed } = await db
    .selectFrom('alarm')
    .select((eb) => [
      eb.fn.countAll<number>().as('alarms'),
      eb.fn
        .countAll<number>()
        .filterWhere('alarm.seq', 'is distinct from', (inner) =>
          inner
            .selectFrom('transition')
            .select((newest) => newest.fn.max('transition.seq').as('newest'))
            .whereRef('transition.alarm_id', '=', 'alarm.id'),
        )
        .as('strayed'),
    ])
    .executeTakeFirstOrThrow()
  if (strayed > 0) {
    throw damaged(`${strayed} 条报警与其最后一次变化不符。`, `${strayed} alarms differ from their newest transition.`)
  }
  return alarms
}

function damaged(zh: string, en: string): LedgerUnusable {
  return new LedgerUnusable('damaged', { zh: `账本不可用：${zh}`, en: `The ledger cannot be used: ${en}` })
}
