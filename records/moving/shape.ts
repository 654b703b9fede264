// Which tables move from one engine to the other, and in which order. Nothing here names a table that a migration may add.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Tables } from '../tables.ts'

export interface TableShape {
  readonly name: keyof Tables
  /** In the order of their names. */
  readonly columns: readonly string[]
}

/** The history of each schema is its engine's own. */
const OWN: ReadonlySet<string> = new Set(['migration'])

/** Those that others refer to first. Throws when the two schemas are not the same: a fault of the migrations. */
export async function tablesToMove(source: Kysely<Tables>, target: Kysely<Tables>): Promise<TableShape[]> {
  const [ours, theirs] = [await columnsOfSqlite(source), await columnsOfPostgres(target)]
  const shapes = new Map<string, TableShape>()
  for (const [name, columns] of ours) {
    if (columns.join() !== theirs.get(name)?.join())
      throw new Error(
        `table ${name} has other columns in the target: ${columns.join()} and ${theirs.get(name)?.join()}`,
      )
    shapes.set(name, { name: name as keyof Tables, columns })
  }
  const parents = await parentsIn(target)
  const ordered = new Set<TableShape>()
  const visit = (shape: TableShape): void => {
    for (const parent of parents.get(shape.name) ?? []) {
      const above = shapes.get(parent)
      if (above !== undefined && above !== shape && !ordered.has(above)) visit(above)
    }
    ordered.add(shape)
  }
  for (const name of [...shapes.keys()].toSorted()) visit(shapes.get(name) as TableShape)
  return [...ordered]
}

async function columnsOfSqlite(db: Kysely<Tables>): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ name: string; column: string }>`
    select t.name as name, c.name as "column" from sqlite_master t, pragma_table_info(t.name) c
    where t.type = 'table' and t.name not like 'sqlite_%'`.execute(db)
  return grouped(rows)
}

async function columnsOfPostgres(db: Kysely<Tables>): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ name: string; column: string }>`
    select table_name::text as name, column_name::text as "column" from information_schema.columns
    where table_schema = current_schema()`.execute(db)
  return grouped(rows)
}

function grouped(rows: readonly { name: string; column: string }[]): Map<string, string[]> {
  const columns = new Map<string, string[]>()
  for (const { name, column } of rows) if (!OWN.has(name)) columns.set(name, [...(columns.get(name) ?? []), column])
  return new Map([...columns].map(([name, list]) => [name, list.toSorted()]))
}

async function parentsIn(db: Kysely<Tables>): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ child: string; parent: string }>`
    select child.relname::text as child, parent.relname::text as parent from pg_constraint
    join pg_class child on child.oid = conrelid join pg_class parent on parent.oid = confrelid
    where contype = 'f' and connamespace = current_schema()::regnamespace`.execute(db)
  const parents = new Map<string, string[]>()
  for (const { child, parent } of rows) parents.set(child, [...(parents.get(child) ?? []), parent])
  return parents
}
