// A block: up to 2,048 readings of one kind in one buffer, column by column, laid out as DuckDB's vectors are, so that the
// worker copies whole columns. Bit r of a metric's validity is set when row r has that metric.
import { BLOCK_ROWS } from './schema.ts'

const COLUMN_BYTES = BLOCK_ROWS * 8
export const VALIDITY_BYTES = BLOCK_ROWS / 8

/** Byte offsets of a block of a kind with `metrics` metrics. */
export interface BlockLayout {
  readonly metrics: number
  readonly ts: number
  readonly receivedAt: number
  readonly position: number
  readonly device: number
  readonly quality: number
  readonly values: number
  readonly validity: number
  readonly bytes: number
}

export function blockLayout(metrics: number): BlockLayout {
  const values = 3 * COLUMN_BYTES
  const validity = values + metrics * COLUMN_BYTES
  const device = validity + metrics * VALIDITY_BYTES
  const quality = device + BLOCK_ROWS * 4
  return {
    metrics,
    ts: 0,
    receivedAt: COLUMN_BYTES,
    position: 2 * COLUMN_BYTES,
    values,
    validity,
    device,
    quality,
    bytes: quality + BLOCK_ROWS,
  }
}

export const valueOffset = (layout: BlockLayout, metric: number): number => layout.values + metric * COLUMN_BYTES
export const validityOffset = (layout: BlockLayout, metric: number): number => layout.validity + metric * VALIDITY_BYTES

/** A block being filled, with the views that filling needs. */
export interface Block {
  readonly buffer: ArrayBuffer
  readonly words: Uint32Array
  readonly doubles: Float64Array
  readonly bytes: Uint8Array
  rows: number
}

export function openBlock(layout: BlockLayout, recycled?: ArrayBuffer): Block {
  const buffer = recycled ?? new ArrayBuffer(layout.bytes)
  const bytes = new Uint8Array(buffer)
  if (recycled) bytes.fill(0, layout.validity, layout.validity + layout.metrics * VALIDITY_BYTES)
  return {
    buffer,
    bytes,
    words: new Uint32Array(buffer, 0, Math.floor(layout.bytes / 4)),
    doubles: new Float64Array(buffer, 0, layout.validity / 8),
    rows: 0,
  }
}
