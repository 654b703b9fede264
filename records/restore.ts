// Puts a backup in the ledger's place. Nothing is removed: what was there stays beside it under another name.
import { dirname } from 'node:path'
import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { appendAudit, HUB_ACTOR } from './audit.ts'
import { backupOf } from './backups.ts'
import type { BackedUp } from './backups.ts'
import { LedgerUnusable } from './errors.ts'
import { asideAt, contentsNamedBy, copyContents } from './file-copies.ts'
import { filesIn } from './file-contents.ts'
import { INCARNATION } from './journal.ts'
import { MIGRATIONS } from './migrations/all.ts'
import { ledgerFileIn, lockFileIn, logOf, makePrivateDirectory, syncDirectoryOf, syncFile } from './sqlite/files.ts'
import { takeLock } from './sqlite/lock.ts'
import { openWriter } from './sqlite/open.ts'
import { newId } from './store.ts'

export interface Restored extends BackedUp {
  /** Where the ledger that was there is now; null if there was none. */
  readonly replaced: string | null
}

/**
 * Refuses with LedgerUnusable while a hub runs on `directory`, and a backup that is not whole; then nothing has changed.
 * `at` is wall time, ms.
 */
export async function restoreLedger(directory: string, backup: string, at: number): Promise<Restored> {
  if (!existsSync(backup)) throw unreadable(`${backup} 不存在。`, `${backup} does not exist.`)
  makePrivateDirectory(directory)
  const lock = takeLock(lockFileIn(directory))
  try {
    const file = ledgerFileIn(directory)
    const incoming = `${file}.incoming`
    const verified = await backupOf(backup, incoming, MIGRATIONS.length).catch((error: unknown) => {
      throw error instanceof LedgerUnusable ? error : unreadable(`${String(error)}。`, `${String(error)}.`)
    })
    await noteRestore(incoming, at)
    syncFile(incoming)
    const replaced = existsSync(file) ? await setAside(file, at) : null
    // From here on there is one ledger or the other, never none.
    renameSync(incoming, file)
    syncDirectoryOf(file)
    return { ...verified, replaced }
  } finally {
    lock.release()
  }
}

function unreadable(zh: string, en: string): LedgerUnusable {
  return new LedgerUnusable('damaged', { zh: `备份不可用：${zh}`, en: `The backup cannot be used: ${en}` })
}

/** The audit trail of the restored ledger says from where it goes on, and screens learn that their cursors are of another. */
async function noteRestore(file: string, at: number): Promise<void> {
  const { db, close } = await openWriter(file)
  const entry = { actor: HUB_ACTOR, action: 'ledger.restored', subject: 'ledger' }
  try {
    await db.transaction().execute(async (trx) => {
      await appendAudit(trx, at, [entry])
      await trx
        .insertInto('setting')
        .values({ key: INCARNATION, value: newId() })
        .onConflict((conflict) => conflict.column('key').doUpdateSet((eb) => ({ value: eb.ref('excluded.value') })))
        .execute()
    })
  } finally {
    await close()
  }
}

/** A second name for what is there, log included: the log belongs to this database and must not meet the other. */
async function setAside(file: string, at: number): Promise<string> {
  // Closing the only connection writes the log into the database; a damaged one keeps its log, moved along with it.
  await openWriter(file)
    .then((connection) => connection.close())
    .catch(() => undefined)
  const aside = asideAt(file, at)
  // The ledger that is coming names other files: what the next start clears away stays with the one that names it.
  const named = await contentsNamedBy(file).catch(() => [])
  const files = filesIn(dirname(file))
  await copyContents(named, [files], asideAt(files, at))
  if (existsSync(logOf(file))) renameSync(logOf(file), logOf(aside))
  rmSync(`${file}-shm`, { force: true })
  linkOrCopy(file, aside)
  return aside
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    // Some file systems know no second names.
    copyFileSync(from, to)
  }
}
