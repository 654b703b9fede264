// How a write-ahead log ends. DuckDB drops an entry that is cut short without a word, and with it whatever stands behind:
// right after a kill in the middle of a write, but not what an operator may be left to guess at when a length was damaged.
import { readFileSync } from 'node:fs'

// The log as DuckDB 1.5 writes it: a header naming version 2, then entries of length, checksum and content.
const HEADER = Buffer.from('640062650002ffff', 'hex')
const ENTRY_HEAD = 16
/** The entry that ends a commit: always the same length, checksum and content. */
const COMMIT_END = Buffer.from('0500000000000000e7fe7d722fed3d5e640064ffff', 'hex')

export interface LogEnd {
  /** Bytes that DuckDB will not read: they begin with an entry longer than what is left of the file. */
  readonly dropped: number
  /** Whether commits stand in those bytes: then not a write was interrupted, but a length was damaged. */
  readonly hadCommits: boolean
}

/** What the opening of this log will drop silently; undefined: nothing, or not a log of the version known here. */
export function silentlyDropped(log: string): LogEnd | undefined {
  const bytes = read(log)
  if (bytes === undefined || !bytes.subarray(0, HEADER.length).equals(HEADER)) return undefined
  let at = HEADER.length
  while (bytes.length - at >= ENTRY_HEAD) {
    const length = bytes.readBigUInt64LE(at)
    if (length > BigInt(bytes.length - at - ENTRY_HEAD)) break
    at += ENTRY_HEAD + Number(length)
  }
  if (at === bytes.length) return undefined
  return { dropped: bytes.length - at, hadCommits: bytes.indexOf(COMMIT_END, at) !== -1 }
}

/**
 * Where the entry begins whose content begins at `position`: DuckDB tells of a damaged entry by its content, and a head that
 * is left behind is a damaged entry again, above all one of zeros, as a page is that was never written back. In a log of
 * another form: `position`.
 */
export function startOfEntry(log: string, position: number): number {
  const head = readFileSync(log).subarray(0, HEADER.length)
  return head.equals(HEADER) && position >= HEADER.length + ENTRY_HEAD ? position - ENTRY_HEAD : position
}

function read(log: string): Buffer | undefined {
  try {
    return readFileSync(log)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
