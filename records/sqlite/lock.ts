// One hub a ledger. The lock is SQLite's own, on a file of its own: the system drops it with the process, however that
// ends, so it is never stale; and it holds against a second opening in this process too. (Nothing else here may open and
// close the file: POSIX drops a process's locks on a file at its first close.)
import { DatabaseSync } from 'node:sqlite'
import { LedgerUnusable } from '../errors.ts'
import { createPrivately } from './files.ts'

const SQLITE_BUSY = 5

export interface LedgerLock {
  release(): void
}

export function takeLock(file: string): LedgerLock {
  createPrivately(file)
  const holder = new DatabaseSync(file, { timeout: 0 })
  try {
    holder.exec('begin exclusive')
  } catch (error) {
    holder.close()
    if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error
    const text = {
      zh: '账本正被另一个智安进程使用。请先停止它，或用 ZHIAN_DATA_DIR 指定别的数据目录。',
      en: "The ledger is in use by another Zhi'an process. Stop that one first, or set ZHIAN_DATA_DIR to another directory.",
    }
    throw new LedgerUnusable('in_use', text, { cause: error })
  }
  return { release: () => holder.close() }
}
