// The one DuckDB instance of the process and its connections, one a lane: commits, maintenance and questions each have
// their own, so that none waits for another's statement.
import { DuckDBInstance, type DuckDBConnection, type JS } from '@duckdb/node-api'

export interface DatabaseOptions {
  readonly file: string
  readonly temporary: string
  readonly memoryLimitMb: number
}

export type Row = Record<string, JS>

/** A connection whose work is done one task at a time, in the order asked. */
export class Lane {
  readonly connection: DuckDBConnection
  #tail: Promise<unknown> = Promise.resolve()

  constructor(connection: DuckDBConnection) {
    this.connection = connection
  }

  run<T>(task: (lane: this) => Promise<T>): Promise<T> {
    const result = this.#tail.then(() => task(this))
    this.#tail = result.catch(() => undefined)
    return result
  }

  async rows(sql: string): Promise<Row[]> {
    const reader = await this.connection.runAndReadAll(sql)
    // Column by column, and then put together: asked for rows, the library converts three times as long.
    const columns = reader.getColumnsJS()
    const names = reader.columnNames()
    return Array.from({ length: reader.currentRowCount }, (_, row) =>
      Object.fromEntries(names.map((name, index) => [name, columns[index]?.[row] ?? null])),
    )
  }

  /** The columns of an answer whose every value is a number or null, in the order of the SELECT. */
  async numbers(sql: string): Promise<readonly (readonly (number | null)[])[]> {
    const reader = await this.connection.runAndReadAll(sql)
    return reader.getColumnsJS() as (number | null)[][]
  }

  async execute(sql: string): Promise<void> {
    await this.connection.run(sql)
  }

  /** One transaction: everything in `work` or nothing. Reads inside it see one snapshot. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.connection.run('BEGIN TRANSACTION')
    try {
      const result = await work()
      await this.connection.run('COMMIT')
      return result
    } catch (error) {
      // A broken database refuses the rollback too; the first error is the one that explains.
      await this.connection.run('ROLLBACK').catch(() => undefined)
      throw error
    }
  }
}

export class Database {
  readonly #instance: DuckDBInstance
  readonly #connections: DuckDBConnection[] = []

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const instance = await DuckDBInstance.create(options.file, {
      // One thread a statement: a seal or a query takes one core at most and the commits keep the other.
      threads: '1',
      memory_limit: `${options.memoryLimitMb}MB`,
      temp_directory: options.temporary,
      // The maintenance lane checkpoints (checkpoint.ts); a commit does it only when that has fallen far behind.
      checkpoint_threshold: '1GB',
      allow_community_extensions: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    return new Database(instance)
  }

  async lane(): Promise<Lane> {
    const connection = await this.#instance.connect()
    this.#connections.push(connection)
    return new Lane(connection)
  }

  /** Closes the connections and the file, folding the write-ahead log into it. The lanes must be idle. */
  close(): void {
    for (const connection of this.#connections) connection.closeSync()
    this.#instance.closeSync()
  }
}

/** A number of the database (BIGINT arrives as bigint); null, as of an empty maximum, is 0. */
export function numberOf(value: JS | undefined): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value === null) return 0
  throw new TypeError(`expected a number, got ${typeof value}`)
}

export function textOf(value: JS | undefined): string {
  if (typeof value === 'string') return value
  throw new TypeError(`expected a text, got ${typeof value}`)
}
