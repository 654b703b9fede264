// Search as people type it: every word must occur somewhere in the named columns, which hold lower-case text.
import { sql } from 'kysely'
import type { Expression, SqlBool } from 'kysely'

const MAX_WORDS = 8

export function matchesEveryWord(q: string, columns: readonly string[]): Expression<SqlBool> {
  const words = q.toLowerCase().split(/\s+/u).filter(Boolean).slice(0, MAX_WORDS)
  if (words.length === 0) return sql<SqlBool>`1 = 1`
  const conditions = words.map((word) => {
    const pattern = `%${word.replaceAll(/[\\%_]/g, (special) => `\\${special}`)}%`
    const hits = columns.map((column) => sql`coalesce(${sql.ref(column)}, '') like ${pattern} escape '\\'`)
    return sql`(${sql.join(hits, sql` or `)})`
  })
  return sql<SqlBool>`(${sql.join(conditions, sql` and `)})`
}
