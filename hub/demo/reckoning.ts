// The account of the story, from what was measured: the hub's counters over all its starts, the journal, and the story's
// devices, which know what the hub has acknowledged to them.
import type { Alarm } from '../../contract/alarms.ts'
import type { DemoReckoning } from '../../contract/http/demo.ts'
import type { Series } from '../../contract/http/devices.ts'
import type { HubFigures } from '../../contract/http/hub-figures.ts'
import type { Delivery } from '../../simulators/connection.ts'

type Shown = HubFigures['shown']

/** The hub's counters begin at zero with each of its starts; what it counted before a `kill -9` is added up here. */
export class Account {
  readonly #starts = new Map<number, HubFigures>()

  read(figures: HubFigures): void {
    this.#starts.set(figures.startedAt, figures)
  }

  sum(name: 'received' | 'stored' | 'rejected'): number {
    return [...this.#starts.values()].reduce((sum, figures) => sum + figures[name], 0)
  }

  /** Reports of the browsers by step; every start of the hub has the same steps. */
  get shown(): Shown {
    const all = [...this.#starts.values()].map(({ shown }) => shown)
    return {
      count: all.reduce((sum, { count }) => sum + count, 0),
      buckets: (all[0]?.buckets ?? []).map(({ le }, n) => ({
        le,
        count: all.reduce((sum, { buckets }) => sum + (buckets[n]?.count ?? 0), 0),
      })),
    }
  }
}

/** Upper bound, ms, of the step in which this share of the reports is reached; null: beyond the last, or none. */
export function shownWithin({ count, buckets }: Shown, share: number): number | null {
  let reached = 0
  for (const { le, count: here } of buckets) {
    reached += here
    if (count > 0 && reached >= share * count) return le === null ? null : Math.round(le * 1000)
  }
  return null
}

export function acknowledgementsOf(alarms: readonly Alarm[]): DemoReckoning['acknowledged'] {
  const took = alarms
    .flatMap(({ ack, raisedAt }) => (ack === null ? [] : [ack.at - raisedAt]))
    .toSorted((a, b) => a - b)
  return { count: took.length, median: took[Math.floor((took.length - 1) / 2)] ?? null, longest: took.at(-1) ?? null }
}

/** A device's clock may be ahead by this much and still be believed, ms. */
const AHEAD_MS = 5_000

/** Keeps what the hub has acknowledged to some devices, and asks it for all of that again. */
export class Witness {
  /** Device → times of its acknowledged readings. */
  readonly #acknowledged: ReadonlyMap<string, Set<number>>

  constructor(deviceIds: readonly string[]) {
    this.#acknowledged = new Map(deviceIds.map((id) => [id, new Set<number>()]))
  }

  note({ deviceId, channel, ts, ackedAt }: Delivery): void {
    if (channel !== 'readings' || ackedAt === null) return
    const known = this.#acknowledged.get(deviceId)
    // A clock that is off is set right by the hub: that reading stands at another time.
    for (const at of ts) if (at <= ackedAt + AHEAD_MS) known?.add(at)
  }

  /** `series` answers what the hub has of a device over [from, to). */
  async check(
    from: number,
    to: number,
    series: (deviceId: string) => Promise<Series['points']>,
  ): Promise<DemoReckoning['witness']> {
    let [devices, checked, missing] = [0, 0, 0]
    for (const [deviceId, all] of this.#acknowledged) {
      const acknowledged = [...all].filter((at) => at >= from && at < to)
      if (acknowledged.length === 0) continue
      devices++
      checked += acknowledged.length
      missing += missingFrom(await series(deviceId), acknowledged)
    }
    return { devices, checked, missing }
  }
}

/** How many of these times are in no bucket: a bucket reaches from its `t` to the next one's. */
export function missingFrom(points: Series['points'], times: readonly number[]): number {
  const room = points.map(({ t, count }) => ({ t, count }))
  let missing = 0
  for (const at of times) {
    const bucket = room.findLast(({ t }) => t <= at)
    if (bucket === undefined || bucket.count === 0) missing++
    else bucket.count--
  }
  return missing
}
