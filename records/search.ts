// Search as people type it: every word must occur somewhere in the named columns. A word is a piece of a name (`search`
// columns, which hold folded text), or the beginning of its pinyin at any syllable (`pinyin` columns), or both in one: 青禾jd.
import { sql } from 'kysely'
import type { Expression, RawBuilder, SqlBool } from 'kysely'
import { folded } from './pinyin.ts'

const MAX_WORDS = 8

export function matchesEveryWord(
  q: string,
  columns: readonly string[],
  pinyinColumns: readonly string[] = [],
): Expression<SqlBool> {
  const words = folded(q).split(/\s+/u).filter(Boolean).slice(0, MAX_WORDS)
  if (words.length === 0) return sql<SqlBool>`1 = 1`
  return all(words.map((word) => matchesWord(word, columns, pinyinColumns)))
}

function matchesWord(word: string, columns: readonly string[], pinyinColumns: readonly string[]): RawBuilder<SqlBool> {
  const whole = contains(columns, word)
  if (pinyinColumns.length === 0) return whole
  const runs = word.match(/\p{Script=Han}+|\P{Script=Han}+/gu) ?? []
  const [only] = runs
  if (runs.length === 1 && only !== undefined) return any([whole, ...spelt(only, pinyinColumns)])
  // 第7镇 has no letters: its pieces anywhere would be 第17镇 and 7 号 as well.
  if (!runs.some(isSpelling)) return whole
  const pieces = runs.map((run) => any([contains(columns, run), ...spelt(run, pinyinColumns)]))
  return any([whole, all(pieces)])
}

/** Only letters and digits can be pinyin; an input method puts ' between syllables. */
const typedOf = (run: string): string => run.replaceAll("'", '')
const isSpelling = (run: string): boolean => /^[a-z][a-z0-9]*$/.test(typedOf(run))

function spelt(run: string, pinyinColumns: readonly string[]): RawBuilder<SqlBool>[] {
  return isSpelling(run) ? [contains(pinyinColumns, ` ${typedOf(run)}`)] : []
}

function contains(columns: readonly string[], text: string): RawBuilder<SqlBool> {
  const pattern = `%${escaped(text)}%`
  return any(columns.map((column) => sql<SqlBool>`coalesce(${foldedColumn(column)}, '') like ${pattern} escape '\\'`))
}

/** Some columns hold folded text. Engines differ in whether `like` tells A from a. */
const foldedColumn = (column: string) =>
  /\.(search|pinyin)$/.test(column) ? sql.ref(column) : sql`lower(${sql.ref(column)})`

/**
 * What a person most likely means comes first: the name itself, a name that begins so, one whose pinyin does, one that has it
 * inside; last what only its place is found by. `pinyin` begins with the pinyin of that name.
 */
export function closeness(q: string, names: readonly string[], pinyin: string): RawBuilder<number> {
  const typed = escaped(folded(q).trim())
  const spelling = typed.replaceAll(/[\s']/gu, '')
  const lower = names.map((name) => sql`lower(${sql.ref(name)})`)
  const like = (pattern: string) => any(lower.map((name) => sql<SqlBool>`${name} like ${pattern} escape '\\'`))
  return sql<number>`case
    when ${like(typed)} then 0
    when ${like(`${typed}%`)} then 1
    when ${sql.ref(pinyin)} like ${` ${spelling}%`} escape '\\' then 2
    when ${like(`%${typed}%`)} then 3
    else 4 end`
}

const escaped = (text: string): string => text.replaceAll(/[\\%_]/g, (special) => `\\${special}`)
const any = (conditions: readonly RawBuilder<SqlBool>[]) => sql<SqlBool>`(${sql.join(conditions, sql` or `)})`
const all = (conditions: readonly RawBuilder<SqlBool>[]) => sql<SqlBool>`(${sql.join(conditions, sql` and `)})`
