// Copies of the ledger: made while it runs, verified before they count, the oldest dropped.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { copyLedger } from './sqlite/copy.ts'
import { verifyLedgerFile } from './verify.ts'
import type { VerifiedLedger } from './verify.ts'

/** `ledger-20270131-030000.db`: such names sort by time. */
const NAME = /^ledger-\d{8}-\d{6}\.db$/
const HALF_MADE = /^ledger-\d{8}-\d{6}\.db\.partial$/

/** Copies the ledger `file`, in use or not, to `target`. Throws if the copy is not whole; then there is no `target`. */
export async function backupOf(file: string, target: string, knownSchema: number): Promise<VerifiedLedger> {
  let verified: VerifiedLedger | undefined
  await copyLedger(file, target, async (copy) => {
    verified = await verifyLedgerFile(copy, knownSchema)
  })
  if (verified === undefined) throw new Error('The copy was not verified.')
  return verified
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

export async function pruneBackups(directory: string, keep: number): Promise<void> {
  for (const name of outdatedBackups(await readdir(directory), keep)) await rm(join(directory, name), { force: true })
}
