// Readings as lines of the InfluxDB line protocol, which VictoriaMetrics takes as well. One line a reading:
//
//   electricity,device=m-1 residual_current=12.3,received_after=840 1795000000000
//
// `received_after` is how long after its time the reading came, ms. Two marks stand beside a metric's own value, so that a
// count of them costs nothing while there are none: `residual_current:late` came long after it was measured,
// `residual_current:suspect` carries a time that cannot be believed. `quality` is written only where it is not `device`.
//
// Runs once for every reading of the county; names are checked, so that nothing here needs escaping.
import { LATE_AFTER_MS } from '../../contract/payloads.ts'
import type { StoredReading, TimeQuality } from './port.ts'
import { checkKinds, QUALITIES } from './schema.ts'
import type { ReadingKinds } from './schema.ts'
import { UnfitInputError } from './unavailable.ts'

export const RECEIVED_AFTER = 'received_after'
export const QUALITY = 'quality'
export const MARKS = ['late', 'suspect'] as const

/** The mark's own field. No metric has a colon in its name. */
export const markOf = (metric: string, mark: (typeof MARKS)[number]): string => `${metric}:${mark}`

export const qualityOfField = (value: number | undefined): TimeQuality => QUALITIES[value ?? 0] ?? 'device'

const RESERVED = new Set([RECEIVED_AFTER, QUALITY])
const DEVICE = /^[A-Za-z0-9_-]{1,64}$/

export class LineEncoder {
  readonly #kinds: ReadonlyMap<string, ReadonlySet<string>>

  constructor(kinds: ReadingKinds) {
    checkKinds(kinds)
    for (const [kind, metrics] of Object.entries(kinds))
      for (const metric of metrics)
        if (RESERVED.has(metric)) throw new TypeError(`metric ${metric} of ${kind} is doubled or reserved`)
    this.#kinds = new Map(Object.entries(kinds).map(([kind, metrics]) => [kind, new Set(metrics)]))
  }

  /** Throws UnfitInputError for another kind or metric than the store was made for, or a value that is no number. */
  line({ deviceId, kind, ts, receivedAt, quality, values }: StoredReading): string {
    const known = this.#kinds.get(kind)
    if (known === undefined) throw new UnfitInputError(`the store has no kind ${JSON.stringify(kind)}`)
    if (!DEVICE.test(deviceId)) throw new UnfitInputError(`${JSON.stringify(deviceId)} is no device id`)
    const late = receivedAt - ts > LATE_AFTER_MS
    const suspect = quality === 'suspect'
    let fields = `${RECEIVED_AFTER}=${receivedAt - ts}`
    if (quality !== 'device') fields += `,${QUALITY}=${QUALITIES.indexOf(quality)}`
    for (const metric in values) {
      const value = values[metric]
      if (!known.has(metric)) throw new UnfitInputError(`kind ${kind} has no metric ${JSON.stringify(metric)}`)
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw new UnfitInputError(`${metric} is not a finite number`)
      fields += `,${metric}=${value}`
      if (late) fields += `,${metric}:late=1`
      if (suspect) fields += `,${metric}:suspect=1`
    }
    return `${kind},device=${deviceId} ${fields} ${ts}`
  }
}
