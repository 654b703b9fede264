// What is kept of a person, as a table that any spreadsheet opens: one line a field.
import type { PersonPackage } from '../../../contract/http/privacy.ts'
import { BYTE_ORDER_MARK, csvRow } from './csv-row.ts'

export function personTable({ sections }: PersonPackage): string {
  const lines = sections.flatMap(({ name, rows }) =>
    rows.flatMap((row, n) =>
      Object.entries(row).map(([field, value]) =>
        csvRow([name, n + 1, field, typeof value === 'boolean' ? String(value) : value]),
      ),
    ),
  )
  return BYTE_ORDER_MARK + csvRow(['section', 'row', 'field', 'value']) + lines.join('')
}
