// The event loop's end of a ledger thread: requests in order, each with its answer.
import { Worker } from 'node:worker_threads'
import { refuseUnbindable } from '../bindable.ts'
import type { SqlValue } from '../bindable.ts'
import type { FromThread, QueryAnswer, Request, ThreadSettings } from './messages.ts'

interface Waiting {
  readonly resolve: (answer: QueryAnswer) => void
  readonly reject: (error: Error) => void
}

/** An error of SQLite's; `code` is its extended result code (13 = disk full, 5 = busy, 2067 = not unique). */
export class SqliteError extends Error {
  override readonly name = 'SqliteError'
  readonly code: number | null
  constructor(message: string, code: number | null, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export class SqliteThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  /** Resolves with the reason if the thread dies without having been closed. */
  readonly died: Promise<Error>
  #nextId = 1
  #dead: Error | null = null
  #closing = false

  constructor(settings: ThreadSettings) {
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: settings,
      name: settings.readOnly ? 'ledger reader' : 'ledger writer',
    })
    this.#worker.on('message', (message: FromThread) => this.#settle(message))
    let cause: Error | null = null
    this.#worker.on('error', (error) => (cause = error instanceof Error ? error : new Error(String(error))))
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.died = new Promise((resolve) => {
      void this.#exited.then(() => {
        this.#dead = sqliteError(cause ?? new Error('The ledger thread ended.'))
        for (const { reject } of this.#waiting.values()) reject(this.#dead)
        this.#waiting.clear()
        if (!this.#closing) resolve(this.#dead)
      })
    })
  }

  query(sql: string, parameters: readonly unknown[]): Promise<QueryAnswer> {
    try {
      refuseUnbindable(sql, parameters)
    } catch (error) {
      return Promise.reject(error as TypeError)
    }
    return this.send({ type: 'query', sql, parameters: parameters as readonly SqlValue[] })
  }

  send(request: Request): Promise<QueryAnswer> {
    if (this.#dead !== null) return Promise.reject(this.#dead)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ ...request, id }, [])
    })
  }

  /** Closes the database and waits for the thread's end. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true
      // A thread that is already dead has nothing left to close.
      await this.send({ type: 'close' }).catch(() => undefined)
    }
    await this.#exited
  }

  #settle(message: FromThread): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('answer' in message) waiting?.resolve(message.answer)
    else waiting?.reject(sqliteError(message.error, message.code))
  }
}

function sqliteError(error: Error, code?: string | null): SqliteError {
  const known = code ?? ('errcode' in error ? String(error.errcode) : null)
  return new SqliteError(error.message, known === null ? null : Number(known), { cause: error })
}
