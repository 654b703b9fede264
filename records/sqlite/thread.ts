// One SQLite connection in its own thread: an fsync that takes 200 ms must not take them from the event loop.
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { FromThread, QueryAnswer, Request, ThreadSettings, ToThread } from './messages.ts'

/** Another process (a backup, an administrator's shell) may hold the file this long, ms; the journal waits in order. */
const BUSY_TIMEOUT_MS = 30_000
/** Compiled statements kept; a statement's text depends on how many rows or ids it takes. */
const MAX_STATEMENTS = 256
/** A log longer than this is cut back once it has been written into the ledger, bytes. */
const MAX_LOG_BYTES = 64 * 1024 * 1024

if (parentPort === null) throw new Error('thread.ts runs in a worker thread')
const port = parentPort
const settings = workerData as ThreadSettings

const database = open(settings)
const statements = new Map<string, StatementSync>()
port.on('message', (message: ToThread) => port.postMessage(answer(message)))

function open({ file, readOnly }: ThreadSettings): DatabaseSync {
  const opened = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
  if (readOnly) return opened
  opened.exec('pragma journal_mode = wal')
  // FULL: the log is synced at every commit, which is what an acknowledgement stands for (G1, G2).
  opened.exec('pragma synchronous = full')
  // What is erased is overwritten, not only forgotten.
  opened.exec('pragma secure_delete = on')
  opened.exec(`pragma journal_size_limit = ${MAX_LOG_BYTES}`)
  return opened
}

function answer(message: ToThread): FromThread {
  try {
    return { id: message.id, answer: perform(message) }
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error))
    const code = 'errcode' in failure ? String(failure.errcode) : null
    return { id: message.id, error: failure, code }
  }
}

const NOTHING: QueryAnswer = { rows: [], changes: null }

function perform(request: Request): QueryAnswer {
  switch (request.type) {
    case 'begin':
      database.exec(settings.readOnly ? 'begin' : 'begin immediate')
      return NOTHING
    case 'commit':
      database.exec('commit')
      return NOTHING
    case 'rollback':
      // A full disk or an I/O error may already have rolled it back.
      if (database.isTransaction) database.exec('rollback')
      return NOTHING
    case 'close':
      statements.clear()
      database.close()
      port.close()
      return NOTHING
    case 'query': {
      const statement = compiled(request.sql)
      if (statement.columns().length > 0) return { rows: statement.all(...request.parameters), changes: null }
      return { rows: [], changes: Number(statement.run(...request.parameters).changes) }
    }
  }
}

function compiled(sql: string): StatementSync {
  const known = statements.get(sql)
  if (known !== undefined) return known
  const statement = database.prepare(sql)
  const oldest = statements.size >= MAX_STATEMENTS ? statements.keys().next().value : undefined
  if (oldest !== undefined) statements.delete(oldest)
  statements.set(sql, statement)
  return statement
}
