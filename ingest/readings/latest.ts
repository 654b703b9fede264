// Each device's newest values, in memory: asked for by every open page, and not to be found without a walk through all
// that arrived since the last seal. Kept by the commits; filled at start from what sealing left and from the open tables.
import { type BlockLayout, blockLayout, validityOffset, valueOffset } from './block.ts'
import { generationsOf, metricIds } from './catalog.ts'
import { type Lane, numberOf, type Row } from './database.ts'
import type { PackedBlock } from './packer.ts'
import type { LatestValue } from './port.ts'
import { column, latestTable, openTable, POSITION_KEY, type ReadingKinds } from './schema.ts'

/** One kind's devices: key → for each metric its time (NaN: none yet) and its value. */
interface KindCache {
  readonly metrics: readonly string[]
  readonly layout: BlockLayout
  readonly devices: Map<number, Float64Array>
}

const TWO_32 = 4_294_967_296

export class LatestCache {
  readonly #kinds = new Map<string, KindCache>()

  constructor(kinds: ReadingKinds) {
    for (const [kind, metrics] of Object.entries(kinds)) {
      this.#kinds.set(kind, { metrics, layout: blockLayout(metrics.length), devices: new Map() })
    }
  }

  /** Takes in what was stored before. Commits may go on meanwhile: what they bring is newer, and wins a tie. */
  async fill(lane: Lane): Promise<void> {
    for (const [kind, cache] of this.#kinds) {
      const names = new Map([...(await metricIds(lane, kind))].map(([name, id]) => [id, name]))
      await lane.transaction(async () => {
        for (const generation of (await generationsOf(lane, kind)).toReversed()) {
          const table = openTable(kind, generation)
          for (const [index, metric] of cache.metrics.entries()) take(cache, index, await newestOf(lane, table, metric))
        }
        for (const row of await lane.rows(`SELECT metric, device, ts::DOUBLE AS ts, value FROM ${latestTable(kind)}`)) {
          const index = cache.metrics.indexOf(names.get(numberOf(row['metric'])) ?? '')
          if (index >= 0) take(cache, index, [row])
        }
      })
    }
  }

  /** Takes in a committed block. Rows come in order of position, so of one ts the later row wins. */
  add({ kind, buffer, rows }: PackedBlock): void {
    const cache = this.#kinds.get(kind)
    if (!cache) return
    const { layout } = cache
    const words = new Uint32Array(buffer, 0, Math.floor(layout.bytes / 4))
    const doubles = new Float64Array(buffer, 0, layout.validity / 8)
    const slots: Float64Array[] = []
    for (let row = 0; row < rows; row++) slots.push(slotOf(cache, words[(layout.device >>> 2) + row] ?? 0))
    for (let metric = 0; metric < layout.metrics; metric++) {
      const validity = validityOffset(layout, metric) >>> 2
      const values = valueOffset(layout, metric) >>> 3
      for (let start = 0; start < rows; start += 32) {
        const word = words[validity + (start >>> 5)] ?? 0
        if (word === 0) continue
        for (let row = start; row < Math.min(rows, start + 32); row++) {
          if ((word & (1 << (row & 31))) === 0) continue
          const at = (layout.ts >>> 2) + 2 * row
          const ts = (words[at] ?? 0) + (words[at + 1] ?? 0) * TWO_32
          const slot = slots[row]
          const known = slot?.[2 * metric]
          if (!slot || (known !== undefined && ts < known)) continue
          slot[2 * metric] = ts
          slot[2 * metric + 1] = doubles[values + row] ?? NaN
        }
      }
    }
  }

  get(kind: string, device: number): LatestValue[] {
    const cache = this.#kinds.get(kind)
    const slot = cache?.devices.get(device)
    if (!cache || !slot) return []
    return cache.metrics.flatMap((metric, index) => {
      const ts = slot[2 * index] ?? NaN
      return Number.isNaN(ts) ? [] : { metric, ts, value: slot[2 * index + 1] ?? NaN }
    })
  }
}

function slotOf(cache: KindCache, device: number): Float64Array {
  let slot = cache.devices.get(device)
  if (!slot) {
    slot = new Float64Array(2 * cache.metrics.length).fill(NaN)
    cache.devices.set(device, slot)
  }
  return slot
}

function take(cache: KindCache, metric: number, rows: readonly Row[]): void {
  for (const row of rows) {
    const slot = slotOf(cache, numberOf(row['device']))
    const ts = numberOf(row['ts'])
    const known = slot[2 * metric]
    if (known !== undefined && ts <= known) continue
    slot[2 * metric] = ts
    slot[2 * metric + 1] = numberOf(row['value'])
  }
}

function newestOf(lane: Lane, table: string, metric: string): Promise<Row[]> {
  const value = column(metric)
  return lane.rows(
    `SELECT device, max(ts)::DOUBLE AS ts, arg_max(${value}, ${POSITION_KEY}) AS value FROM ${table}
     WHERE ${value} IS NOT NULL GROUP BY device`,
  )
}
