// The audit as a table for a spreadsheet: what is in each row of the chain, and the names of people as of now.
import type { AuditRow } from '../../../contract/http/audit.ts'
import { BYTE_ORDER_MARK, csvRow } from './csv-row.ts'
import type { Cell } from './csv-row.ts'

const LOCAL = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
})

const COLUMNS: readonly (readonly [head: string, cell: (row: AuditRow) => Cell])[] = [
  ['序号 Seq', (row) => row.seq],
  ['时间 At', (row) => LOCAL.format(row.at)],
  ['谁 Who', (row) => row.actorName],
  ['谁的编号 Actor id', (row) => row.actorId],
  ['地址 Address', (row) => row.address],
  ['操作 Action', (row) => row.action],
  ['对象 Subject', (row) => row.subject],
  ['对象姓名 Subject name', (row) => row.subjectName],
  ['字段 Fields', (row) => row.fields.join(' ')],
  ['哈希 Hash', (row) => row.hash],
]

export const auditTableName = (at: number): string => `zhian-audit-${LOCAL.format(at).slice(0, 10)}.csv`

/** Pieces of the file, one a page of rows. */
export async function* auditTable(pages: AsyncIterable<readonly AuditRow[]>): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + csvRow(COLUMNS.map(([head]) => head))
  for await (const rows of pages) yield rows.map((row) => csvRow(COLUMNS.map(([, cell]) => cell(row)))).join('')
}
