// An XLSX file is a ZIP of XML. Before anything reads it, every part is unpacked against one budget, so that a small file that
// unpacks to gigabytes, or a cell in the millionth row, is refused for what it is.
import { inflateRawSync } from 'node:zlib'
import { MAX_WORKBOOK_ROWS } from '../../../contract/http/places-import.ts'

/** All parts of a workbook together, unpacked, bytes. */
const MAX_UNPACKED = 128 * 1024 * 1024
const MAX_PARTS = 500
const MAX_COLUMNS = 200

const END = 0x06_05_4b_50
const ENTRY = 0x02_01_4b_50
const LOCAL = 0x04_03_4b_50
const END_BYTES = 22
const ENTRY_BYTES = 46
const LOCAL_BYTES = 30
const LONGEST_COMMENT = 65_535
const [STORED, DEFLATED] = [0, 8]

export class WorkbookRefused extends Error {}

const DAMAGED =
  '文件不是完好的 XLSX 工作簿，请用“另存为 Excel 工作簿（.xlsx）”重新保存。 The file is not a sound XLSX workbook; save it anew as .xlsx.'
const TOO_LARGE =
  '工作簿展开后过大，请只保留要导入的表和行。 The workbook is too large when unpacked; keep only what is to be imported.'
const MACROS = '工作簿带有宏，请另存为不带宏的 .xlsx。 The workbook holds macros; save it as .xlsx without them.'
const TOO_FAR = `表中有内容超出 ${MAX_WORKBOOK_ROWS} 行或 ${MAX_COLUMNS} 列，请删除多余的行列。 A sheet has cells beyond row ${MAX_WORKBOOK_ROWS} or column ${MAX_COLUMNS}; delete them.`

/** Throws WorkbookRefused. */
export function assertBounded(file: Buffer): void {
  try {
    walk(file)
  } catch (error) {
    if (error instanceof WorkbookRefused) throw error
    // Reading beyond the end, or a stream that is none.
    throw new WorkbookRefused(DAMAGED)
  }
}

function walk(file: Buffer): void {
  const end = endOf(file)
  const count = file.readUInt16LE(end + 10)
  if (count > MAX_PARTS) throw new WorkbookRefused(TOO_LARGE)
  let budget = MAX_UNPACKED
  let at = file.readUInt32LE(end + 16)
  for (let i = 0; i < count; i++) {
    if (file.readUInt32LE(at) !== ENTRY) throw new WorkbookRefused(DAMAGED)
    const method = file.readUInt16LE(at + 10)
    const [packed, unpacked] = [file.readUInt32LE(at + 20), file.readUInt32LE(at + 24)]
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => file.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const name = file.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength)
    if (/vbaProject/i.test(name)) throw new WorkbookRefused(MACROS)
    const part = contentOf(file, file.readUInt32LE(at + 42), method, packed, budget)
    // What it says of itself is what a reader makes room for.
    if (part.length !== unpacked) throw new WorkbookRefused(DAMAGED)
    budget -= part.length
    if (name.startsWith('xl/worksheets/') && name.endsWith('.xml')) assertNear(part)
    at += ENTRY_BYTES + nameLength + extra + comment
  }
}

function endOf(file: Buffer): number {
  for (let at = file.length - END_BYTES; at >= 0 && at >= file.length - END_BYTES - LONGEST_COMMENT; at--)
    if (file.readUInt32LE(at) === END) return at
  throw new WorkbookRefused(DAMAGED)
}

function contentOf(file: Buffer, at: number, method: number, packed: number, budget: number): Buffer {
  if (file.readUInt32LE(at) !== LOCAL) throw new WorkbookRefused(DAMAGED)
  const start = at + LOCAL_BYTES + file.readUInt16LE(at + 26) + file.readUInt16LE(at + 28)
  if (start + packed > file.length) throw new WorkbookRefused(DAMAGED)
  const bytes = file.subarray(start, start + packed)
  if (method === STORED) return bytes
  if (method !== DEFLATED) throw new WorkbookRefused(DAMAGED)
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, budget) })
  } catch (error) {
    const full = error instanceof RangeError || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw new WorkbookRefused(full ? TOO_LARGE : DAMAGED)
  }
}

/** Readers make room for every row and column up to the last that is named. */
function assertNear(sheet: Buffer): void {
  for (const [, letters = '', digits = ''] of sheet.toString('latin1').matchAll(/\br="([A-Z]{0,9})(\d{1,12})"/g)) {
    const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0)
    if (Number(digits) > MAX_WORKBOOK_ROWS || column > MAX_COLUMNS) throw new WorkbookRefused(TOO_FAR)
  }
}
