// Into which buckets a series is cut, whichever engine fills them.
import { HOUR_MS, MINUTE_MS } from './schema.ts'

export type Level = 'raw' | 'minute' | 'hour'

const UNIT_MS = { minute: MINUTE_MS, hour: HOUR_MS } as const

/** Bucket n is [origin + n × width, origin + (n + 1) × width), ms. */
export interface Buckets {
  readonly level: Level
  readonly origin: number
  readonly width: number
}

/** Buckets are whole minutes or hours as soon as they are that wide, so that roll-ups fit into them. */
export function bucketsOf(from: number, to: number, points: number): Buckets {
  for (const level of ['hour', 'minute'] as const) {
    const unit = UNIT_MS[level]
    const origin = Math.floor(from / unit) * unit
    const width = (to - origin) / points
    if (width >= unit) return { level, origin, width: Math.ceil(width / unit) * unit }
  }
  return { level: 'raw', origin: from, width: Math.max(1, Math.ceil((to - from) / points)) }
}
