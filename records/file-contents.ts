// The content of files, each under its own SHA-256: `files/ab/ab12…`. A name appears only when its content is whole and
// durable; the same content is kept once. Nothing here knows whose a file is.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { LedgerError } from './errors.ts'
import type { Contents } from './files.ts'

const HASH = /^[0-9a-f]{64}$/
const INCOMING = 'incoming'
/** What stays free for alarms and readings, bytes: nobody's photograph may fill the disk. */
const KEPT_FREE = 256 * 1024 * 1024

export const filesIn = (directory: string): string => join(directory, 'files')

export const contentHash = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** The first two digits make folders that stay small. */
export function contentPath(directory: string, sha256: string): string {
  if (!HASH.test(sha256)) throw new Error('not a content hash')
  return join(directory, sha256.slice(0, 2), sha256)
}

export class FileContents implements Contents {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async write(sha256: string, content: Uint8Array): Promise<void> {
    const path = contentPath(this.#directory, sha256)
    if ((await sizeOf(path)) === content.length) return
    const incoming = join(this.#directory, INCOMING)
    await makeDurableDirectory(incoming)
    await makeDurableDirectory(dirname(path))
    await refuseToFill(incoming, content.length)
    const partial = join(incoming, randomBytes(12).toString('hex'))
    try {
      const handle = await open(partial, 'wx', 0o600)
      try {
        await handle.writeFile(content)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(partial, path)
    } catch (error) {
      await rm(partial, { force: true })
      throw isFull(error) ? full() : error
    }
    await syncDirectory(dirname(path))
  }

  /** null: not there. */
  async read(sha256: string): Promise<Readable | null> {
    const path = contentPath(this.#directory, sha256)
    // Opened here: a stream's own open fails only after the answer has begun.
    const handle = await open(path, 'r').catch(unlessMissing)
    return handle === null ? null : createReadStream(path, { fd: handle })
  }

  async remove(sha256: string): Promise<void> {
    const path = contentPath(this.#directory, sha256)
    await rm(path, { force: true })
    await syncDirectory(dirname(path)).catch(unlessMissing)
  }

  /**
   * Removes what a crash left half-written, and every content that `kept` does not name and that has its name since before
   * `before`, ms. Other files are left alone.
   */
  async sweep(kept: ReadonlySet<string>, before = Infinity): Promise<number> {
    let removed = 0
    for (const folder of await namesIn(this.#directory)) {
      for (const name of await namesIn(join(this.#directory, folder))) {
        const left = folder === INCOMING ? /^[0-9a-f]{24}$/.test(name) : HASH.test(name) && !kept.has(name)
        const path = join(this.#directory, folder, name)
        if (!left || (before !== Infinity && ((await stat(path).catch(unlessMissing))?.ctimeMs ?? 0) > before)) continue
        await rm(path, { force: true })
        removed += 1
      }
    }
    return removed
  }
}

/** Its name is durable too: a folder made a moment before a power cut would take the file with it. */
async function makeDurableDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (made === undefined) return
  for (let at = directory; at.length >= made.length; at = dirname(at)) await syncDirectory(dirname(at))
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function refuseToFill(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  if (bavail * bsize < bytes + KEPT_FREE) throw full()
}

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(String((error as NodeJS.ErrnoException).code))

function full(): LedgerError {
  return new LedgerError('unavailable', {
    zh: '平台磁盘空间不足，暂不接收文件；报警不受影响。',
    en: 'The hub is short of disk space and takes no files for now; alarms go on.',
  })
}

function unlessMissing(error: unknown): null {
  if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return null
  throw error
}

const sizeOf = async (path: string): Promise<number | null> => (await stat(path).catch(unlessMissing))?.size ?? null

const namesIn = async (directory: string): Promise<string[]> => (await readdir(directory).catch(unlessMissing)) ?? []
