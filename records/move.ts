// Moving house: the whole ledger of a hub that is stopped, from SQLite to PostgreSQL, where a cluster opens it. Whatever
// interrupts it, the next call goes on; nothing is believed to have arrived that was not read back.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { verifyAudit } from './audit.ts'
import { DeviceEventRecords } from './device-events.ts'
import { LedgerUnusable } from './errors.ts'
import { FileContents, filesIn } from './file-contents.ts'
import type { AuditVerdict } from './ledger.ts'
import type { DeviceEvents } from './ledger/device-events.ts'
import { migrate, refuseNewer, schemaVersion } from './migrate.ts'
import { MIGRATIONS } from './migrations/all.ts'
import { contentsNamedIn, differingContents, moveContents } from './moving/contents.ts'
import type { MovedContents } from './moving/contents.ts'
import { MoveProgress, PROGRESS_TABLE } from './moving/progress.ts'
import { asMoved, digestOfSource, digestOfTarget, insertRows, MIN_POSITION, pagesOf } from './moving/rows.ts'
import type { Restating } from './moving/rows.ts'
import { tablesToMove } from './moving/shape.ts'
import type { TableShape } from './moving/shape.ts'
import { PersonalBox } from './personal-box.ts'
import { readSharedPersonalKeys } from './personal-key.ts'
import { PostgresContents } from './postgres/file-contents.ts'
import { POSTGRES_TYPES } from './postgres/open.ts'
import { PostgresStore } from './postgres/store.ts'
import { placeOf, unusable } from './postgres/unusable.ts'
import { ledgerFileIn, lockFileIn, logOf } from './sqlite/files.ts'
import { takeLock } from './sqlite/lock.ts'
import type { LedgerLock } from './sqlite/lock.ts'
import { openReader } from './sqlite/open.ts'
import type { Connection } from './sqlite/open.ts'
import type { Tables } from './tables.ts'

export interface LedgerMoveOptions {
  /** Of the hub that is stopped. */
  readonly directory: string
  /** Of an empty database, or one with half of this move in it. */
  readonly url: string
  /** The state of a device as if it had taken in nothing of any stream. */
  readonly restate: Restating
  /** Of the cluster; null: it is not said yet which. */
  readonly personalKeyFile: string | null
  readonly now: () => number
  readonly log: (line: string) => void
}

export interface MovedTable {
  readonly name: string
  readonly rows: number
  readonly hash: string
  /** Source and target are the same. */
  readonly same: boolean
  /** In the target. */
  readonly found: number
}

export interface SourceDevice {
  readonly id: string
  readonly kind: string
}

const COUNTED = ['device', 'alarm', 'transition', 'audit', 'app_user', 'file'] as const
export type SourceCounts = Readonly<Record<(typeof COUNTED)[number], number>>

/**
 * With a store of numbers the events of devices arrive in the ledger, too: then there are more of them than were in it, and the
 * readings' own comparison looks at them.
 */
const GAINS_EVENTS: keyof Tables = 'device_event'

/** Inert until `start()`. */
export class LedgerMove {
  readonly #options: LedgerMoveOptions
  readonly #target: PostgresStore
  readonly #contents: { readonly from: FileContents; readonly to: PostgresContents }
  /** Where a store of numbers leaves events of devices. */
  readonly deviceEvents: DeviceEvents
  #lock: LedgerLock | null = null
  #source: Connection | null = null
  #fingerprint = ''
  #progress: MoveProgress | null = null
  #tables: readonly TableShape[] = []

  constructor(options: LedgerMoveOptions) {
    const { directory, url, now, log } = options
    placeOf(url)
    this.#options = options
    this.#target = new PostgresStore({ url, name: 'zhian move', now, log })
    this.#contents = { from: new FileContents(filesIn(directory)), to: new PostgresContents(this.#target) }
    this.deviceEvents = new DeviceEventRecords(this.#target)
  }

  /** Looks at both sides and changes neither. Throws LedgerUnusable where nothing may be moved. */
  async start(): Promise<'begins' | 'goes on'> {
    const { directory, url } = this.#options
    const file = ledgerFileIn(directory)
    if (!existsSync(file)) throw unfit(`${directory} 里没有账本。`, `There is no ledger in ${directory}.`)
    this.#lock = takeLock(lockFileIn(directory))
    this.#fingerprint = await fingerprintOf(file)
    this.#source = await openReader(file)
    refuseOther(await schemaVersion(this.source), MIGRATIONS.length)
    await this.#refuseOtherKey()
    try {
      return await this.#lookAtTarget()
    } catch (error) {
      throw unusable(error, placeOf(url))
    }
  }

  private get source(): Kysely<Tables> {
    if (this.#source === null) throw new Error('The move has not started.')
    return this.#source.db
  }

  get progress(): MoveProgress {
    if (this.#progress === null) throw new Error('The move has not begun.')
    return this.#progress
  }

  async counts(): Promise<SourceCounts> {
    const counts = await Promise.all(
      COUNTED.map(async (name) => {
        const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}`.execute(this.source)
        return [name, rows[0]?.n ?? 0] as const
      }),
    )
    return Object.fromEntries(counts) as SourceCounts
  }

  /** As they are in the source: id → state. */
  async states(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.source.selectFrom('device_state').select(['device_id', 'state']).execute()
    return new Map(rows.map(({ device_id, state }) => [device_id, state]))
  }

  /** Every input up to this position is decided. */
  async checkpoint(): Promise<number> {
    const { checkpoint } = await this.source.selectFrom('head').select('checkpoint').executeTakeFirstOrThrow()
    return checkpoint ?? 0
  }

  devices(): Promise<SourceDevice[]> {
    return this.source.selectFrom('device').select(['id', 'kind']).orderBy('id').execute()
  }

  /** Makes the schema, or finds it. From here on nobody opens the target before `finish`. */
  async prepare(): Promise<void> {
    const db = this.#target.schema
    if (this.#progress === null) await MoveProgress.begin(db, this.#fingerprint)
    const progress = new MoveProgress(db)
    const tables = await tablesIn(db)
    const found = tables.includes('migration') ? await newestMigration(db) : 0
    await migrate(db, found, MIGRATIONS, POSTGRES_TYPES, this.#options.now())
    this.#tables = await tablesToMove(this.source, db)
    if ((await progress.reached('emptied', '')) === MIN_POSITION)
      await db.transaction().execute(async (trx) => {
        // What the migrations themselves put there.
        for (const { name } of this.#tables.toReversed()) await sql`delete from ${sql.table(name)}`.execute(trx)
        await progress.reach('emptied', '', 1, trx)
      })
    this.#progress = progress
  }

  /** `moved` is called after each page: rows of this call. */
  async copy(moved: (table: string, rows: number) => void): Promise<void> {
    const { restate } = this.#options
    for (const shape of this.#tables) {
      const behind = await this.progress.reached('table', shape.name)
      for await (const { rows, position } of pagesOf(this.source, shape, behind)) {
        await this.#target.schema.transaction().execute(async (trx) => {
          await insertRows(
            trx,
            shape,
            rows.map((row) => asMoved(shape.name, row, restate)),
          )
          await this.progress.reach('table', shape.name, position, trx)
        })
        moved(shape.name, rows.length)
      }
    }
  }

  async copyContents(): Promise<MovedContents> {
    return moveContents(await contentsNamedIn(this.source), this.#contents.from, this.#contents.to)
  }

  /** Reads everything back, row by row. `compared` is called after each table. */
  async verify(compared: (table: MovedTable) => void): Promise<{
    readonly tables: readonly MovedTable[]
    readonly contents: readonly string[]
    readonly audit: AuditVerdict
  }> {
    const tables: MovedTable[] = []
    for (const shape of this.#tables) {
      const expected = await digestOfSource(this.source, shape, this.#options.restate)
      const found = await digestOfTarget(this.#target.schema, shape)
      const same = found.equals(expected) || (shape.name === GAINS_EVENTS && found.count > expected.count)
      const table = { name: shape.name, rows: expected.count, hash: expected.hash, same, found: found.count }
      tables.push(table)
      compared(table)
    }
    const named = await contentsNamedIn(this.source)
    return {
      tables,
      contents: await differingContents(named, this.#contents.from, this.#contents.to),
      audit: await verifyAudit(this.#target.read),
    }
  }

  /** A cluster may open it. */
  async finish(): Promise<void> {
    await this.progress.finish()
    this.#progress = null
  }

  async stop(): Promise<void> {
    await this.#target.close()
    await this.#source?.close()
    this.#source = null
    this.#lock?.release()
    this.#lock = null
  }

  async #lookAtTarget(): Promise<'begins' | 'goes on'> {
    const db = this.#target.schema
    const tables = await tablesIn(db)
    if (tables.length === 0) return 'begins'
    if (!tables.includes(PROGRESS_TABLE))
      throw unfit(
        `数据库 ${placeOf(this.#options.url)} 不是空的。请另建一个空库（createdb），再把 ZHIAN_DATABASE_URL 指向它。`,
        `The database ${placeOf(this.#options.url)} is not empty. Create an empty one (createdb) and let ZHIAN_DATABASE_URL name it.`,
      )
    if ((await MoveProgress.sourceIn(db)) !== this.#fingerprint)
      throw unfit(
        '数据库里是另一次搬迁的一半：来源不是这个目录，或它后来又运行过。请换一个空库从头搬。',
        'The database holds half of another move: from another folder, or this hub has run since. Begin anew with an empty database.',
      )
    this.#progress = new MoveProgress(db)
    return 'goes on'
  }

  async #refuseOtherKey(): Promise<void> {
    const { personalKeyFile } = this.#options
    if (personalKeyFile !== null)
      await readSharedPersonalKeys(new PersonalBox(), personalKeyFile, this.source, async (id) => id)
  }
}

async function tablesIn(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name::text as name from information_schema.tables where table_schema = current_schema()`.execute(db)
  return rows.map((row) => row.name)
}

async function newestMigration(db: Kysely<Tables>): Promise<number> {
  const row = await db
    .selectFrom('migration')
    .select((eb) => eb.fn.max('number').as('newest'))
    .executeTakeFirst()
  return row?.newest ?? 0
}

/** Of every byte: a hub that ran in between is another source. */
async function fingerprintOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for (const path of [file, logOf(file)])
    if (existsSync(path)) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function refuseOther(found: number, known: number): void {
  refuseNewer(found, known)
  if (found === known) return
  throw unfit(
    `账本的结构是第 ${found} 版，本程序是第 ${known} 版：请先用本版本按单机方式启动一次（会自动备份并升级），停止后再搬。`,
    `The ledger has schema ${found} and this program ${known}: start this version once as a single hub (it makes a copy and migrates), stop it, then move.`,
  )
}

function unfit(zh: string, en: string): LedgerUnusable {
  return new LedgerUnusable('damaged', { zh, en })
}
