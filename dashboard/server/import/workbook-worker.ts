// Reads one workbook in a thread of its own: a table of twenty thousand rows must not keep an alarm waiting.
import { parentPort, workerData } from 'node:worker_threads'
import readXlsxFile from 'read-excel-file/universal'
import { assertBounded, WorkbookRefused } from './workbook-guard.ts'
import type { CellText, Reading, RawSheet } from './workbook.ts'

const DAMAGED =
  '文件不是完好的 XLSX 工作簿，请用“另存为 Excel 工作簿（.xlsx）”重新保存。 The file is not a sound XLSX workbook; save it anew as .xlsx.'

async function read(bytes: Uint8Array): Promise<Reading> {
  try {
    const file = Buffer.from(bytes)
    assertBounded(file)
    const content = new Uint8Array(file).buffer
    const sheets = await readXlsxFile(content)
    return {
      ok: true,
      sheets: sheets.map(({ sheet, data }): RawSheet => ({ name: sheet, rows: data.map((row) => row.map(textOf)) })),
    }
  } catch (error) {
    return { ok: false, message: error instanceof WorkbookRefused ? error.message : DAMAGED }
  }
}

/** Formulas count as what they last came to; a day is written as forms write it. */
function textOf(value: unknown): CellText {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString().slice(0, 10)
  if (typeof value === 'number') return value
  const text = String(value).trim()
  return text === '' ? null : text
}

parentPort?.postMessage(await read(workerData as Uint8Array), [])
