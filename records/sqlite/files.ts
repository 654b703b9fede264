// Where the ledger lies on disk, and how its files are made: readable by their owner only, durable by name.
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const LEDGER_FILE = 'ledger.db'
export const LOCK_FILE = 'ledger.lock'

export const ledgerFileIn = (directory: string) => join(directory, LEDGER_FILE)
export const lockFileIn = (directory: string) => join(directory, LOCK_FILE)
/** The log of a database in WAL mode. */
export const logOf = (file: string) => `${file}-wal`

export function makePrivateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
}

/** SQLite gives its log the mode of the database. An existing file is not even opened: see lock.ts on closing. */
export function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    chmodSync(file, 0o600)
  }
}

/** For files that no connection of this process has open. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** A name is durable once its directory is. */
export function syncDirectoryOf(file: string): void {
  const descriptor = openSync(dirname(file), 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
