// What was read of one partition's stream, made of what Redis answered: entries in their order, those that cannot be read, and
// what is missing between the last one read and these.
import { redactSample } from '../../ingest/redact.ts'
import type { SetAside } from '../../records/ledger/cluster.ts'
import { decodeEntry, UnreadableEntry } from '../entry.ts'
import type { Placed } from '../entry.ts'
import { openingIn, positionOf } from './opening.ts'

/** Positions that were given and are not in the stream any more. */
export interface StreamGap {
  /**
   * `older`: Redis came back without entries that it had; whoever read up to `after` has read some of them, and others that
   * came behind it are lost. `missing`: entries behind `after` were removed before they were read here.
   */
  readonly kind: 'older' | 'missing'
  /** Last position that was read; and the last that the stream had when it was opened, or the first that is there now. */
  readonly after: number
  readonly found: number
}

export interface StreamBatch {
  readonly partition: number
  readonly entries: readonly Placed[]
  /** To be written down before what stands behind them is decided; then they are skipped. */
  readonly unreadable: readonly SetAside[]
  /** Everything up to here is in this batch. */
  readonly upTo: number
  readonly gaps: readonly StreamGap[]
}

/** As Redis answers in buffers: id, and names and values. */
export type RawEntry = readonly [Buffer, readonly Buffer[]]

/** `after`: the last position that was read before; 0 with no gaps told: the beginning, wherever it is. */
export function batchOf(partition: number, after: number, raw: readonly RawEntry[], at: number): StreamBatch {
  const entries: Placed[] = []
  const unreadable: SetAside[] = []
  const gaps: StreamGap[] = []
  let last = after
  for (const [id, fields] of raw) {
    const position = positionOf(id.toString())
    const opening = openingIn(fields)
    if (opening !== null) {
      const { before } = opening
      if (before !== last) gaps.push({ kind: before < last ? 'older' : 'missing', after: last, found: before })
      last = position
      continue
    }
    if (position !== last + 1 && last > 0) gaps.push({ kind: 'missing', after: last, found: position })
    last = position
    try {
      entries.push({ position, entry: decodeEntry(fields) })
    } catch (error) {
      if (!(error instanceof UnreadableEntry)) throw error
      unreadable.push(setAside(partition, position, fields, error.message, at))
    }
  }
  return { partition, entries, unreadable, upTo: last, gaps }
}

function setAside(
  partition: number,
  position: number,
  fields: readonly Buffer[],
  problem: string,
  at: number,
): SetAside {
  const [, header, , payload] = fields
  const words = header?.toString().slice(0, 200).split(' ') ?? []
  const deviceId = words[0] === 'message' && /^[\w-]{1,64}$/.test(words[1] ?? '') ? (words[1] as string) : ''
  const sample = redactSample(payload ?? Buffer.concat(fields.slice(0, 8)))
  return { partition, position, at, problem, deviceId, sample }
}
