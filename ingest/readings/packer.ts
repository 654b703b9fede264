// Packs inputs into blocks on the caller's thread. It runs once for every reading of the county: no allocation, no bigint
// and no boxing in the inner loop (an int64 is written as its two halves).
import { type Block, blockLayout, type BlockLayout, openBlock, validityOffset, valueOffset } from './block.ts'
import type { StoredEvent, StoredInput, StoredReading } from './port.ts'
import { BLOCK_ROWS, EVENT_TYPES, QUALITIES, type ReadingKinds } from './schema.ts'

export interface PackedBlock {
  readonly kind: string
  readonly buffer: ArrayBuffer
  readonly rows: number
}

export interface PackedEvent {
  readonly device: number
  readonly ts: number
  readonly receivedAt: number
  readonly position: number
  readonly quality: number
  readonly type: number
  readonly kind: string
  readonly name: string
  readonly data: string
}

/** What one commit carries. */
export interface PackedGroup {
  readonly blocks: PackedBlock[]
  readonly events: PackedEvent[]
  /** Devices that the store has not seen before, with the keys given to them. */
  readonly devices: { readonly key: number; readonly id: string }[]
}

interface KindBlocks {
  readonly kind: string
  readonly layout: BlockLayout
  /** Metric → its column. */
  readonly columns: ReadonlyMap<string, number>
  readonly blocks: Block[]
  /** Where the batch that touched this kind last began: what a refused batch is rewound to. */
  batch: number
  markBlocks: number
  markRows: number
}

const QUALITY_CODE = new Map<string, number>(QUALITIES.map((quality, code) => [quality, code]))
const TWO_32 = 4_294_967_296
/** Enough recycled blocks for two commits of a flood; more would only hold memory. */
const POOL_LIMIT = 24

export class Packer {
  rows = 0
  readonly #kinds = new Map<string, KindBlocks>()
  readonly #pool = new Map<string, ArrayBuffer[]>()
  readonly #keys: Map<string, number>
  #batch = 0
  #events: PackedEvent[] = []
  #devices: { key: number; id: string }[] = []

  /** `keys` is the dictionary of devices already stored; the packer adds to it. */
  constructor(kinds: ReadingKinds, keys: Map<string, number>) {
    this.#keys = keys
    for (const [kind, metrics] of Object.entries(kinds)) {
      this.#kinds.set(kind, {
        kind,
        layout: blockLayout(metrics.length),
        columns: new Map(metrics.map((metric, index) => [metric, index])),
        blocks: [],
        batch: 0,
        markBlocks: 0,
        markRows: 0,
      })
      this.#pool.set(kind, [])
    }
  }

  /** Adds a batch, or throws and leaves what was packed before untouched. */
  add(inputs: readonly StoredInput[]): void {
    this.#batch += 1
    const events = this.#events.length
    try {
      for (const input of inputs) {
        if (input.type === 'reading') this.#addReading(input)
        else this.#addEvent(input)
      }
      this.rows += inputs.length
    } catch (error) {
      this.#events.length = events
      for (const packed of this.#kinds.values()) if (packed.batch === this.#batch) rewind(packed)
      throw error
    }
  }

  /** Hands over what was packed since the last call. */
  take(): PackedGroup {
    const blocks: PackedBlock[] = []
    for (const packed of this.#kinds.values()) {
      for (const block of packed.blocks) {
        if (block.rows > 0) blocks.push({ kind: packed.kind, buffer: block.buffer, rows: block.rows })
      }
      packed.blocks.length = 0
    }
    const group = { blocks, events: this.#events, devices: this.#devices }
    this.#events = []
    this.#devices = []
    this.rows = 0
    return group
  }

  /** Takes back buffers that the worker has finished with. */
  recycle(buffers: readonly { kind: string; buffer: ArrayBuffer }[]): void {
    for (const { kind, buffer } of buffers) {
      const pool = this.#pool.get(kind)
      if (pool && pool.length < POOL_LIMIT) pool.push(buffer)
    }
  }

  #addReading(reading: StoredReading): void {
    const packed = this.#kinds.get(reading.kind)
    if (!packed) throw new TypeError(`the store has no kind ${JSON.stringify(reading.kind)}`)
    const { blocks, layout, columns } = packed
    let block = blocks[blocks.length - 1]
    if (packed.batch !== this.#batch) {
      packed.batch = this.#batch
      packed.markBlocks = blocks.length
      packed.markRows = block ? block.rows : 0
    }
    if (!block || block.rows === BLOCK_ROWS) {
      block = openBlock(layout, this.#pool.get(reading.kind)?.pop())
      blocks.push(block)
    }
    const { words, doubles } = block
    const row = block.rows
    const word = row >>> 5
    const bit = 1 << (row & 31)
    const values = reading.values
    // Counted before it is filled, so that rewinding a refused batch clears a half-filled row too.
    block.rows = row + 1
    for (const metric in values) {
      const value = values[metric]
      const index = columns.get(metric)
      if (index === undefined) throw new TypeError(`kind ${reading.kind} has no metric ${JSON.stringify(metric)}`)
      if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(`${metric} is not a finite number`)
      doubles[(valueOffset(layout, index) >>> 3) + row] = value
      const at = (validityOffset(layout, index) >>> 2) + word
      words[at] = (words[at] ?? 0) | bit
    }
    writeInt64(words, (layout.ts >>> 2) + 2 * row, reading.ts)
    writeInt64(words, (layout.receivedAt >>> 2) + 2 * row, reading.receivedAt)
    writeInt64(words, (layout.position >>> 2) + 2 * row, reading.position)
    words[(layout.device >>> 2) + row] = this.#key(reading.deviceId)
    block.bytes[layout.quality + row] = QUALITY_CODE.get(reading.quality) ?? 0
  }

  #addEvent(event: StoredEvent): void {
    this.#events.push({
      device: this.#key(event.deviceId),
      ts: event.ts,
      receivedAt: event.receivedAt,
      position: event.position,
      quality: QUALITY_CODE.get(event.quality) ?? 0,
      type: EVENT_TYPES.indexOf(event.type),
      kind: event.kind,
      name: event.name,
      data: JSON.stringify(event.data),
    })
  }

  #key(deviceId: string): number {
    let key = this.#keys.get(deviceId)
    if (key === undefined) {
      key = this.#keys.size + 1
      this.#keys.set(deviceId, key)
      this.#devices.push({ key, id: deviceId })
    }
    return key
  }
}

/** Forgets the rows that the last batch packed, bits included: they must not leak into rows packed later. */
function rewind({ blocks, layout, markBlocks, markRows }: KindBlocks): void {
  blocks.length = markBlocks
  const block = blocks.at(-1)
  if (!block) return
  for (let metric = 0; metric < layout.metrics; metric++) {
    const at = validityOffset(layout, metric) >>> 2
    for (let row = markRows; row < block.rows; row++) {
      const word = at + (row >>> 5)
      block.words[word] = (block.words[word] ?? 0) & ~(1 << (row & 31))
    }
  }
  block.rows = markRows
}

function writeInt64(words: Uint32Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32)
  words[at] = value - high * TWO_32
  words[at + 1] = high
}
