// The reading store on VictoriaMetrics (one node). It holds numbers: events and statuses go to an EventLog.
//
// What it does not hold: the order of arrival, and which of two different values for one (device, metric, ts) came last: it
// keeps one of them. Roll-ups are made when they are asked for; how long samples are kept is the server's own flag.
import { DAY_MS, dayOf, dayStart, PERSON_DAYS } from './schema.ts'
import type { ReadingKinds } from './schema.ts'
import type { EventLog } from './event-log.ts'
import { LineEncoder } from './line-protocol.ts'
import { LineWriter } from './line-writer.ts'
import type { RemoteStore, StoredEvent } from './port.ts'
import { VictoriaDurability } from './victoria-durable.ts'
import { checkFlags } from './victoria-flags.ts'
import { latest, readings } from './victoria-history.ts'
import { VictoriaHttp } from './victoria-http.ts'
import { counterRun, series } from './victoria-series.ts'
import { WriteGroups } from './write-groups.ts'

export interface VictoriaStoreOptions {
  readonly url: string
  readonly kinds: ReadingKinds
  readonly events: EventLog
  /** Wall time, ms. */
  readonly now: () => number
  /** Days that samples must be kept. */
  readonly keepDays: number
  /** At least so long from one confirmed group to the next, ms. */
  readonly confirmEveryMs?: number
  readonly timeoutMs?: number
  readonly patienceMs?: number
}

/** What is written goes by this label, so that others may use the same server. */
const DATABASE = 'zhian'
/** Readings in one group at most. */
const GROUP = 20_000
/** From so many on, readings do not wait for their turn … */
const MANY = 1_000
/** … but confirming, whose price rises with the months that the server keeps, takes at most half of the time; a quarter for few. */
const OFTEN = 2
const RARELY = 4

export function createVictoriaStore(options: VictoriaStoreOptions): RemoteStore {
  const { url, kinds, events, now, keepDays, confirmEveryMs = 1_000, timeoutMs = 10_000, patienceMs = 5_000 } = options
  const encoder = new LineEncoder(kinds)
  const http = new VictoriaHttp(url, timeoutMs)
  const durability = new VictoriaDurability(http)
  const writer = new LineWriter({
    url,
    org: DATABASE,
    bucket: DATABASE,
    path: `/write?db=${DATABASE}&precision=ms`,
    timeoutMs,
    patienceMs,
  })
  let checked: Promise<void> | null = null
  let retained = -Infinity
  /** Once it has been found usable it is not asked again; until then, every time. */
  const usable = (): Promise<void> =>
    (checked ??= checkFlags(http, keepDays).catch((error: unknown) => {
      checked = null
      throw error
    }))

  const groups = new WriteGroups<string | StoredEvent>({
    everyMs: (waiting) =>
      Math.max(waiting < MANY ? confirmEveryMs : 0, durability.tookMs * (waiting < MANY ? RARELY : OFTEN)),
    most: GROUP,
    async write(items, stopping) {
      const lines = items.filter((item) => typeof item === 'string')
      const texts = items.filter((item) => typeof item !== 'string')
      await events.add(texts)
      if (lines.length === 0) return
      await writer.persist(async () => {
        await usable()
        await durability.begin()
        await writer.write(lines)
        await durability.confirm()
      }, stopping)
    },
  })

  const known = (kind: string, metric: string): boolean => kinds[kind]?.includes(metric) === true

  return {
    start: usable,

    async append(inputs) {
      await groups.append(inputs.map((input) => (input.type === 'reading' ? encoder.line(input) : input)))
    },

    async series(query) {
      return known(query.kind, query.metric) ? series(http, query) : []
    },

    async counter(query) {
      return known(query.kind, query.metric) ? counterRun(http, query) : null
    },

    async latest(deviceId, kind) {
      const metrics = kinds[kind] ?? []
      return latest(http, { deviceId, kind, metrics, now: now(), keptMs: keepDays * DAY_MS })
    },

    events: (query) => events.events(query),

    export: (query) => readings(http, query),

    async maintain(at, { minuteDays }) {
      const today = dayOf(at)
      if (today === retained) return
      // Events are kept as long as minutes are: long enough to explain an alarm, not for ever.
      await events.retain(dayStart(today - minuteDays), dayStart(today - PERSON_DAYS))
      retained = today
    },

    async stop() {
      await groups.stop()
      writer.close()
    },
  }
}
