// The hub's own dialect (topics `zhian/v1/…`, JSON). Runs for every message, so it checks by hand what
// `contract/payloads.ts` says in schemas; a test holds the two against each other.
import { eventOf, metricOf } from '../../contract/kinds/table.ts'
import type { KindName, Metric } from '../../contract/kinds/kind.ts'
import { MAX_FUTURE_MS, MAX_PAST_MS, replyPayloadSchema } from '../../contract/payloads.ts'
import type { RejectionReason, ReplyPayload } from '../../contract/payloads.ts'
import { MAX_BATCH } from '../../contract/topics.ts'
import type { StoredEvent, TimeQuality } from '../readings/port.ts'
import type { Decoded, DecodedReading, Encoded, Rejected } from './codec.ts'
import { FORBIDDEN_KEYS, isObject, parseJson } from './json.ts'

/** Longest text kept of an event's data value. */
const MAX_DATA_TEXT = 200

const NOTHING: Decoded = { readings: [], events: [], replies: [], rejected: [], clockAheadMs: 0, points: 0 }

const refuse = (reason: RejectionReason, detail = ''): Decoded => ({
  ...NOTHING,
  rejected: [{ reason, detail }],
  points: 1,
})

/** Decodes one PUBLISH. Never throws, whatever the bytes. */
export function decodeNative(message: Encoded): Decoded {
  const parsed = parseJson(message.payload)
  if (!parsed.ok) return refuse(parsed.reason)
  switch (message.channel) {
    case 'readings':
      return decodeReadings(message, parsed.value)
    case 'events':
      return decodeEvents(message, parsed.value)
    case 'status':
      return decodeStatus(message, parsed.value)
    case 'replies':
      return decodeReply(parsed.value)
  }
}

/** Gives each sample its time; keeps what it learns about the device's clock. */
class SampleClock {
  clockAheadMs = 0
  private lastReceiptTs: number
  private readonly receivedAt: number

  constructor(message: Encoded) {
    this.receivedAt = message.receivedAt
    this.lastReceiptTs = message.lastReceiptTs
  }

  /** The sample's own time if it is believable, else a receipt time not given to this device before. */
  read(claimed: unknown): { ts: number; quality: TimeQuality } {
    if (typeof claimed === 'number' && Number.isFinite(claimed)) {
      const ahead = claimed - this.receivedAt
      if (ahead <= MAX_FUTURE_MS && ahead >= -MAX_PAST_MS) return { ts: Math.trunc(claimed), quality: 'device' }
      if (ahead > MAX_FUTURE_MS) this.clockAheadMs = Math.max(this.clockAheadMs, ahead)
    }
    this.lastReceiptTs = Math.max(this.receivedAt, this.lastReceiptTs + 1)
    return { ts: this.lastReceiptTs, quality: claimed === undefined ? 'received' : 'suspect' }
  }
}

function decodeReadings(message: Encoded, body: unknown): Decoded {
  const items = Array.isArray(body) ? body : [body]
  if (items.length === 0) return refuse('wrong_shape', '[]')
  if (items.length > MAX_BATCH) return refuse('too_many_items', String(items.length))
  const clock = new SampleClock(message)
  const readings: DecodedReading[] = []
  let rejected: Rejected[] | null = null
  let points = 0
  for (let index = 0; index < items.length; index++) {
    const item: unknown = items[index]
    const values = isObject(item) ? item['values'] : undefined
    if (!isObject(item) || !isObject(values)) {
      rejected ??= []
      rejected.push({ reason: 'wrong_shape', detail: items.length > 1 ? `[${index}]` : '' })
      points++
      continue
    }
    const checked = checkValues(message.kind, values)
    points += checked.points
    if (checked.rejected.length > 0) {
      rejected ??= []
      rejected.push(...checked.rejected)
    }
    if (!checked.any && checked.bad.length === 0) continue
    const { ts, quality } = clock.read(item['ts'])
    const reading: DecodedReading = {
      type: 'reading',
      position: message.position + readings.length,
      deviceId: message.deviceId,
      kind: message.kind,
      ts,
      receivedAt: message.receivedAt,
      quality,
      values: checked.values,
    }
    readings.push(checked.bad.length > 0 ? { ...reading, badMetrics: checked.bad } : reading)
  }
  return { ...NOTHING, readings, rejected: rejected ?? [], clockAheadMs: clock.clockAheadMs, points }
}

interface CheckedValues {
  /** The accepted values: the parsed object itself while nothing in it was rejected. */
  readonly values: Readonly<Record<string, number>>
  readonly any: boolean
  /** Metrics of this kind whose value was not taken. */
  readonly bad: readonly string[]
  readonly rejected: readonly Rejected[]
  readonly points: number
}

const CLEAN: readonly never[] = []

function checkValues(kind: KindName, values: Record<string, unknown>): CheckedValues {
  let points = 0
  let firstBad: string | null = null
  for (const name in values) {
    points++
    if (firstBad === null && reasonAgainst(metricOf(kind, name), name, values[name]) !== null) firstBad = name
  }
  if (points === 0)
    return { values: {}, any: false, bad: CLEAN, rejected: [{ reason: 'no_values', detail: '' }], points: 1 }
  if (firstBad === null)
    return { values: values as Record<string, number>, any: true, bad: CLEAN, rejected: CLEAN, points }
  const accepted: Record<string, number> = {}
  const bad: string[] = []
  const rejected: Rejected[] = []
  let any = false
  for (const name of Object.keys(values)) {
    const metric = metricOf(kind, name)
    const reason = reasonAgainst(metric, name, values[name])
    if (reason === null) {
      accepted[name] = values[name] as number
      any = true
    } else {
      rejected.push({ reason, detail: name.slice(0, 64) })
      if (metric !== undefined) bad.push(name)
    }
  }
  return { values: accepted, any, bad, rejected, points }
}

function reasonAgainst(metric: Metric | undefined, name: string, value: unknown): RejectionReason | null {
  if (metric === undefined) return FORBIDDEN_KEYS.has(name) ? 'forbidden_key' : 'unknown_metric'
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'not_a_number'
  if (value < metric.min || value > metric.max || metric.errorCodes?.includes(value)) return 'out_of_range'
  if (metric.binary !== undefined && value !== 0 && value !== 1) return 'out_of_range'
  return null
}

function decodeEvents(message: Encoded, body: unknown): Decoded {
  const items = Array.isArray(body) ? body : [body]
  if (items.length === 0) return refuse('wrong_shape', '[]')
  if (items.length > MAX_BATCH) return refuse('too_many_items', String(items.length))
  const clock = new SampleClock(message)
  const events: StoredEvent[] = []
  const rejected: Rejected[] = []
  for (const [index, item] of items.entries()) {
    const place = items.length > 1 ? `[${index}]` : ''
    if (!isObject(item) || typeof item['event'] !== 'string') {
      rejected.push({ reason: 'wrong_shape', detail: place })
      continue
    }
    const known = eventOf(message.kind, item['event'])
    if (known === undefined) {
      rejected.push({ reason: 'unknown_event', detail: item['event'].slice(0, 64) })
      continue
    }
    const { ts, quality } = clock.read(item['ts'])
    events.push({
      type: 'event',
      position: message.position + events.length,
      deviceId: message.deviceId,
      kind: message.kind,
      ts,
      receivedAt: message.receivedAt,
      quality,
      name: known.name,
      data: keepData(known.data, item['data']),
    })
  }
  return { ...NOTHING, events, rejected, clockAheadMs: clock.clockAheadMs, points: items.length }
}

/** The keys the kind's event names, with plain values only; everything else is dropped. */
function keepData(keys: readonly string[], data: unknown): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  if (!isObject(data)) return kept
  for (const key of keys) {
    const value = Object.hasOwn(data, key) ? data[key] : undefined
    if (typeof value === 'string') kept[key] = value.slice(0, MAX_DATA_TEXT)
    else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) kept[key] = value
  }
  return kept
}

function decodeStatus(message: Encoded, body: unknown): Decoded {
  if (!isObject(body) || (body['state'] !== 'online' && body['state'] !== 'offline')) return refuse('wrong_shape')
  const clock = new SampleClock(message)
  // A will was written when the connection opened: whatever time it carries says nothing about when it broke.
  const { ts, quality } = clock.read(message.will ? undefined : body['ts'])
  const status: StoredEvent = {
    type: 'status',
    position: message.position,
    deviceId: message.deviceId,
    kind: message.kind,
    ts,
    receivedAt: message.receivedAt,
    quality,
    name: body['state'],
    data: message.will ? { will: true } : {},
  }
  return { ...NOTHING, events: [status], clockAheadMs: clock.clockAheadMs, points: 1 }
}

function decodeReply(body: unknown): Decoded {
  const parsed = replyPayloadSchema.safeParse(body)
  if (!parsed.success) return refuse('wrong_shape')
  const reply: ReplyPayload = parsed.data
  return { ...NOTHING, replies: [reply], points: 1 }
}
