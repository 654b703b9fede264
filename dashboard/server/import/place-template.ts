// The workbook to begin with: every sheet with its header and one example row, which is to be overwritten.
import { SHEETS_OF_PLACES } from './place-columns.ts'

const WIDTH = 14

export async function placeTemplate(): Promise<Buffer> {
  const { default: writeXlsxFile } = await import('write-excel-file/node')
  return writeXlsxFile(
    SHEETS_OF_PLACES.map(({ zh, columns }) => ({
      sheet: zh,
      stickyRowsCount: 1,
      columns: columns.map(({ width = WIDTH }) => ({ width })),
      data: [
        columns.map((column) => ({ value: `${column.zh}${column.required ? '*' : ''}`, fontWeight: 'bold' as const })),
        columns.map(({ example }) => (example === '' ? null : { value: example, type: String })),
      ],
    })),
  ).toBuffer()
}
