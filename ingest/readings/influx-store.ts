// The reading store on InfluxDB 2. What it acknowledges is in its write-ahead log and synced (storage-wal-fsync-delay is 0 by
// default and must stay so). A point written again overwrites itself: (device, ts) is one reading.
import { HttpError } from '@influxdata/influxdb-client'
import { bucketsNamed } from './influx-buckets.ts'
import { checkBuckets } from './influx-admin.ts'
import { eventLine, events, latest, readings, withoutPersons } from './influx-history.ts'
import { counterRun, series } from './influx-series.ts'
import type { InfluxReader } from './influx-series.ts'
import { LineEncoder } from './line-protocol.ts'
import { LineWriter } from './line-writer.ts'
import type { RemoteStore, RetentionPolicy } from './port.ts'
import { dayOf, dayStart, PERSON_DAYS } from './schema.ts'
import type { ReadingKinds } from './schema.ts'
import { StoreUnusableError } from './unavailable.ts'
import { WriteGroups } from './write-groups.ts'

export interface InfluxStoreOptions {
  readonly url: string
  readonly token: string
  readonly org: string
  readonly bucket: string
  readonly kinds: ReadingKinds
  readonly retention: RetentionPolicy
  /** Wall time, ms. */
  readonly now: () => number
  /** Told how many points the server would not keep because they are older than its retention. */
  readonly tooOld?: (points: number) => void
  readonly timeoutMs?: number
  readonly patienceMs?: number
}

/** Inputs in one group at most. */
const GROUP = 20_000

interface Item {
  readonly line: string
  readonly isEvent: boolean
}

export function createInfluxStore(options: InfluxStoreOptions): RemoteStore {
  const { url, token, org, bucket, kinds, retention, now, timeoutMs = 10_000, patienceMs = 5_000 } = options
  const encoder = new LineEncoder(kinds)
  const buckets = bucketsNamed(bucket)
  const connection = { url, token, org, timeoutMs, patienceMs }
  const writer = new LineWriter({ ...connection, bucket: buckets.raw })
  const eventWriter = new LineWriter({ ...connection, bucket: buckets.events })
  const reader: InfluxReader = { api: writer.influx.getQueryApi({ org, gzip: true }), buckets, retention, now }
  let forgotten = -Infinity

  const send = async (to: LineWriter, lines: readonly string[], stopping: AbortSignal): Promise<void> => {
    if (lines.length > 0) await to.persist(() => to.write(lines).catch(partly), stopping)
  }
  /** All but what is older than the bucket's retention was taken: that would be dropped in the next hours anyway. */
  const partly = (error: unknown): void => {
    if (!(error instanceof HttpError)) throw error
    const [, dropped] = /beyond retention policy.*?dropped=(\d+)/.exec(error.message) ?? []
    if (dropped !== undefined) options.tooOld?.(Number(dropped))
    else throw refusal(error, bucket) ?? error
  }
  const groups = new WriteGroups<Item>({
    everyMs: () => 0,
    most: GROUP,
    async write(items, stopping) {
      const linesOf = (events: boolean): string[] =>
        items.filter(({ isEvent }) => isEvent === events).map(({ line }) => line)
      await Promise.all([send(writer, linesOf(false), stopping), send(eventWriter, linesOf(true), stopping)])
    },
  })
  const known = (kind: string, metric: string): boolean => kinds[kind]?.includes(metric) === true

  return {
    start: () => checkBuckets(writer.influx, org, buckets),

    async append(inputs) {
      await groups.append(
        inputs.map((input) =>
          input.type === 'reading'
            ? { line: encoder.line(input), isEvent: false }
            : { line: eventLine(input), isEvent: true },
        ),
      )
    },

    async series(query) {
      return known(query.kind, query.metric) ? series(reader, query) : []
    },

    async counter(query) {
      return known(query.kind, query.metric) ? counterRun(reader, query) : null
    },

    async latest(deviceId, kind) {
      return latest(reader, deviceId, kind, kinds[kind] ?? [])
    },

    events: (query) => events(reader, query),

    export: (query) => readings(reader, query),

    // Dropping and rolling up are the server's: its buckets' retention and its tasks.
    async maintain(at) {
      const today = dayOf(at)
      if (today === forgotten) return
      const lines = await withoutPersons(reader, dayStart(today - retention.minuteDays), dayStart(today - PERSON_DAYS))
      await send(eventWriter, lines, AbortSignal.abort())
      forgotten = today
    },

    async stop() {
      await groups.stop()
      writer.close()
      eventWriter.close()
    },
  }
}

/** What trying again would not change, as a sentence that can be acted on. */
function refusal({ statusCode, message }: HttpError, bucket: string): StoreUnusableError | null {
  if (statusCode === 401 || statusCode === 403)
    return new StoreUnusableError(
      `InfluxDB 不接受 ZHIAN_INFLUX_TOKEN（${statusCode}）：它须能读写存储桶 ${bucket}。` +
        ` InfluxDB does not accept ZHIAN_INFLUX_TOKEN (${statusCode}): it must be allowed to read and write ${bucket}.`,
    )
  if (statusCode === 404)
    return new StoreUnusableError(
      `InfluxDB 里没有这个组织或存储桶：请运行 npm run influx:setup。InfluxDB has no such organisation or bucket: run npm run influx:setup. (${message})`,
    )
  return null
}
