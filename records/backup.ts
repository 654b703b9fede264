// Copies of the ledger: made while it runs, verified before they count, the oldest dropped.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyLedger } from './sqlite/copy.ts'
import { verifyLedgerFile } from './verify.ts'
import type { VerifiedLedger } from './verify.ts'

export const KEPT_BACKUPS = 14
const NAME = /^ledger-\d{8}T\d{6}Z\.db$/

/** `ledger-20270131T021500Z.db`: sorts by time. `at` is wall time, ms. */
export function backupName(at: number): string {
  const stamp = new Date(at).toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '')
  return `ledger-${stamp}.db`
}

/** Of the files of a backup directory, those to remove: all but the newest `keep` backups. Other files are left alone. */
export function outdatedBackups(names: readonly string[], keep: number = KEPT_BACKUPS): string[] {
  const backups = names.filter((name) => NAME.test(name)).sort()
  return backups.slice(0, Math.max(0, backups.length - keep))
}

/** Copies the ledger `file`, in use or not, to `target`. Throws if the copy is not whole; then there is no `target`. */
export async function backupOf(file: string, target: string, knownSchema: number): Promise<VerifiedLedger> {
  let verified: VerifiedLedger | undefined
  await copyLedger(file, target, async (copy) => {
    verified = await verifyLedgerFile(copy, knownSchema)
  })
  if (verified === undefined) throw new Error('The copy was not verified.')
  return verified
}

/** A backup named by time into `directory`, and the oldest beyond `keep` removed: the nightly run. Answers its path. */
export async function rotateBackups(
  directory: string,
  at: number,
  backup: (target: string) => Promise<unknown>,
  keep: number = KEPT_BACKUPS,
): Promise<string> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const target = join(directory, backupName(at))
  await backup(target)
  for (const name of outdatedBackups(readdirSync(directory), keep)) rmSync(join(directory, name))
  return target
}
