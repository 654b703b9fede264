// Splits a table into records, each with the physical line it starts at. A large one is read in turns with everything else
// the hub does: alarms do not wait for an import.
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CsvError, parse } from 'csv-parse'

const CHUNK_BYTES = 64 * 1024
/** Records handled before the others have their turn; some milliseconds. */
const RECORDS_A_TURN = 100

export interface CsvRecord {
  /** The header is line 1. */
  readonly line: number
  /** Trimmed; a cell that spans several lines is read as one. */
  readonly cells: readonly string[]
}

/** A table that cannot be split: the line at which the record that breaks off starts. */
export class Unreadable extends Error {
  readonly line: number

  constructor(line: number, cause: CsvError) {
    super(cause.message)
    this.line = line
  }
}

function* chunksOf(text: string): Iterable<Buffer> {
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES)
}

/** What the parser hands over with `raw`; its types know only the cells. */
interface Parsed {
  readonly record: readonly string[]
  readonly raw: string
}

export async function* csvRecords(text: string): AsyncIterable<CsvRecord> {
  // Counted here: the parser counts the two characters of a CR LF inside a quoted cell as two lines. Counted while it
  // splits, for when it fails the records that wait in its buffer are lost.
  let next = 1
  const parser = parse({
    bom: true,
    relax_column_count: true,
    raw: true,
    on_record: (given) => {
      const { record, raw } = given as unknown as Parsed
      const line = next
      next += raw.replace(/(?:\r\n|\n|\r)$/, '').split(/\r\n|\n|\r/).length
      const cells = record.map((cell) => cell.replace(/\s*[\r\n]+\s*/g, ' ').trim())
      return { line, cells } satisfies CsvRecord as unknown as string[]
    },
  })
  let records = 0
  try {
    for await (const record of Readable.from(chunksOf(text)).pipe(parser)) {
      yield record as CsvRecord
      records += 1
      if (records % RECORDS_A_TURN === 0) await nextTurn()
    }
  } catch (error) {
    throw error instanceof CsvError ? new Unreadable(next, error) : error
  }
}
