// The commit lane: appenders on the open tables, and one durable commit a group. DuckDB syncs its write-ahead log before a
// commit returns, so what this file reports as committed survives a kill and a power cut.
import {
  DuckDBDataChunk,
  type DuckDBAppender,
  type DuckDBType,
  BIGINT,
  DOUBLE,
  INTEGER,
  UTINYINT,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { blockLayout, type BlockLayout, validityOffset, valueOffset, VALIDITY_BYTES } from './block.ts'
import { addGeneration, generationsOf, metricIds } from './catalog.ts'
import { type Lane, numberOf, textOf } from './database.ts'
import type { PackedBlock, PackedEvent, PackedGroup } from './packer.ts'
import { EVENTS, openTable, type ReadingKinds } from './schema.ts'

/** An open table of a kind: where each of its columns comes from in a block. */
interface OpenKind {
  readonly layout: BlockLayout
  readonly appender: DuckDBAppender
  readonly chunk: DuckDBDataChunk
  /** For each metric column of the table its index in the block; undefined when the code no longer has that metric. */
  readonly sources: readonly (number | undefined)[]
}

interface OpenState {
  rows: number
  /** Receipt of the first row, ms: says when the table has outlived its day. */
  firstReceivedAt: number
}

const FIXED_COLUMNS = 5
const NO_ROW_VALID = new ArrayBuffer(VALIDITY_BYTES)

export class Writer {
  readonly #lane: Lane
  readonly #layouts = new Map<string, BlockLayout>()
  readonly #kinds: ReadingKinds
  readonly #open = new Map<string, OpenKind>()
  readonly #states = new Map<string, OpenState>()
  #events: DuckDBAppender | undefined
  #devices: DuckDBAppender | undefined

  constructor(lane: Lane, kinds: ReadingKinds) {
    this.#lane = lane
    this.#kinds = kinds
    for (const [kind, metrics] of Object.entries(kinds)) this.#layouts.set(kind, blockLayout(metrics.length))
  }

  async open(): Promise<void> {
    this.#devices = await this.#lane.connection.createAppender('devices')
    for (const family of [...Object.keys(this.#kinds), EVENTS]) {
      const generation = (await generationsOf(this.#lane, family)).at(-1) ?? 1
      await this.#openFamily(family, generation)
      const [row] = await this.#lane.rows(
        `SELECT count(*) AS n, min(received_at) AS first FROM ${openTable(family, generation)}`,
      )
      this.#states.set(family, { rows: numberOf(row?.['n']), firstReceivedAt: numberOf(row?.['first']) })
    }
  }

  /** Commits a group whole, or throws; after a throw this writer must not be used again. */
  async commit(group: PackedGroup): Promise<void> {
    const tables = new Set(group.blocks.map((block) => block.kind)).size
    // An appender's flush is a transaction of its own; only what touches several tables needs one around them.
    const single = tables + Number(group.events.length > 0) + Number(group.devices.length > 0) === 1
    if (!single) await this.#lane.execute('BEGIN TRANSACTION')
    for (const { key, id } of group.devices) {
      this.#devices?.appendInteger(key)
      this.#devices?.appendVarchar(id)
      this.#devices?.endRow()
    }
    if (group.devices.length > 0) this.#devices?.flushSync()
    const touched = new Set<OpenKind>()
    for (const block of group.blocks) touched.add(this.#appendBlock(block))
    for (const kind of touched) kind.appender.flushSync()
    if (group.events.length > 0) this.#appendEvents(group.events)
    if (!single) await this.#lane.execute('COMMIT')
  }

  /** The open table of a family: how full, and since when. */
  state(family: string): Readonly<OpenState> {
    return this.#states.get(family) ?? { rows: 0, firstReceivedAt: 0 }
  }

  /** Starts a new open table for a family; the one before it takes no more rows and can be sealed. */
  async rotate(family: string): Promise<void> {
    const last = (await generationsOf(this.#lane, family)).at(-1) ?? 0
    const metrics = family === EVENTS ? [] : [...(await metricIds(this.#lane, family)).keys()]
    await this.#lane.transaction(() => addGeneration(this.#lane, family, last + 1, metrics))
    await this.#openFamily(family, last + 1)
    this.#states.set(family, { rows: 0, firstReceivedAt: 0 })
  }

  close(): void {
    for (const appender of this.#appenders()) appender.closeSync()
  }

  /** After a failed commit: forgets the rows that the appenders still hold, which closing would store. */
  abandon(): void {
    for (const appender of this.#appenders()) appender.clear()
  }

  #appenders(): DuckDBAppender[] {
    const others = [this.#events, this.#devices].filter((appender) => appender !== undefined)
    return [...[...this.#open.values()].map(({ appender }) => appender), ...others]
  }

  async #openFamily(family: string, generation: number): Promise<void> {
    const table = openTable(family, generation)
    const appender = await this.#lane.connection.createAppender(table)
    if (family === EVENTS) {
      this.#events?.closeSync()
      this.#events = appender
      return
    }
    this.#open.get(family)?.appender.closeSync()
    const metrics = this.#kinds[family] ?? []
    const columns = await this.#lane.rows(
      `SELECT column_name FROM duckdb_columns() WHERE table_name = '${table}' ORDER BY column_index`,
    )
    const sources = columns.slice(FIXED_COLUMNS).map((row) => {
      const index = metrics.indexOf(textOf(row['column_name']))
      return index < 0 ? undefined : index
    })
    const types: DuckDBType[] = [INTEGER, BIGINT, BIGINT, BIGINT, UTINYINT, ...sources.map(() => DOUBLE)]
    this.#open.set(family, {
      layout: this.#layouts.get(family) ?? blockLayout(0),
      appender,
      chunk: DuckDBDataChunk.create(types),
      sources,
    })
  }

  #appendBlock({ kind, buffer, rows }: PackedBlock): OpenKind {
    const open = this.#open.get(kind)
    if (!open) throw new Error(`no open table for kind ${kind}`)
    const { chunk, layout, sources, appender } = open
    chunk.reset()
    chunk.rowCount = rows
    const raw = chunk.chunk
    const copy = (index: number, offset: number, width: number): void => {
      duckdb.copy_data_to_vector(duckdb.data_chunk_get_vector(raw, index), 0, buffer, offset, rows * width)
    }
    copy(0, layout.device, 4)
    copy(1, layout.ts, 8)
    copy(2, layout.receivedAt, 8)
    copy(3, layout.position, 8)
    copy(4, layout.quality, 1)
    const words = Math.ceil(rows / 64)
    sources.forEach((source, index) => {
      const vector = duckdb.data_chunk_get_vector(raw, FIXED_COLUMNS + index)
      duckdb.vector_ensure_validity_writable(vector)
      if (source === undefined) {
        duckdb.copy_data_to_vector_validity(vector, 0, NO_ROW_VALID, 0, words * 8)
        return
      }
      const validity = validityOffset(layout, source)
      duckdb.copy_data_to_vector_validity(vector, 0, buffer, validity, words * 8)
      if (!isZero(buffer, validity, words)) {
        duckdb.copy_data_to_vector(vector, 0, buffer, valueOffset(layout, source), rows * 8)
      }
    })
    appender.appendDataChunk(chunk)
    this.#count(kind, rows, Number(new BigInt64Array(buffer, layout.receivedAt, 1)[0]))
    return open
  }

  #appendEvents(events: readonly PackedEvent[]): void {
    const appender = this.#events
    if (!appender) throw new Error('no open table for events')
    for (const event of events) {
      appender.appendInteger(event.device)
      appender.appendBigInt(BigInt(event.ts))
      appender.appendBigInt(BigInt(event.receivedAt))
      appender.appendBigInt(BigInt(event.position))
      appender.appendUTinyInt(event.quality)
      appender.appendUTinyInt(event.type)
      appender.appendVarchar(event.kind)
      appender.appendVarchar(event.name)
      appender.appendVarchar(event.data)
      appender.endRow()
    }
    appender.flushSync()
    this.#count(EVENTS, events.length, events[0]?.receivedAt ?? 0)
  }

  #count(family: string, rows: number, receivedAt: number): void {
    const state = this.#states.get(family)
    if (!state) return
    if (state.rows === 0) state.firstReceivedAt = receivedAt
    state.rows += rows
  }
}

function isZero(buffer: ArrayBuffer, offset: number, words64: number): boolean {
  for (const word of new Uint32Array(buffer, offset, words64 * 2)) if (word !== 0) return false
  return true
}
