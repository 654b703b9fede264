// A device's readings in order of time, from a store that is asked for stretches of time: the next stretch is longer after
// one that brought little, shorter after one that brought much.
import { qualityOfField, QUALITY, RECEIVED_AFTER } from './line-protocol.ts'
import type { ReadingQueries, StoredReading } from './port.ts'
import { DAY_MS, HOUR_MS } from './schema.ts'

/** Fields of one page, about. */
const PAGE_FIELDS = 50_000
const SHORTEST_MS = 60_000
const LONGEST_MS = 31 * DAY_MS

type ExportQuery = Parameters<ReadingQueries['export']>[0]

export interface StoredField {
  readonly ts: number
  readonly field: string
  readonly value: number
}

/** `fields` gives those of [from, to) in any order, marks left out. */
export async function* pagedExport(
  { deviceId, kind, from, to }: ExportQuery,
  fields: (from: number, to: number) => Promise<readonly StoredField[]>,
): AsyncIterable<StoredReading> {
  let span = HOUR_MS
  for (let start = Math.max(0, from); start < to;) {
    const end = Math.min(to, start + span)
    const page = await fields(start, end)
    const byTime = new Map<number, Record<string, number>>()
    for (const { ts, field, value } of page) {
      const at = byTime.get(ts)
      if (at === undefined) byTime.set(ts, { [field]: value })
      else at[field] = value
    }
    for (const ts of [...byTime.keys()].sort((a, b) => a - b))
      yield readingOf({ deviceId, kind, ts }, byTime.get(ts) ?? {})
    start = end
    span = page.length > PAGE_FIELDS ? Math.max(SHORTEST_MS, span / 2) : Math.min(LONGEST_MS, span * 2)
  }
}

/** From the fields of one line, as they were written. The order of arrival is not kept. */
function readingOf(
  of: Pick<StoredReading, 'deviceId' | 'kind' | 'ts'>,
  fields: Readonly<Record<string, number>>,
): StoredReading {
  const { [RECEIVED_AFTER]: receivedAfter = 0, [QUALITY]: quality, ...values } = fields
  return {
    type: 'reading',
    position: 0,
    ...of,
    receivedAt: of.ts + receivedAfter,
    quality: qualityOfField(quality),
    values,
  }
}
