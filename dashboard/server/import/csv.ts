// A table of devices as people keep it, into rows for the ledger. Pure: bytes in, rows or every error with its line out.
import { deviceIdSchema, newDeviceIdSchema } from '../../../contract/ids.ts'
import { attributesSchema } from '../../../contract/http/devices.ts'
import { nameSchema } from '../../../contract/http/common.ts'
import { areaPathSchema, contactSchema } from '../../../contract/http/places.ts'
import { KIND_NAMES } from '../../../contract/kinds/kind.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import { KINDS, attributeOf } from '../../../contract/kinds/table.ts'
import type { ImportRow } from '../../../records/ledger.ts'
import { attributeFromText, attributeIssues } from '../attributes.ts'
import { Unreadable, csvRecords } from './csv-records.ts'

/** `line` is physical, the header being 1: what an editor shows. `field` is the column's name, '' for the whole line. */
export interface CsvIssue {
  readonly line: number
  readonly field: string
  readonly message: string
}
export type CsvResult =
  { readonly ok: true; readonly rows: ImportRow[] } | { readonly ok: false; readonly issues: CsvIssue[] }

/** Enough to mend a file by; the rest would only hide them. */
const MAX_ISSUES = 50

const REQUIRED = ['id', 'kind', 'name'] as const
const OPTIONAL = ['area', 'site', 'contact_name', 'contact_phone', 'gatewayId'] as const

/** UTF-8; otherwise GB 18030, which Chinese spreadsheets save by default. */
export function decodeTable(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('gb18030').decode(bytes)
  }
}

/** Reads all rows; stops at the first that cannot be split, and when there is more wrong than anyone mends at once. */
export async function readTable(text: string): Promise<CsvResult> {
  const issues: CsvIssue[] = []
  const rows: ImportRow[] = []
  const seen = new Map<string, number>()
  const take = (row: ImportRow): void => {
    const before = seen.get(row.id)
    if (before === undefined) seen.set(row.id, row.line)
    else
      issues.push({ line: row.line, field: 'id', message: `与第 ${before} 行重复。 The same id as in line ${before}.` })
    rows.push(row)
  }
  let columns: readonly string[] | null = null
  try {
    for await (const { line, cells } of csvRecords(text)) {
      if (columns === null) {
        columns = cells
        issues.push(...headerIssues(columns))
        // Nothing can be said about rows under a header that is not understood.
        if (issues.length > 0) break
      } else if (cells.some((cell) => cell !== '')) {
        const row = readRow(line, columns, cells, issues)
        if (row !== null) take(row)
      }
      if (issues.length >= MAX_ISSUES) break
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    issues.push({ line: error.line, field: '', message: `不是有效的 CSV。 Not valid CSV: ${error.message}` })
  }
  if (columns === null && issues.length === 0) issues.push(...headerIssues([]))
  if (issues.length === 0 && rows.length === 0)
    issues.push({ line: 1, field: '', message: '没有数据行。 There are no rows.' })
  return issues.length > 0 ? { ok: false, issues: issues.slice(0, MAX_ISSUES) } : { ok: true, rows }
}

function headerIssues(columns: readonly string[]): CsvIssue[] {
  const issues: CsvIssue[] = []
  const wrong = (field: string, message: string) => issues.push({ line: 1, field, message })
  for (const name of REQUIRED)
    if (!columns.includes(name)) wrong(name, `缺少列 ${name}。 The column ${name} is missing.`)
  columns.forEach((name, at) => {
    if (columns.indexOf(name) !== at) wrong(name, `列 ${name} 重复。 The column ${name} is there twice.`)
    else if (!isColumn(name)) wrong(name, `未知的列 ${name}。 There is no field or attribute ${name}.`)
  })
  return issues
}

const isColumn = (name: string): boolean =>
  [...REQUIRED, ...OPTIONAL].some((field) => field === name) ||
  KIND_NAMES.some((kind) => attributeOf(kind, name) !== undefined)

function readRow(
  line: number,
  columns: readonly string[],
  cells: readonly string[],
  issues: CsvIssue[],
): ImportRow | null {
  const before = issues.length
  const wrong = (field: string, message: string) => void issues.push({ line, field, message })
  if (cells.length > columns.length)
    wrong(
      '',
      `有 ${cells.length} 格，表头只有 ${columns.length} 列。 It has ${cells.length} cells, the header ${columns.length}.`,
    )
  const cell = new Map(columns.map((name, at) => [name, cells[at] ?? '']))
  const text = (name: string) => cell.get(name) ?? ''

  const id = newDeviceIdSchema.safeParse(text('id'))
  if (!id.success) wrong('id', '编号须为 1–64 个字母、数字、_ 或 -。 1 to 64 letters, digits, _ or -.')
  const name = nameSchema.safeParse(text('name'))
  if (!name.success) wrong('name', '名称须为 1–120 个字。 A name of 1 to 120 characters.')
  const kind = text('kind')
  if (!Object.hasOwn(KINDS, kind)) wrong('kind', `种类须为其中之一。 One of: ${KIND_NAMES.join(', ')}.`)
  const gatewayId = text('gatewayId')
  if (gatewayId !== '' && !deviceIdSchema.safeParse(gatewayId).success)
    wrong('gatewayId', '不是设备编号。 Not a device id.')
  const area = text('area')
  if (area !== '' && !areaPathSchema.safeParse(area).success)
    wrong('area', '区域写作 县/镇/村，最多六级。 Names separated by /, at most six.')
  const site = text('site')
  if (site !== '' && area === '') wrong('area', '有场所时须填写区域。 A site needs its area.')
  if (site !== '' && !nameSchema.safeParse(site).success)
    wrong('site', '场所名称须为 1–120 个字。 A name of 1 to 120 characters.')
  const contact = readContact(text('contact_name'), text('contact_phone'), wrong)
  if (contact !== undefined && area === '')
    wrong('contact_name', '联系人属于场所，须填写区域。 A contact belongs to a site: fill in the area.')
  const attributes = Object.hasOwn(KINDS, kind) ? readAttributes(kind as KindName, cell, wrong) : {}

  if (issues.length > before || !id.success || !name.success) return null
  return {
    line,
    id: id.data,
    kind: kind as KindName,
    name: name.data,
    attributes,
    ...(gatewayId === '' ? {} : { gatewayId }),
    // A device always stands at a site; without one of its own it stands at one named like its area.
    ...(area === '' ? {} : { area, site: site === '' ? (area.split('/').at(-1) as string).trim() : site }),
    ...(contact === undefined ? {} : { contact }),
  }
}

type Wrong = (field: string, message: string) => void

function readContact(name: string, phone: string, wrong: Wrong): ImportRow['contact'] {
  if (name === '' && phone === '') return undefined
  const contact = contactSchema.safeParse({ name, phone })
  if (contact.success) return contact.data
  for (const { path } of contact.error.issues)
    wrong(
      path[0] === 'phone' ? 'contact_phone' : 'contact_name',
      '联系人须有姓名和电话。 A contact has a name and a phone number.',
    )
  return undefined
}

function readAttributes(
  kind: KindName,
  cell: ReadonlyMap<string, string>,
  wrong: Wrong,
): NonNullable<ImportRow['attributes']> {
  const given: Record<string, string | number | boolean> = {}
  for (const [name, text] of cell) {
    if (text === '' || [...REQUIRED, ...OPTIONAL].some((field) => field === name)) continue
    given[name] = attributeFromText(kind, name, text)
  }
  const attributes = attributesSchema.safeParse(given)
  if (!attributes.success) {
    for (const { path } of attributes.error.issues)
      wrong(String(path[0] ?? ''), '最多 500 字。 At most 500 characters.')
    return {}
  }
  for (const { path, message } of attributeIssues(kind, attributes.data)) wrong(path, message)
  return attributes.data
}
