// Lists are paged by the key of the last row sent, wrapped so that nobody takes it apart.
import type { Page } from '../contract/http/common.ts'
import { LedgerError } from './errors.ts'

export type CursorKey = string | number

export function encodeCursor(keys: readonly CursorKey[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url')
}

/** The keys, of the types that the list sorts by; null without a cursor. */
export function decodeCursor<T extends readonly ('string' | 'number')[]>(
  cursor: string | undefined,
  ...types: T
): { [I in keyof T]: T[I] extends 'string' ? string : number } | null {
  if (cursor === undefined) return null
  const keys = parse(cursor)
  const fits = Array.isArray(keys) && keys.length === types.length && keys.every((key, i) => typeof key === types[i])
  if (!fits) throw invalidCursor()
  return keys as { [I in keyof T]: T[I] extends 'string' ? string : number }
}

export function invalidCursor(): LedgerError {
  const text = {
    zh: '翻页标记无效，请从第一页重新开始。',
    en: 'The cursor is not valid; start again from the first page.',
  }
  return new LedgerError('invalid', text, { field: 'cursor' })
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return null
  }
}

/** `rows` were asked for with one more than `limit`, which tells whether anything follows. */
export function pageOfRows<Row, Item>(
  rows: readonly Row[],
  limit: number,
  total: number,
  keysOf: (row: Row) => readonly CursorKey[],
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? encodeCursor(keysOf(last)) : null
  return { items: shown.map(itemOf), next, total }
}
