import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_FUTURE_MS, MAX_PAST_MS, readingsPayloadSchema } from '../../contract/payloads.ts'
import { decodeNative } from '../../ingest/codecs/native.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import type { UpChannel } from '../../contract/topics.ts'
import type { Decoded } from '../../ingest/codecs/codec.ts'

const RECEIVED = 1_795_000_000_000

function decode(
  body: unknown,
  { kind = 'gas', channel = 'readings', will = false }: { kind?: KindName; channel?: UpChannel; will?: boolean } = {},
): Decoded {
  const payload =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return decodeNative({
    deviceId: 'd1',
    kind,
    channel,
    payload,
    receivedAt: RECEIVED,
    will,
    position: 100,
    lastReceiptTs: 0,
  })
}

const reasons = (decoded: Decoded): string[] => decoded.rejected.map(({ reason }) => reason)

describe('native codec: readings', () => {
  it('takes one object and gives it its own time and the next position', () => {
    const decoded = decode({ ts: RECEIVED - 5, values: { gas_lel: 3.5, valve_closed: 0 } })
    expect(decoded.readings).toEqual([
      {
        type: 'reading',
        position: 100,
        deviceId: 'd1',
        kind: 'gas',
        ts: RECEIVED - 5,
        receivedAt: RECEIVED,
        quality: 'device',
        values: { gas_lel: 3.5, valve_closed: 0 },
      },
    ])
    expect(decoded.points).toBe(2)
    expect(decoded.rejected).toEqual([])
  })

  it('takes an array of up to 500 and refuses 501 whole', () => {
    const items = Array.from({ length: 500 }, (_, index) => ({ ts: RECEIVED - index, values: { gas_lel: 1 } }))
    expect(decode(items).readings.map(({ position }) => position)).toEqual(items.map((_, index) => 100 + index))
    expect(reasons(decode([...items, items[0]]))).toEqual(['too_many_items'])
    expect(decode([...items, items[0]]).readings).toEqual([])
  })

  it('rejects an unknown metric, a string, an error code and half a switch alone; the neighbours are stored', () => {
    const decoded = decode({ values: { gas_lel: 12, co_ppm: '7', humidity: 6553.5, valve_closed: 0.5, mystery: 1 } })
    expect(decoded.readings[0]?.values).toEqual({ gas_lel: 12 })
    expect(decoded.readings[0]?.badMetrics).toEqual(['co_ppm', 'humidity', 'valve_closed'])
    expect(reasons(decoded).toSorted()).toEqual(['not_a_number', 'out_of_range', 'out_of_range', 'unknown_metric'])
    expect(decoded.points).toBe(5)
  })

  it('rejects the error codes of 16 bits where the range would contain them, and takes their neighbours', () => {
    const said = {
      residual_current: 6553.5,
      power: 65_535,
      power_a: 6553.5,
      power_b: -40,
      energy: 6553.5,
      arc_count: 65_535,
    }
    const decoded = decode({ values: said }, { kind: 'electricity' })
    expect(decoded.readings[0]?.values).toEqual({ power_b: -40, energy: 6553.5, arc_count: 65_535 })
    expect(decoded.readings[0]?.badMetrics).toEqual(['residual_current', 'power', 'power_a'])
    expect(reasons(decoded)).toEqual(['out_of_range', 'out_of_range', 'out_of_range'])
    const near = { residual_current: 6553.4, power: 65_534, power_a: 6554 }
    expect(decode({ values: near }, { kind: 'electricity' }).readings[0]?.values).toEqual(near)
  })

  it('rejects a number that JSON reads as infinite', () => {
    expect(reasons(decode('{"values":{"gas_lel":1e999}}'))).toEqual(['not_a_number'])
  })

  it('hands a message of bad values only to the engine, with nothing to store', () => {
    const decoded = decode({ values: { gas_lel: -40 } })
    expect(decoded.readings[0]?.values).toEqual({})
    expect(decoded.readings[0]?.badMetrics).toEqual(['gas_lel'])
  })

  it('gives receipt time, unique per device, where the sample has none', () => {
    const decoded = decode([{ values: { gas_lel: 1 } }, { values: { gas_lel: 2 } }])
    expect(decoded.readings.map(({ ts, quality }) => [ts, quality])).toEqual([
      [RECEIVED, 'received'],
      [RECEIVED + 1, 'received'],
    ])
  })

  it('believes a time from 7 days before to 5 minutes after receipt, both ends included', () => {
    const timeOf = (ts: unknown) => decode({ ts, values: { gas_lel: 1 } }).readings[0]
    expect(timeOf(RECEIVED - MAX_PAST_MS)).toMatchObject({ ts: RECEIVED - MAX_PAST_MS, quality: 'device' })
    expect(timeOf(RECEIVED - MAX_PAST_MS - 1)).toMatchObject({ ts: RECEIVED, quality: 'suspect' })
    expect(timeOf(RECEIVED + MAX_FUTURE_MS)).toMatchObject({ ts: RECEIVED + MAX_FUTURE_MS, quality: 'device' })
    expect(timeOf(RECEIVED + MAX_FUTURE_MS + 1)).toMatchObject({ ts: RECEIVED, quality: 'suspect' })
    expect(timeOf('2026-11-21')).toMatchObject({ ts: RECEIVED, quality: 'suspect' })
  })

  it('says how far a clock runs ahead beyond belief', () => {
    expect(decode({ ts: RECEIVED + 3_600_000, values: { gas_lel: 1 } }).clockAheadMs).toBe(3_600_000)
    expect(decode({ ts: RECEIVED + 1_000, values: { gas_lel: 1 } }).clockAheadMs).toBe(0)
  })

  it.each([
    ['not_json', '{"values":'],
    ['not_utf8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['too_deep', `${'['.repeat(9)}${']'.repeat(9)}`],
    ['too_large', `"${'x'.repeat(65_536)}"`],
    ['wrong_shape', '42'],
    ['wrong_shape', '[]'],
    ['wrong_shape', '{"values":[1]}'],
    ['no_values', '{"values":{}}'],
    ['forbidden_key', '{"values":{"__proto__":1}}'],
  ])('names the reason %s', (reason, payload) => {
    const decoded = decode(payload)
    expect(reasons(decoded)).toEqual([reason])
    expect(decoded.points).toBe(1)
  })

  it('counts braces inside strings as text, not as depth', () => {
    expect(reasons(decode('{"values":{"gas_lel":1},"note":"[[[[[[[[[[[[\\"[[["}'))).toEqual([])
  })
})

describe('native codec: events, status, replies', () => {
  it('keeps only the data keys the kind names, with plain values', () => {
    const decoded = decode(
      { event: 'gas_high', data: { value: 30, person: 'x', nested: { a: 1 }, constructor: 1 } },
      { channel: 'events' },
    )
    expect(decoded.events[0]).toMatchObject({ type: 'event', name: 'gas_high', data: { value: 30 } })
  })

  it('refuses an event the kind does not know, also one named like a prototype member', () => {
    expect(reasons(decode({ event: 'door_forced' }, { channel: 'events' }))).toEqual(['unknown_event'])
    expect(reasons(decode({ event: 'constructor' }, { channel: 'events' }))).toEqual(['unknown_event'])
  })

  it('does not believe the time in a will: it was written when the connection opened', () => {
    const decoded = decode({ state: 'offline', ts: RECEIVED - 60_000 }, { channel: 'status', will: true })
    expect(decoded.events[0]).toMatchObject({ type: 'status', name: 'offline', ts: RECEIVED, data: { will: true } })
  })

  it('reads a reply and refuses anything else', () => {
    expect(decode({ id: 'c1', ok: true }, { channel: 'replies' }).replies).toHaveLength(1)
    expect(reasons(decode({ id: 'c1' }, { channel: 'replies' }))).toEqual(['wrong_shape'])
  })
})

describe('native codec: properties', () => {
  const channel = fc.constantFrom<UpChannel>('readings', 'events', 'status', 'replies')

  it('never throws on any bytes, leaves Object.prototype alone, and accounts for every point (G10)', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).length
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
      fc.json({ maxDepth: 10 }).map((text) => Buffer.from(text)),
      fc
        .record({
          ts: fc.anything(),
          values: fc.dictionary(fc.constantFrom('gas_lel', 'co_ppm', '__proto__', 'x'), fc.anything()),
        })
        .map((value) =>
          Buffer.from(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? 0 : inner)) ?? ''),
        ),
    )
    fc.assert(
      fc.property(payload, channel, (bytes, sort) => {
        const decoded = decode(bytes, { channel: sort })
        const taken =
          decoded.readings.reduce((sum, { values }) => sum + Object.keys(values).length, 0) +
          decoded.events.length +
          decoded.replies.length
        expect(taken + decoded.rejected.length).toBe(decoded.points)
        expect(decoded.points).toBeGreaterThan(0)
      }),
      { numRuns: 2_000 },
    )
    expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(before)
  })

  it('takes what the contract’s schema takes: a valid payload of known metrics loses nothing', () => {
    const reading = fc.record(
      {
        ts: fc.integer({ min: RECEIVED - MAX_PAST_MS, max: RECEIVED }),
        values: fc.record({ gas_lel: fc.double({ min: 0, max: 100, noNaN: true }) }),
      },
      { requiredKeys: ['values'] },
    )
    fc.assert(
      fc.property(fc.oneof(reading, fc.array(reading, { minLength: 1, maxLength: 20 })), (body) => {
        expect(readingsPayloadSchema.safeParse(body).success).toBe(true)
        const decoded = decode(body)
        expect(decoded.rejected).toEqual([])
        expect(decoded.readings).toHaveLength(Array.isArray(body) ? body.length : 1)
      }),
    )
  })
})
