// The buckets of InfluxDB and what is read from which. `zhian` keeps readings as they came, `zhian_1m` and `zhian_1h` what
// tasks made of them, `zhian_events` what is text.
//
// A day is rolled up when nothing late can come for it any more, and its readings are kept beyond that: so what is read from
// a roll-up is whole, and everything younger is read as it came.
import { MAX_PAST_MS } from '../../contract/payloads.ts'
import type { Level } from './buckets.ts'
import type { RetentionPolicy } from './port.ts'
import { DAY_MS, dayOf, dayStart, HOUR_MS, MINUTE_MS } from './schema.ts'

export interface InfluxBuckets {
  readonly raw: string
  readonly minute: string
  readonly hour: string
  readonly events: string
}

export const bucketsNamed = (name: string): InfluxBuckets => ({
  raw: name,
  minute: `${name}_1m`,
  hour: `${name}_1h`,
  events: `${name}_events`,
})

/** A task rolls up the days [now - ROLL_FROM, now - ROLL_TO): each day three times, so that two missed nights are made good. */
export const ROLL_TO_DAYS = Math.ceil(MAX_PAST_MS / DAY_MS) + 1
export const ROLL_FROM_DAYS = ROLL_TO_DAYS + 3

/** Days that each bucket keeps. Readings stay until they are rolled up, however short the policy is. */
export function daysKept({ rawDays, minuteDays, hourDays }: RetentionPolicy): Record<keyof InfluxBuckets, number> {
  const raw = Math.max(rawDays, ROLL_FROM_DAYS + 1)
  // Events are kept as long as minutes are: long enough to explain an alarm, not for ever.
  return { raw, minute: Math.max(minuteDays, raw), hour: Math.max(hourDays, raw), events: minuteDays }
}

/** What a roll-up keeps of a metric, in fields of their own beside the marks: `residual_current:min`. */
export const ROLLED = ['min', 'max', 'sum', 'count', 'last'] as const

export const LEVEL_MS: Readonly<Record<Level, number>> = { raw: 1, minute: MINUTE_MS, hour: HOUR_MS }

/** A stretch of time to be read from one bucket, oldest first; rounded outwards to the roll-up's unit. */
export interface Stretch {
  readonly level: Level
  readonly from: number
  readonly to: number
}

export function stretchesOf(from: number, to: number, now: number, retention: RetentionPolicy): Stretch[] {
  const kept = daysKept(retention)
  // The oldest day of which nothing is dropped yet.
  const rawFrom = dayStart(dayOf(now) - kept.raw + 1)
  const minuteFrom = Math.min(rawFrom, dayStart(dayOf(now) - kept.minute + 1))
  const stretches: Stretch[] = [
    { level: 'hour', from, to: Math.min(to, minuteFrom) },
    { level: 'minute', from: Math.max(from, minuteFrom), to: Math.min(to, rawFrom) },
    { level: 'raw', from: Math.max(from, rawFrom), to },
  ]
  return stretches
    .filter((stretch) => stretch.from < stretch.to)
    .map(({ level, ...stretch }) => {
      const unit = LEVEL_MS[level]
      return { level, from: Math.floor(stretch.from / unit) * unit, to: Math.ceil(stretch.to / unit) * unit }
    })
}
