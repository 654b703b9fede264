// Connections to the ledger's database, as Kysely uses them. A connection that is lost is replaced by itself; what was asked
// over it fails, and its caller decides whether to ask again.
import pg from 'pg'
import { HandleEmptyInListsPlugin, Kysely, replaceWithNoncontingentExpression } from 'kysely'
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { LedgerError } from '../errors.ts'
import { refuseUnbindable } from '../bindable.ts'
import type { Tables } from '../tables.ts'
import { LedgerDialect } from './dialect.ts'

export interface PoolSettings {
  readonly url: string
  /** What the server's administrator sees in its list of connections. */
  readonly name: string
  readonly connections: number
  /** Whoever reads several things in one transaction reads them of one instant. */
  readonly readOnly: boolean
  /** Longest time of a statement, waiting for a lock included, ms. */
  readonly statementMs: number
  /** Longest time between two statements of a transaction, ms: a process that stands still holds locks for others. */
  readonly idleInTransactionMs: number
  readonly log: (line: string) => void
}

export interface Pool {
  readonly db: Kysely<Tables>
  close(): Promise<void>
}

/** To connect, or to get a connection that others use, ms. */
export const CONNECT_MS = 10_000
/** A server that does not answer at all, beyond the statement's own limit, ms. */
const SILENCE_MS = 2_000
const IDLE_CONNECTION_MS = 60_000
/** Ending connections in good order may take this long, ms; then they are left to the process's end. */
const CLOSE_MS = 2_000

/** 64-bit integers and numerics: counters and milliseconds, all of them below 2^53. */
const NUMBER_TYPES: ReadonlySet<number> = new Set([pg.types.builtins.INT8, pg.types.builtins.NUMERIC])

const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    NUMBER_TYPES.has(oid) && format !== 'binary'
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
}

/** What every connection of the ledger shares; `timeout` is the driver's own limit of an answer, ms. */
export function connectionOptions(url: string, name: string, timeout: number): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: timeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  }
}

export function openPool(settings: PoolSettings): Pool {
  const pool = new pg.Pool({
    ...connectionOptions(settings.url, settings.name, settings.statementMs + SILENCE_MS),
    max: settings.connections,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    onConnect: (client) => client.query(sessionOf(settings)).then(() => undefined),
  })
  const lost = (error: Error): void =>
    settings.log(`ledger: a connection of ${settings.name} was lost: ${error.message}`)
  pool.on('error', lost)
  // A connection in use tells its user with the next statement; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const dialect = new LedgerDialect({ pool: new CheckedPool(pool) })
  const db = new Kysely<Tables>({
    dialect,
    // PostgreSQL has no empty `in ()`.
    plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
  })
  return { db, close: () => withinTime(db.destroy(), CLOSE_MS) }
}

/** G1 stands on `synchronous_commit`, and the code on these isolation levels, whatever the server's defaults are. */
function sessionOf({ readOnly, statementMs, idleInTransactionMs }: PoolSettings): string {
  return [
    `set default_transaction_isolation = '${readOnly ? 'repeatable read' : 'read committed'}'`,
    `set default_transaction_read_only = ${readOnly ? 'on' : 'off'}`,
    `set synchronous_commit = on`,
    `set statement_timeout = ${statementMs}`,
    `set idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
  ].join('; ')
}

class CheckedPool implements PostgresPool {
  readonly #pool: pg.Pool
  constructor(pool: pg.Pool) {
    this.#pool = pool
  }
  get options(): object {
    return this.#pool.options
  }
  async connect(): Promise<PostgresPoolClient> {
    try {
      return new CheckedClient(await this.#pool.connect())
    } catch (error) {
      throw isRefusal(error) ? error : new LedgerAway(error as Error)
    }
  }
  end(): Promise<void> {
    return this.#pool.end()
  }
}

/** One use of a connection. */
class CheckedClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  /** Why nothing more can be asked over it: it is closed, or an answer is still on its way. */
  #broken: Error | null = null

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') throw new Error('The ledger reads in pages; nothing is streamed.')
    return this.#ask<R>(sql, parameters)
  }

  async #ask<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    refuseUnbindable(sql, parameters)
    if (this.#broken !== null) throw this.#broken
    try {
      const { command, rowCount, rows } = await this.#client.query(sql, parameters.map(storable))
      return { command: command as PostgresQueryResult<R>['command'], rowCount: rowCount ?? 0, rows: rows as R[] }
    } catch (error) {
      if (isRefusal(error)) throw error
      this.#broken = new LedgerAway(error as Error)
      throw this.#broken
    }
  }

  release(destroy?: boolean): void {
    this.#client.release(destroy === true || this.#broken !== null)
  }
}

/** What was asked may or may not have been done. A moment later it may work again. */
export class LedgerAway extends LedgerError {
  constructor(cause: Error) {
    const text = {
      zh: `账本数据库暂时没有应答（${cause.message}）。请稍候再试；若刚才在保存，先看看是否已经存上。`,
      en: `The ledger's database does not answer for now (${cause.message}). Try again in a moment; if something was being saved, look first whether it is there.`,
    }
    super('unavailable', text)
    this.cause = cause
  }
}

/** PostgreSQL's text holds every character but this one; what devices send may hold it too. */
const storable = (value: unknown): unknown =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u{FFFD}') : value

/** The server answered that it will not do this; the connection is as good as before. */
const isRefusal = (error: unknown): boolean => error instanceof pg.DatabaseError && error.severity === 'ERROR'

export async function withinTime(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([work.catch(() => undefined), late])
  clearTimeout(timer)
}
