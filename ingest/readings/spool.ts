// What was taken and is not yet in a store on another machine, on this machine's disk: segments of lines, one line an append,
// synced before the append resolves. It keeps the order of arrival, which such a store does not.
//
// A segment is named by the highest position before it, so that the position is known when every input is gone. A line is
// `crc32 json`; one that a crash tore is cut off at the next start, nobody was told that it is durable.
import { mkdir, open, readdir, readFile, stat, truncate, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { StoredInput } from './port.ts'
import { StoreUnavailableError, StoreUnusableError, unavailable } from './unavailable.ts'

const SEGMENT_BYTES = 16 * 1024 * 1024
/** Bytes that a reader takes at once. */
const CHUNK_BYTES = 1024 * 1024

interface Segment {
  /** Highest position before it. */
  readonly before: number
  readonly path: string
  /** Up to here it is synced. */
  bytes: number
}

interface Waiting {
  readonly line: string
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Spool {
  readonly #directory: string
  readonly #segmentBytes: number
  #segments: Segment[] = []
  #file: FileHandle | null = null
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null
  #failure: Error | null = null
  /** Highest position that is durable. */
  #position = 0
  #grown = Promise.withResolvers<void>()

  constructor(directory: string, segmentBytes = SEGMENT_BYTES) {
    this.#directory = directory
    this.#segmentBytes = segmentBytes
  }

  get position(): number {
    return this.#position
  }

  get failed(): boolean {
    return this.#failure !== null
  }

  /**
   * Reads what is there; also after a failed append, which may have reached the disk all the same. `atLeast`: a position that
   * was given before, should no segment remember it.
   */
  async open(atLeast: number): Promise<{ position: number; repaired?: string }> {
    await this.close()
    this.#failure = null
    await mkdir(this.#directory, { recursive: true })
    const names = (await readdir(this.#directory)).filter((name) => /^\d{16}\.spool$/.test(name)).sort()
    const segments = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#directory, name)
        return { before: Number(name.slice(0, 16)), path, bytes: (await stat(path)).size }
      }),
    )
    const newest = segments.at(-1)
    if (newest === undefined) {
      this.#segments = []
      this.#position = Math.max(atLeast, this.#position)
      await this.#begin()
      return { position: this.#position }
    }
    const content = await readFile(newest.path)
    const { inputs, bytes } = whole(content)
    const torn = content.length - bytes
    if (torn > 0) await truncate(newest.path, bytes)
    newest.bytes = bytes
    this.#file = await open(newest.path, 'a')
    this.#position = Math.max(atLeast, this.#position, newest.before, inputs.at(-1)?.position ?? 0)
    this.#segments = segments
    this.#wakeReaders()
    if (torn === 0) return { position: this.#position }
    return {
      position: this.#position,
      repaired: `readings on their way: cut a torn line of ${torn} bytes off ${newest.path}; nobody was told that it was stored`,
    }
  }

  /** Resolves when it is synced; in the order of calls. After a failure nothing is taken until `open`. */
  append(inputs: readonly StoredInput[]): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#file === null) return Promise.reject(unavailable('时序库未启动。', 'The reading store is not started.'))
    const position = inputs.at(-1)?.position
    if (position === undefined) return Promise.resolve()
    const json = JSON.stringify(inputs)
    const line = `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, position, resolve, reject })
      this.#running ??= this.#write()
    })
  }

  /** From after a position on, in order, growing with the spool. */
  reader(after: number): SpoolReader {
    return new SpoolReader(this, after)
  }

  /** Removes segments of which nothing is beyond the position. The newest stays: it knows the position. */
  async trim(upTo: number): Promise<void> {
    for (let next = this.#segments[1]; next !== undefined && next.before <= upTo; next = this.#segments[1]) {
      const [oldest] = this.#segments.splice(0, 1)
      if (oldest !== undefined) await unlink(oldest.path)
    }
  }

  /** Finishes what was appended. Idempotent. */
  async close(): Promise<void> {
    await this.#running
    await this.#file?.close()
    this.#file = null
    this.#wakeReaders()
  }

  /** Resolves when something new is durable, or the spool is closed. */
  grown(): Promise<void> {
    return this.#grown.promise
  }

  /** The segment in which a reader goes on, and the one behind it. */
  segmentAt(before: number | null, after: number): { segment: Segment; isLast: boolean } | null {
    const index =
      before === null
        ? Math.max(
            0,
            this.#segments.findLastIndex((segment) => segment.before <= after),
          )
        : this.#segments.findIndex((segment) => segment.before >= before)
    const segment = this.#segments[index]
    return segment === undefined ? null : { segment, isLast: index === this.#segments.length - 1 }
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        if (this.#newest().bytes >= this.#segmentBytes) await this.#begin()
        const bytes = Buffer.from(group.map(({ line }) => line).join(''))
        await this.#file?.appendFile(bytes)
        await this.#file?.datasync()
        this.#newest().bytes += bytes.length
        this.#position = group.at(-1)?.position ?? this.#position
      } catch (error) {
        this.#fail(error as Error, group)
        break
      }
      for (const { resolve } of group) resolve()
      this.#wakeReaders()
    }
    this.#running = null
  }

  #fail(error: Error, group: readonly Waiting[]): void {
    const { message } = error
    const failure = Object.assign(unavailable(`写入失败：${message}。`, `A write failed: ${message}`), { cause: error })
    this.#failure = failure
    for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(failure)
  }

  /** A new segment; its name is on the disk before anything in it. */
  async #begin(): Promise<void> {
    const path = join(this.#directory, `${String(this.#position).padStart(16, '0')}.spool`)
    const file = await open(path, 'a')
    await this.#file?.close()
    this.#file = file
    const directory = await open(this.#directory, 'r')
    await directory.sync().finally(() => directory.close())
    this.#segments.push({ before: this.#position, path, bytes: 0 })
  }

  #newest(): Segment {
    const newest = this.#segments.at(-1)
    if (newest === undefined) throw new StoreUnavailableError('no segment is open')
    return newest
  }

  #wakeReaders(): void {
    const { resolve } = this.#grown
    this.#grown = Promise.withResolvers<void>()
    resolve()
  }
}

/** Reads along while the spool grows. What it has read may be trimmed; what it has not must not. */
export class SpoolReader {
  readonly #spool: Spool
  #after: number
  #segment: number | null = null
  #offset = 0

  constructor(spool: Spool, after: number) {
    this.#spool = spool
    this.#after = after
  }

  /** Some of what follows, in order; null: nothing more is durable now. */
  async next(): Promise<StoredInput[] | null> {
    for (;;) {
      const at = this.#spool.segmentAt(this.#segment, this.#after)
      if (at === null) return null
      const { segment, isLast } = at
      if (segment.before !== this.#segment) this.#offset = 0
      this.#segment = segment.before
      if (this.#offset >= segment.bytes) {
        if (isLast) return null
        this.#segment = segment.before + 1
        continue
      }
      const { inputs, bytes } = await linesFrom(segment, this.#offset)
      this.#offset += bytes
      const unread = inputs.filter(({ position }) => position > this.#after)
      this.#after = Math.max(this.#after, unread.at(-1)?.position ?? 0)
      if (unread.length > 0) return unread
    }
  }
}

/** Whole lines of a segment, about a chunk of them; at least one. */
async function linesFrom({ path, bytes }: Segment, offset: number): Promise<{ inputs: StoredInput[]; bytes: number }> {
  const file = await open(path, 'r')
  try {
    for (let wanted = CHUNK_BYTES; ; wanted *= 2) {
      const length = Math.min(wanted, bytes - offset)
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
      const read = whole(buffer)
      if (read.bytes > 0) return read
      if (length < wanted)
        throw new StoreUnusableError(
          `待转存的读数文件损坏：${path}。请停机移走它，其中的读数会缺失。` +
            ` A file of readings on their way to the store is damaged: ${path}. Stop the hub and move it away; its readings will be missing.`,
        )
    }
  } finally {
    await file.close()
  }
}

/** The lines up to the first that is not whole. */
function whole(content: Buffer): { inputs: StoredInput[]; bytes: number } {
  const inputs: StoredInput[] = []
  let start = 0
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, start)) {
    const json = content.subarray(start + 9, end)
    if (content.toString('latin1', start, start + 8) !== crc32(json).toString(16).padStart(8, '0')) break
    inputs.push(...(JSON.parse(json.toString('utf8')) as StoredInput[]))
    start = end + 1
  }
  return { inputs, bytes: start }
}
