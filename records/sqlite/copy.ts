// A consistent copy of a ledger, also of one in use, also by another process.
import { once } from 'node:events'
import { renameSync, rmSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { createPrivately, syncDirectoryOf, syncFile } from './files.ts'

/** `check` sees the whole copy before it gets its name; a copy that fails is removed. */
export async function copyLedger(from: string, to: string, check: (copy: string) => Promise<void>): Promise<void> {
  const partial = `${to}.partial`
  rmSync(partial, { force: true })
  createPrivately(partial)
  try {
    const worker = new Worker(new URL('./copy-thread.ts', import.meta.url), { workerData: { from, to: partial } })
    // An error of the thread rejects this wait.
    await once(worker, 'exit')
    await check(partial)
    syncFile(partial)
    renameSync(partial, to)
    syncDirectoryOf(to)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
}
