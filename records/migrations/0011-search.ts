// Search by pinyin: what areas, sites, devices and people are found by. Names that are there already get theirs here.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { folded, pinyinText } from '../pinyin.ts'
import type { Migration } from './migration.ts'

const ROWS_PER_READ = 500

export const search: Migration = {
  number: 11,
  name: 'search',
  async up(db) {
    for (const table of ['area', 'site', 'device', 'app_user'])
      await db.schema
        .alterTable(table)
        .addColumn('pinyin', 'text', (c) => c.notNull().defaultTo(''))
        .execute()
    await spellNames(db, 'area')
    await spellNames(db, 'app_user')
    await spellSites(db)
    await spellDevices(db)
  },
}

async function spellNames(db: Kysely<unknown>, table: 'area' | 'app_user'): Promise<void> {
  for await (const { id, name } of rowsOf<{ name: string }>(db, table, ['name']))
    await sql`update ${sql.table(table)} set pinyin = ${pinyinText([name])} where id = ${id}`.execute(db)
}

async function spellSites(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ area_id: string; name: string }>`
    select area_closure.area_id, area.name from area_closure join area on area.id = area_closure.ancestor_id
    order by area_closure.area_id, area_closure.depth desc`.execute(db)
  const paths = new Map<string, string[]>()
  for (const { area_id, name } of rows) paths.set(area_id, [...(paths.get(area_id) ?? []), name])
  for await (const { id, name, area_id } of rowsOf<{ name: string; area_id: string }>(db, 'site', [
    'name',
    'area_id',
  ])) {
    const areas = paths.get(area_id) ?? []
    const text = folded([...areas, name].join('/'))
    await sql`update site set search = ${text}, pinyin = ${pinyinText([name, ...areas])} where id = ${id}`.execute(db)
  }
}

async function spellDevices(db: Kysely<unknown>): Promise<void> {
  for await (const { id, name } of rowsOf<{ name: string }>(db, 'device', ['name']))
    await sql`update device set search = ${folded(`${id} ${name}`)}, pinyin = ${pinyinText([name])} where id = ${id}`.execute(
      db,
    )
}

async function* rowsOf<Row>(
  db: Kysely<unknown>,
  table: string,
  columns: readonly string[],
): AsyncGenerator<Row & { id: string }> {
  let last = ''
  while (true) {
    const { rows } = await sql<Row & { id: string }>`
      select id, ${sql.join(columns.map((column) => sql.ref(column)))} from ${sql.table(table)}
      where id > ${last} order by id limit ${ROWS_PER_READ}`.execute(db)
    yield* rows
    const end = rows.at(-1)
    if (end === undefined || rows.length < ROWS_PER_READ) return
    last = end.id
  }
}
