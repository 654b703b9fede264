// Rows of one table, as they are in the source and as they are to be in the target.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Tables } from '../tables.ts'
import { Digest } from './digest.ts'
import type { TableShape } from './shape.ts'

export type Value = string | number | null
export type Row = Readonly<Record<string, Value>>

const ROWS_PER_PAGE = 500

/**
 * What differs in a cluster. Positions there count entries of streams that begin anew: a device that kept its old position
 * would take every entry up to it for one that it has taken in already. And PostgreSQL's text holds no NUL.
 */
export type Restating = (state: string) => string

export function asMoved(table: keyof Tables, row: Row, restate: Restating): Row {
  const moved: Record<string, Value> = {}
  for (const [column, value] of Object.entries(row))
    moved[column] = typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u{FFFD}') : value
  if (table === 'device_state') return { ...moved, position: 0, state: restate(String(moved['state'])) }
  if (table === 'head') return { ...moved, checkpoint: null }
  return moved
}

export interface SourcePage {
  readonly rows: readonly Row[]
  /** Where the next page begins. */
  readonly position: number
}

/** Pages of the source's rows behind a position, in SQLite's own order. */
export async function* pagesOf(
  db: Kysely<Tables>,
  { name, columns }: TableShape,
  position: number,
): AsyncGenerator<SourcePage> {
  const wanted = sql.join(columns.map((column) => sql.ref(column)))
  for (let behind = position; ;) {
    const { rows } = await sql<Row & { moving_row: number }>`
      select rowid as moving_row, ${wanted} from ${sql.table(name)} where rowid > ${behind}
      order by rowid limit ${ROWS_PER_PAGE}`.execute(db)
    const last = rows.at(-1)
    if (last === undefined) return
    behind = last.moving_row
    yield { rows: rows.map((row) => pick(row, columns)), position: behind }
  }
}

function pick(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(
    columns.map((column) => {
      const value = row[column]
      if (typeof value === 'string' || typeof value === 'number' || value === null) return [column, value]
      throw new Error(`${column} holds neither text nor a number`)
    }),
  )
}

export async function insertRows(
  db: Kysely<Tables>,
  { name, columns }: TableShape,
  rows: readonly Row[],
): Promise<void> {
  const wanted = sql.join(columns.map((column) => sql.ref(column)))
  await sql`insert into ${sql.table(name)} (${wanted})
    select ${wanted} from json_populate_recordset(null::${sql.table(name)}, ${JSON.stringify(rows)}::json)`.execute(db)
}

const canonical = (row: Row, columns: readonly string[]): string => JSON.stringify(columns.map((column) => row[column]))

/** Of the source's rows as they are to be in the target. */
export async function digestOfSource(db: Kysely<Tables>, shape: TableShape, restate: Restating): Promise<Digest> {
  const digest = new Digest()
  for await (const { rows } of pagesOf(db, shape, MIN_POSITION))
    for (const row of rows) digest.add(canonical(asMoved(shape.name, row, restate), shape.columns))
  return digest
}

/** Of the target's rows as they are. */
export async function digestOfTarget(db: Kysely<Tables>, { name, columns }: TableShape): Promise<Digest> {
  const digest = new Digest()
  const wanted = sql.join(columns.map((column) => sql.ref(column)))
  await db.transaction().execute(async (trx) => {
    await sql`declare moved no scroll cursor for select ${wanted} from ${sql.table(name)}`.execute(trx)
    for (;;) {
      const { rows } = await sql<Row>`fetch ${sql.lit(ROWS_PER_PAGE)} from moved`.execute(trx)
      for (const row of rows) digest.add(canonical(row, columns))
      if (rows.length < ROWS_PER_PAGE) return
    }
  })
  return digest
}

/** Before every row id. */
export const MIN_POSITION = Number.MIN_SAFE_INTEGER
