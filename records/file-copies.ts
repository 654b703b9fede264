// The contents of files that a copy of the ledger names, beside that copy: `files/ab/ab12…` in its folder, each once for all
// copies there.
import { constants, existsSync } from 'node:fs'
import { copyFile, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import { contentHash, contentPath, filesIn } from './file-contents.ts'
import { openReader } from './sqlite/open.ts'

/** Hashes that a ledger names; a ledger from before there were files names none. */
export async function contentsNamedBy(ledgerFile: string): Promise<string[]> {
  const { db, close } = await openReader(ledgerFile)
  try {
    const known = await sql`select 1 from sqlite_master where type = 'table' and name = 'file'`.execute(db)
    if (known.rows.length === 0) return []
    const rows = await db.selectFrom('file').select('sha256').distinct().execute()
    return rows.map(({ sha256 }) => sha256)
  } finally {
    await close()
  }
}

/** Where the contents of files lie that a ledger names: beside it, or set aside with it by a restore. */
export function contentFoldersOf(ledgerFile: string): string[] {
  const beside = filesIn(dirname(ledgerFile))
  const aside = ASIDE.exec(ledgerFile)?.[0]
  return aside === undefined ? [beside] : [`${beside}${aside}`, beside]
}

const ASIDE = /\.before-restore-\d+$/
export const asideAt = (path: string, at: number): string => `${path}.before-restore-${at}`

/** Answers those that are in none of `sources`, or damaged in all of them. What is in `target` already stays. */
export async function copyContents(
  hashes: readonly string[],
  sources: readonly string[],
  target: string,
): Promise<string[]> {
  const missing: string[] = []
  for (const hash of hashes) {
    const to = contentPath(target, hash)
    // A name appears only when its content is whole.
    if (existsSync(to)) continue
    let found = false
    for (const source of sources) found ||= source !== target && (await copyOne(contentPath(source, hash), to, hash))
    if (!found) missing.push(hash)
  }
  return missing
}

async function copyOne(from: string, to: string, hash: string): Promise<boolean> {
  if (!(await isWhole(from, hash))) return false
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const partial = join(dirname(to), `${randomBytes(12).toString('hex')}.partial`)
  try {
    // A content never changes, so that two names may share it; other disks and some file systems need a copy.
    await link(from, partial).catch(() => copyFile(from, partial, constants.COPYFILE_EXCL))
    await sync(partial, 'r+')
    await rename(partial, to)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  await sync(dirname(to), 'r')
  return true
}

/** Contents are small (10 MiB), and a copy that is not what it says is none. */
async function isWhole(file: string, hash: string): Promise<boolean> {
  try {
    return contentHash(await readFile(file)) === hash
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return false
    throw error
  }
}

async function sync(path: string, flags: string): Promise<void> {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
