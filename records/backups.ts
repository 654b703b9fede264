// Copies of the ledger: made while it runs, verified before they count, the oldest dropped.
import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FileContents, filesIn } from './file-contents.ts'
import { contentFoldersOf, contentsNamedBy, copyContents } from './file-copies.ts'
import { copyLedger } from './sqlite/copy.ts'
import { verifyLedgerFile } from './verify.ts'
import type { VerifiedLedger } from './verify.ts'

/** `ledger-20270131-030000.db`: such names sort by time. */
const NAME = /^ledger-\d{8}-\d{6}\.db$/
const HALF_MADE = /^ledger-\d{8}-\d{6}\.db\.partial$/

/** How often a copy is taken anew because a file was removed while it was made. */
const MAX_TRIES = 5

export interface BackedUp extends VerifiedLedger {
  readonly files: {
    readonly named: number
    /** Not in the hub's own folder either, e.g. since a restore without it. */
    readonly missing: number
  }
}

/**
 * Copies the ledger `file`, in use or not, to `target`, and the contents of the files that the copy names beside it. Throws if
 * the copy is not whole; then there is no `target`.
 */
export async function backupOf(file: string, target: string, knownSchema: number): Promise<BackedUp> {
  for (let tries = 1; ; tries++) {
    let made: BackedUp | undefined
    await copyLedger(file, target, async (copy) => {
      const verified = await verifyLedgerFile(copy, knownSchema)
      const named = await contentsNamedBy(copy)
      const missing = await copyContents(named, contentFoldersOf(file), filesIn(dirname(target)))
      made = { ...verified, files: { named: named.length, missing: missing.length } }
    })
    if (made === undefined) throw new Error('The copy was not verified.')
    if (made.files.missing === 0 || tries === MAX_TRIES) return made
  }
}

/**
 * Of the files of a backup directory, those to remove: all but the newest `keep` backups, and what copies cut off before
 * the newest left half-made. Other files are left alone.
 */
export function outdatedBackups(names: readonly string[], keep: number): string[] {
  const backups = names.filter((name) => NAME.test(name)).sort()
  const newest = backups.at(-1) ?? ''
  const halfMade = names.filter((name) => HALF_MADE.test(name) && name < newest)
  return [...backups.slice(0, Math.max(0, backups.length - keep)), ...halfMade]
}

/** The newest whole copy in the directory, whoever made it; null when there is none. */
export async function newestBackup(directory: string): Promise<{ at: number; bytes: number } | null> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const newest = names
    .filter((name) => NAME.test(name))
    .sort()
    .at(-1)
  if (newest === undefined) return null
  const { mtimeMs, size } = await stat(join(directory, newest))
  return { at: Math.floor(mtimeMs), bytes: size }
}

/** How long a content that no copy names may belong to a copy that is being made, ms. */
const IN_THE_MAKING = 3_600_000

/** Contents of files go with the last copy that names them. `now`: wall time, ms. */
export async function pruneBackups(directory: string, keep: number, now: number): Promise<void> {
  const outdated = outdatedBackups(await readdir(directory), keep)
  for (const name of outdated) await rm(join(directory, name), { force: true })
  if (outdated.length === 0) return
  const named = new Set<string>()
  for (const name of (await readdir(directory)).filter((one) => NAME.test(one)))
    for (const hash of await contentsNamedBy(join(directory, name))) named.add(hash)
  await new FileContents(filesIn(directory)).sweep(named, now - IN_THE_MAKING)
}
