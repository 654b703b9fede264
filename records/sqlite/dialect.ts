// Kysely over a ledger thread. Kysely compiles SQL in the event loop (pure work), the thread runs it.
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, Kysely, QueryResult } from 'kysely'
import type { SqliteThread } from './connection.ts'

export class SqliteThreadDialect implements Dialect {
  readonly #thread: SqliteThread
  constructor(thread: SqliteThread) {
    this.#thread = thread
  }
  createDriver(): Driver {
    return new ThreadDriver(this.#thread)
  }
  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler()
  }
  createAdapter(): SqliteAdapter {
    return new SqliteAdapter()
  }
  createIntrospector(db: Kysely<never>): SqliteIntrospector {
    return new SqliteIntrospector(db)
  }
}

/** One connection, lent to one user at a time, first come first served: nothing slips into another's transaction. */
class ThreadDriver implements Driver {
  readonly #thread: SqliteThread
  readonly #connection: ThreadConnection
  #lent = false
  readonly #queue: (() => void)[] = []

  constructor(thread: SqliteThread) {
    this.#thread = thread
    this.#connection = new ThreadConnection(thread)
  }
  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#lent) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#lent = true
    return this.#connection
  }
  async releaseConnection(): Promise<void> {
    const next = this.#queue.shift()
    if (next === undefined) this.#lent = false
    else next()
  }
  async beginTransaction(): Promise<void> {
    await this.#thread.send({ type: 'begin' })
  }
  async commitTransaction(): Promise<void> {
    await this.#thread.send({ type: 'commit' })
  }
  async rollbackTransaction(): Promise<void> {
    await this.#thread.send({ type: 'rollback' })
  }
  async destroy(): Promise<void> {
    // Waits for its turn: whoever is in the middle of a transaction finishes it.
    await this.acquireConnection()
    await this.#thread.close()
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #thread: SqliteThread
  constructor(thread: SqliteThread) {
    this.#thread = thread
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await this.#thread.query(query.sql, query.parameters)
    return changes === null ? { rows: rows as R[] } : { rows: [], numAffectedRows: BigInt(changes) }
  }
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('The ledger reads in pages; nothing is streamed.')
  }
}
