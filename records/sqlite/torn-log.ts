// Looks at the end of a write-ahead log before SQLite does. SQLite drops what a crash tore off without a word; the
// operator should read of it. The layout is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const MAGIC_LITTLE_ENDIAN = 0x377f0682
const MAGIC_BIG_ENDIAN = 0x377f0683

export interface TornTail {
  /** Bytes of this log's own frames that belong to no whole commit. */
  readonly bytes: number
  readonly commits: number
}

type Sums = readonly [number, number]

/**
 * null: the log ends with a whole commit (frames of an earlier round may follow, they are not torn) or is empty. Only for
 * a log that no connection of this process has open.
 */
export function tornTailOf(file: string): TornTail | null {
  const descriptor = openSync(file, 'r')
  try {
    return readLog(descriptor, fstatSync(descriptor).size)
  } finally {
    closeSync(descriptor)
  }
}

function readLog(descriptor: number, size: number): TornTail | null {
  if (size === 0) return null
  const header = Buffer.alloc(HEADER_BYTES)
  readSync(descriptor, header, 0, HEADER_BYTES, 0)
  const magic = header.readUInt32BE(0)
  const littleEndian = magic === MAGIC_LITTLE_ENDIAN
  const knownMagic = littleEndian || magic === MAGIC_BIG_ENDIAN
  const headerSums = checksum([0, 0], header.subarray(0, 24), littleEndian)
  if (!knownMagic || !sumsMatch(headerSums, header, 24)) return { bytes: size, commits: 0 }

  const frame = Buffer.alloc(FRAME_HEADER_BYTES + header.readUInt32BE(8))
  const { commits, end } = wholeCommits(descriptor, header, frame, headerSums, littleEndian)
  const tornEnd = endOfOwnFrames(descriptor, size, header, frame, end)
  return tornEnd > end ? { bytes: tornEnd - end, commits } : null
}

/** Follows the chain of checksums; `end` is the byte after the last frame that ends a commit. */
function wholeCommits(
  descriptor: number,
  header: Buffer,
  frame: Buffer,
  headerSums: Sums,
  littleEndian: boolean,
): { commits: number; end: number } {
  let sums = headerSums
  let commits = 0
  let end = HEADER_BYTES
  for (let offset = HEADER_BYTES; ; offset += frame.length) {
    const read = readSync(descriptor, frame, 0, frame.length, offset)
    if (read < frame.length || !sameSalts(frame, header)) return { commits, end }
    sums = checksum(sums, frame.subarray(0, 8), littleEndian)
    sums = checksum(sums, frame.subarray(FRAME_HEADER_BYTES), littleEndian)
    if (!sumsMatch(sums, frame, 16)) return { commits, end }
    // The size of the database in pages marks the last frame of a commit.
    if (frame.readUInt32BE(4) !== 0) {
      commits++
      end = offset + frame.length
    }
  }
}

/** Frames of an earlier round of the same file have other salts: left over, not torn. */
function endOfOwnFrames(descriptor: number, size: number, header: Buffer, frame: Buffer, from: number): number {
  let end = from
  for (let offset = from; offset < size; offset += frame.length) {
    const read = readSync(descriptor, frame, 0, frame.length, offset)
    const cutInHeader = read < 16
    if (cutInHeader || sameSalts(frame, header)) end = Math.min(offset + frame.length, size)
  }
  return end
}

function sameSalts(frame: Buffer, header: Buffer): boolean {
  return frame.compare(header, 16, 24, 8, 16) === 0
}

function sumsMatch([first, second]: Sums, stored: Buffer, at: number): boolean {
  return stored.readUInt32BE(at) === first && stored.readUInt32BE(at + 4) === second
}

/** SQLite's: two running sums over pairs of 32-bit words, in the byte order that the log's magic number names. */
function checksum([first, second]: Sums, bytes: Buffer, littleEndian: boolean): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let a = first
  let b = second
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + view.getUint32(at, littleEndian) + b) >>> 0
    b = (b + view.getUint32(at + 4, littleEndian) + a) >>> 0
  }
  return [a, b]
}
