// Devices and their tokens as CSV: a header row with the columns `id`, `kind` and `token`, in any order.
import { deviceIdSchema } from '../contract/ids.ts'
import { isSimulated, SIMULATED_KINDS } from './town.ts'
import type { SimulatedKind } from './town.ts'

export interface TokenRow {
  readonly id: string
  readonly kind: SimulatedKind
  readonly token: string
}

/** Throws a sentence that names the physical line (header = 1). */
export function parseTokens(text: string): TokenRow[] {
  const [header, ...records] = recordsOf(text)
  if (header === undefined) throw new Error('文件是空的 the file is empty')
  const columns = header.fields.map((name) => name.trim())
  const column = (name: string): number => {
    const index = columns.indexOf(name)
    if (index < 0) throw new Error(`第 1 行缺少列 line 1 has no column "${name}"`)
    return index
  }
  const [id, kind, token] = [column('id'), column('kind'), column('token')]
  const seen = new Set<string>()
  return records.map(({ line, fields }) => {
    const row = { id: fields[id] ?? '', kind: fields[kind] ?? '', token: fields[token] ?? '' }
    const wrong = (zh: string, en: string): Error => new Error(`第 ${line} 行：${zh}  line ${line}: ${en}`)
    if (!deviceIdSchema.safeParse(row.id).success) throw wrong('编号无效', `"${row.id}" is not a device id`)
    if (seen.has(row.id)) throw wrong('编号重复', `"${row.id}" appears twice`)
    if (!isSimulated(row.kind))
      throw wrong('类型不能模拟', `kind "${row.kind}" is not one of ${SIMULATED_KINDS.join(', ')}`)
    if (row.token === '') throw wrong('缺少令牌', 'no token')
    seen.add(row.id)
    return { ...row, kind: row.kind }
  })
}

export const formatTokens = (rows: readonly TokenRow[]): string =>
  ['id,kind,token', ...rows.map(({ id, kind, token }) => `${id},${kind},${token}`)].join('\n') + '\n'

/** RFC 4180: quoted fields may hold commas, line breaks and doubled quotes. Empty lines are left out. */
function recordsOf(text: string): { line: number; fields: string[] }[] {
  const records: { line: number; fields: string[] }[] = []
  let fields: string[] = []
  let field = ''
  let quoted = false
  let [line, startedAt] = [1, 1]
  const endRecord = (): void => {
    fields.push(field)
    if (fields.length > 1 || field !== '') records.push({ line: startedAt, fields })
    fields = []
    field = ''
  }
  const body = text.replace(/^\uFEFF/, '').replace(/\r\n/g, '\n')
  for (let at = 0; at < body.length; at++) {
    const char = body[at] as string
    if (char === '\n') line++
    if (quoted) {
      if (char !== '"') field += char
      else if (body[at + 1] === '"') field += body[at++]
      else quoted = false
    } else if (char === '"') quoted = true
    else if (char === ',') {
      fields.push(field)
      field = ''
    } else if (char === '\n') {
      endRecord()
      startedAt = line
    } else field += char
  }
  if (quoted) throw new Error(`第 ${startedAt} 行引号未闭合 line ${startedAt}: a quote is not closed`)
  endRecord()
  return records
}
