// A power cut, replayed: a process was killed, and its files are put back to what a disk would hold if the cache of the
// machine had gone with it. What was written before the start of a sync that returned is there; of the rest, nothing, or
// (as a disk writes back in whatever order it likes) some pages.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** struct record of shim/disk.c. */
const HEADER_BYTES = 24
const KINDS = { created: 1, written: 2, truncated: 3, synced: 4 } as const
const PAGE = 4_096

/** Content by inode, as of the last start: it survived, so it is durable. */
export type DurableFiles = ReadonlyMap<number, Buffer>

export interface CutReport {
  /** Bytes that were in files and are not any more, or are what they were before. */
  readonly undone: number
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

export function durableFiles(directory: string): DurableFiles {
  return new Map(filesBelow(directory).map((path) => [statSync(path).ino, readFileSync(path)]))
}

/** SQLite's shared memory is rebuilt from the log; nothing of it is ever synced. */
const isSharedMemory = (path: string): boolean => path.endsWith('-shm')

/**
 * `survives`: whether a page that was written and not synced has reached the disk all the same; it is asked page by page.
 */
export function cutPower(directory: string, before: DurableFiles, log: string, survives: () => boolean): CutReport {
  const durable = replay(before, existsSync(log) ? readFileSync(log) : Buffer.alloc(0))
  let undone = 0
  for (const path of filesBelow(directory)) {
    if (isSharedMemory(path)) {
      rmSync(path)
      continue
    }
    const written = readFileSync(path)
    const kept = blend(durable.get(statSync(path).ino) ?? Buffer.alloc(0), written, survives)
    if (kept.equals(written)) continue
    undone += differingBytes(kept, written)
    writeFileSync(path, kept)
  }
  return { undone }
}

interface Pending {
  readonly index: number
  readonly kind: number
  readonly offset: number
  readonly bytes: Buffer
}

/** What each inode holds if everything after its last sync is forgotten. */
function replay(before: DurableFiles, log: Buffer): Map<number, Buffer> {
  const durable = new Map<number, Content>()
  const pending = new Map<number, Pending[]>()
  const contentOf = (inode: number): Content => {
    let content = durable.get(inode)
    if (content === undefined) durable.set(inode, (content = new Content(before.get(inode) ?? Buffer.alloc(0))))
    return content
  }
  for (let at = 0, index = 0; at + HEADER_BYTES <= log.length; index++) {
    const kind = log.readUInt32LE(at)
    const length = log.readUInt32LE(at + 4)
    const inode = Number(log.readBigUInt64LE(at + 8))
    const offset = Number(log.readBigUInt64LE(at + 16))
    const bytes = log.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)
    // Torn by the kill itself: it was never answered.
    if (bytes.length < length) break
    at += HEADER_BYTES + length
    if (kind === KINDS.created) {
      durable.set(inode, new Content(Buffer.alloc(0)))
      pending.set(inode, [])
    } else if (kind === KINDS.synced) {
      const waiting = pending.get(inode) ?? []
      for (const change of waiting) if (change.index < offset) contentOf(inode).apply(change)
      pending.set(
        inode,
        waiting.filter((change) => change.index >= offset),
      )
    } else {
      const waiting = pending.get(inode)
      const change = { index, kind, offset, bytes }
      if (waiting === undefined) pending.set(inode, [change])
      else waiting.push(change)
    }
  }
  const result = new Map<number, Buffer>(before)
  for (const [inode, content] of durable) result.set(inode, content.bytes)
  return result
}

/** A file that grows by small writes, without copying it at each of them. */
class Content {
  #buffer: Buffer
  #length: number

  constructor(bytes: Buffer) {
    this.#buffer = Buffer.from(bytes)
    this.#length = bytes.length
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  apply({ kind, offset, bytes }: Pending): void {
    const end = kind === KINDS.truncated ? offset : Math.max(this.#length, offset + bytes.length)
    if (end > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(end, this.#buffer.length * 2))
      this.bytes.copy(larger)
      this.#buffer = larger
    }
    // What lies beyond the end reads as zeros if the file grows again.
    if (end < this.#length) this.#buffer.fill(0, end, this.#length)
    this.#length = end
    if (kind === KINDS.written) bytes.copy(this.#buffer, offset)
  }
}

/** The durable content with those pages of the newer one that happened to be written back. */
function blend(durable: Buffer, written: Buffer, survives: () => boolean): Buffer {
  const result = Buffer.alloc(Math.max(durable.length, written.length))
  durable.copy(result)
  let length = durable.length
  // A file that was cut short is, by then, or is not.
  if (written.length < durable.length && survives()) length = written.length
  for (let at = 0; at < written.length; at += PAGE) {
    const page = written.subarray(at, at + PAGE)
    if (page.equals(durable.subarray(at, at + page.length)) || !survives()) continue
    page.copy(result, at)
    length = Math.max(length, at + page.length)
  }
  return result.subarray(0, length)
}

function differingBytes(one: Buffer, other: Buffer): number {
  let count = Math.abs(one.length - other.length)
  for (let at = 0; at < Math.min(one.length, other.length); at++) if (one[at] !== other[at]) count++
  return count
}
