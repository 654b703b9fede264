// Whose file is whose. A file is seen by whoever sees its subject (G9); the act is audited by ids (G8).
import { sql } from 'kysely'
import type { Readable } from 'node:stream'
import type { Page } from '../contract/http/common.ts'
import { FILE_SUBJECT_TYPES } from '../contract/http/files.ts'
import type { FileSubjectType, FileType, StoredFile } from '../contract/http/files.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import { contentHash } from './file-contents.ts'
import type { Actor, PageQuery } from './ledger.ts'
import type { Files, NewFile } from './ledger/files.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { newId } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { FileTable } from './tables/files.ts'

/** Where contents are kept, each under its SHA-256; whose a file is, they do not know. */
export interface Contents {
  /** Durable when it resolves; what is there already stays. */
  write(sha256: string, content: Uint8Array): Promise<void>
  /** null: not there. */
  read(sha256: string): Promise<Readable | null>
  remove(sha256: string): Promise<void>
  /** Removes what a crash left, and every content that `kept` does not name; answers how many. */
  sweep(kept: ReadonlySet<string>): Promise<number>
}

interface Subject {
  readonly type: FileSubjectType
  readonly id: string
}

function subjectOf(subject: string): Subject {
  const colon = subject.indexOf(':')
  const type = FILE_SUBJECT_TYPES.find((known) => known === subject.slice(0, colon))
  if (type === undefined) throw new Error(`a file belongs to no ${subject.slice(0, colon)}`)
  return { type, id: subject.slice(colon + 1) }
}

/** Whether the subject exists within the scope. */
type Seen = (store: Store, scope: Scope, id: string) => Promise<unknown>

const atSite = (scope: Scope) => withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id'))

const SEEN: Readonly<Record<FileSubjectType, Seen>> = {
  site: ({ read }, scope, id) =>
    read.selectFrom('site').select('site.id').where('site.id', '=', id).where(atSite(scope)).executeTakeFirst(),
  device: ({ read }, scope, id) =>
    read
      .selectFrom('device')
      .leftJoin('site', 'site.id', 'device.site_id')
      .select('device.id')
      .where('device.id', '=', id)
      .where(atSite(scope))
      .executeTakeFirst(),
  // An alarm's place is that of its newest transition, wherever its device is now.
  alarm: ({ read }, scope, id) =>
    read
      .selectFrom('alarm')
      .select('alarm.id')
      .where('alarm.id', '=', id)
      .where(withinScope(scope, sql.ref('alarm.site_id'), sql.ref('alarm.area_id')))
      .executeTakeFirst(),
  inspection: ({ read }, scope, id) =>
    read
      .selectFrom('inspection')
      .innerJoin('site', 'site.id', 'inspection.site_id')
      .select('inspection.id')
      .where('inspection.id', '=', id)
      .where(atSite(scope))
      .executeTakeFirst(),
  room: ({ read }, scope, id) =>
    read
      .selectFrom('room')
      .innerJoin('site', 'site.id', 'room.site_id')
      .select('room.id')
      .where('room.id', '=', id)
      .where(atSite(scope))
      .executeTakeFirst(),
}

export class FileRecords implements Files {
  readonly #store: Store
  readonly #contents: Contents
  /** Content and rows change one after another: a content must not go while another file that shares it comes. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(store: Store, contents: Contents) {
    this.#store = store
    this.#contents = contents
  }

  async sees(scope: Scope, subject: string): Promise<boolean> {
    const { type, id } = subjectOf(subject)
    return (await SEEN[type](this.#store, scope, id)) !== undefined
  }

  add(actor: Actor, file: NewFile): Promise<StoredFile> {
    return this.#inTurn(async () => {
      const { type, id } = subjectOf(file.subject)
      const row: FileTable = {
        id: newId(),
        subject_type: type,
        subject_id: id,
        name: file.name,
        type: file.type,
        bytes: file.content.length,
        sha256: contentHash(file.content),
        by_id: actor.userId,
        at: this.#store.now(),
      }
      await this.#contents.write(row.sha256, file.content)
      await this.#store.write(async (trx) => {
        await trx.insertInto('file').values(row).execute()
        const entry = { actor, action: 'file.added', subject: `file:${row.id}`, fields: [file.subject] }
        await appendAudit(trx, row.at, [entry])
      })
      return fileOf({ ...row, by_name: actor.name })
    })
  }

  async list(scope: Scope, query: PageQuery & { readonly subject: string }): Promise<Page<StoredFile>> {
    if (!(await this.sees(scope, query.subject))) return { items: [], next: null, total: 0 }
    const { type, id } = subjectOf(query.subject)
    const before = decodeCursor(query.cursor, 'number', 'string')
    const matching = this.#store.read.selectFrom('file').where('subject_type', '=', type).where('subject_id', '=', id)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching
      .leftJoin('app_user', 'app_user.id', 'file.by_id')
      .selectAll('file')
      .select('app_user.name as by_name')
      .orderBy('file.at', 'desc')
      .orderBy('file.id', 'desc')
    if (before !== null) {
      const [at, last] = before
      page = page.where((eb) =>
        eb.or([eb('file.at', '<', at), eb.and([eb('file.at', '=', at), eb('file.id', '<', last)])]),
      )
    }
    const rows = await page.limit(query.limit + 1).execute()
    return pageOfRows(rows, query.limit, total, (row) => [row.at, row.id], fileOf)
  }

  async get(scope: Scope, id: string): Promise<StoredFile | null> {
    const row = await this.#store.read
      .selectFrom('file')
      .leftJoin('app_user', 'app_user.id', 'file.by_id')
      .selectAll('file')
      .select('app_user.name as by_name')
      .where('file.id', '=', id)
      .executeTakeFirst()
    if (row === undefined) return null
    const file = fileOf(row)
    return (await this.sees(scope, file.subject)) ? file : null
  }

  read(file: StoredFile): Promise<Readable | null> {
    return this.#contents.read(file.sha256)
  }

  remove(actor: Actor, id: string): Promise<void> {
    return this.#inTurn(async () => {
      const gone = await this.#store.write(async (trx) => {
        const row = await trx.deleteFrom('file').where('id', '=', id).returningAll().executeTakeFirst()
        if (row === undefined)
          throw new LedgerError('not_found', { zh: '没有这个文件。', en: 'There is no such file.' })
        const fields = [`${row.subject_type}:${row.subject_id}`]
        await appendAudit(trx, this.#store.now(), [{ actor, action: 'file.removed', subject: `file:${id}`, fields }])
        const other = await trx.selectFrom('file').select('id').where('sha256', '=', row.sha256).executeTakeFirst()
        return other === undefined ? row.sha256 : null
      })
      if (gone !== null) await this.#contents.remove(gone)
    })
  }

  /** Contents that no row names: left by a crash, or by a subject that took its files with it. Answers how many went. */
  sweep(): Promise<number> {
    return this.#inTurn(async () => {
      const rows = await this.#store.read.selectFrom('file').select('sha256').distinct().execute()
      return this.#contents.sweep(new Set(rows.map(({ sha256 }) => sha256)))
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

/** In the transaction that removes the subject; the contents go with the next sweep. */
export async function dropFilesOf(trx: Transacting, type: FileSubjectType, id: string): Promise<void> {
  await trx.deleteFrom('file').where('subject_type', '=', type).where('subject_id', '=', id).execute()
}

function fileOf(row: FileTable & { readonly by_name: string | null }): StoredFile {
  return {
    id: row.id,
    subject: `${row.subject_type}:${row.subject_id}`,
    name: row.name,
    type: row.type as FileType,
    bytes: row.bytes,
    sha256: row.sha256,
    by: row.by_name === null ? null : { id: row.by_id, name: row.by_name },
    at: row.at,
  }
}
