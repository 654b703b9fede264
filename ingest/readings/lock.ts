// The store's own lock. DuckDB locks its file against other processes only; a second opening from another thread of the
// same process succeeds, diverges and loses rows, so the store locks its directory before it opens anything.
import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'

interface Holder {
  readonly token: string
  readonly pid: number
  /** Distinguishes a process from a later one with the same pid. */
  readonly startedAt: string
  readonly thread: number
}

/** The directory belongs to a store that is still open. */
export class StoreLockedError extends Error {
  override readonly name = 'StoreLockedError'
  readonly pid: number

  constructor(directory: string, holder: { pid: number; thread: number }) {
    const here = holder.pid === process.pid
    super(
      here
        ? `时序库 ${directory} 已被本进程的另一处（线程 ${holder.thread}）打开，不能再次打开。 ` +
            `The reading store ${directory} is already open in this process (thread ${holder.thread}) and cannot be opened twice.`
        : `时序库 ${directory} 正被另一个进程（${holder.pid}）使用，请先停止它。 ` +
            `The reading store ${directory} is in use by another process (${holder.pid}): stop that one first.`,
    )
    this.pid = holder.pid
  }
}

/** Locks the directory and returns the unlock. Throws StoreLockedError while the holder lives; a dead holder's lock is taken over. */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'store.lock')
  const mine: Holder = { token: randomUUID(), pid: process.pid, startedAt: startOf(process.pid), thread: threadId }
  // Written aside and linked into place: nobody can ever read half a lock.
  const draft = `${path}.${mine.token}`
  writeFileSync(draft, JSON.stringify(mine), { flush: true })
  try {
    while (!linked(draft, path)) {
      const holder = readHolder(path)
      if (holder && alive(holder)) throw new StoreLockedError(directory, holder)
      takeAway(path, holder?.token, directory)
    }
  } finally {
    unlinkSync(draft)
  }
  return () => {
    if (readHolder(path)?.token === mine.token) unlinkSync(path)
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Moves a dead lock aside. Two takers may race: whoever moved a living lock puts it back and steps aside. */
function takeAway(path: string, dead: string | undefined, directory: string): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return
    throw error
  }
  const moved = readHolder(aside)
  const living = moved && moved.token !== dead && alive(moved)
  if (living) linked(aside, path)
  unlinkSync(aside)
  if (living) throw new StoreLockedError(directory, moved)
}

function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isHolder(value) ? value : undefined
  } catch (error) {
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined
    throw error
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'token' in value &&
    typeof value.token === 'string' &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'startedAt' in value &&
    typeof value.startedAt === 'string' &&
    'thread' in value &&
    typeof value.thread === 'number'
  )
}

function alive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it lives, under another user.
    if (!isCode(error, 'EPERM')) return false
  }
  return startOf(holder.pid) === holder.startedAt
}

/** When a process started: boot id and clock ticks on Linux; elsewhere unknown, and then the pid alone decides. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    // The second field is the command in parentheses and may hold anything; starttime is the 20th after it.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return 'unknown'
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
