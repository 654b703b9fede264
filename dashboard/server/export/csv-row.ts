// One row of a CSV file (RFC 4180) that people open in a spreadsheet, which must show a text and never run it.

/** Excel reads a full-width sign as the sign in Chinese and Japanese; some programs skip what is blank before it. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/u

/** Excel takes a file for UTF-8 only with this mark before it. */
export const BYTE_ORDER_MARK = '\ufeff'

export type Cell = string | number | null

/** Numbers are the hub's own and stay numbers; a text that a spreadsheet would calculate is preceded by an apostrophe. */
export function csvRow(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
