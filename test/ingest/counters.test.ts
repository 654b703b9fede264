// received = stored + rejected (G10), of the hub and of every device, whatever is sent and whatever fails.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KIND_NAMES } from '../../contract/kinds/kind.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import { defaultRulesFor } from '../../contract/kinds/table.ts'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import type { Message } from '../../ingest/ports.ts'
import { MemoryJournal, MemoryReadings } from '../support/memory-stores.ts'
import { until } from '../support/hub-process.ts'

const WALL = 1_795_000_000_000
const KNOWN = ['meter', 'gas', 'retired'] as const

function world() {
  const readings = new MemoryReadings()
  const journal = new MemoryJournal()
  const devices = new Devices((kind) =>
    (KIND_NAMES as readonly string[]).includes(kind)
      ? defaultRulesFor(kind as KindName).map((rule) => ({ ...rule, kind: kind as KindName, version: 1 }))
      : [],
  )
  for (const deviceId of KNOWN) {
    const kind: KindName = deviceId === 'gas' ? 'gas' : 'electricity'
    const lifecycle = deviceId === 'retired' ? 'retired' : 'registered'
    const profile = { uid: `uid-${deviceId}`, deviceId, kind, attributes: {}, gatewayId: null, inServiceSince: null }
    devices.put(
      { ...profile, lifecycle } as const,
      { deviceName: deviceId, siteId: null, areaIds: [], place: [] },
      WALL,
    )
  }
  let problem: string | null = null
  const pipeline = new Pipeline({
    clock: { now: () => WALL, wall: () => WALL },
    devices,
    readings,
    journal,
    listener: {
      transitions: () => undefined,
      stored: () => undefined,
      presence: () => undefined,
      rejected: () => undefined,
      inService: () => undefined,
      storing: (now) => void (problem = now),
    },
  })
  return { readings, journal, devices, pipeline, isStoring: () => problem === null }
}

const value = fc.oneof(fc.double(), fc.integer({ min: -50, max: 12_000 }), fc.constant('1'), fc.constant(null))
const reading = fc.record(
  { ts: fc.constantFrom(WALL, WALL - 90_000, WALL + 900_000, 'yesterday'), values: fc.dictionary(name(), value) },
  { requiredKeys: ['values'] },
)
function name(): fc.Arbitrary<string> {
  return fc.constantFrom('residual_current', 'voltage_a', 'gas_lel', 'nonsense', '__proto__', 'constructor')
}
const event = fc.record({ event: fc.constantFrom('tamper', 'tamper_cleared', 'restarted', 'nonsense') })
const payload = fc.oneof(
  reading,
  fc.array(fc.oneof(reading, event, fc.constant(7)), { maxLength: 5 }),
  event,
  fc.constantFrom<unknown>({ state: 'online' }, { id: 'c1', ok: true }, [], {}, 'text', null),
)
const message = fc.record({
  deviceId: fc.constantFrom(...KNOWN, 'stranger'),
  channel: fc.constantFrom('readings', 'events', 'status', 'replies' as const),
  qos: fc.constantFrom(0, 1 as const),
  payload: fc.oneof(
    payload.map((body) => Buffer.from(JSON.stringify(body))),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  ),
})
const step = fc.oneof(
  { weight: 20, arbitrary: message.map((sent) => ({ do: 'send', sent }) as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'settle' } as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('readings', 'journal' as const).map((store) => ({ do: 'fail', store }) as const),
  },
)

describe('the account of data points', () => {
  it(
    'G10: holds for the hub and for each device after any traffic, with commits that fail',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
          const { pipeline, devices, readings, journal, isStoring } = world()
          await pipeline.start(0)
          let outstanding: Promise<void>[] = []
          let acknowledged = 0
          const settle = async (): Promise<void> => {
            await Promise.all(outstanding)
            await until('commits work', isStoring)
            outstanding = []
          }
          for (const one of steps) {
            if (one.do === 'settle') await settle()
            else if (one.do === 'fail') {
              const failing = one.store === 'readings' ? readings : journal
              failing.failing = 'before'
              await settle().catch(() => undefined)
              failing.failing = null
              await until('commits work again', isStoring)
            } else {
              const sent: Message = { ...one.sent, receivedAt: WALL, will: false }
              outstanding.push(
                new Promise((resolve) =>
                  pipeline.accept(sent, (error) => {
                    if (error === undefined) acknowledged++
                    resolve()
                  }),
                ),
              )
            }
            for (const account of [pipeline.counters, ...[...devices.all()].map(({ counters }) => counters)]) {
              const { received, stored, rejected, pending } = account.snapshot()
              expect(received - pending).toBe(stored + rejected)
            }
          }
          await settle()
          await pipeline.stop()

          const hub = pipeline.counters.snapshot()
          const each = [...devices.all()].map(({ counters }) => counters.snapshot())
          const sum = (of: (counts: (typeof each)[number]) => number): number =>
            each.reduce((total, counts) => total + of(counts), 0)
          expect(hub.pending).toBe(0)
          expect(hub.received).toBe(hub.stored + hub.rejected)
          for (const { received, stored, rejected, pending, byReason } of each) {
            expect(pending).toBe(0)
            expect(received).toBe(stored + rejected)
            expect(Object.values(byReason).reduce((total, count) => total + count, 0)).toBe(rejected)
          }
          // What a stranger sent is the hub's alone.
          expect(hub.rejected).toBe(sum(({ rejected }) => rejected) + hub.byReason.unregistered_device)
          expect(hub.stored).toBe(sum(({ stored }) => stored))
          expect(hub.messages).toBeGreaterThanOrEqual(acknowledged)
        }),
        { numRuns: 25 },
      )
    },
  )

  it('G10: counts what QoS 0 overflows with, to the device that sent it', async () => {
    const { pipeline, devices, readings } = world()
    await pipeline.start(0)
    readings.gate.shut = true
    const many = Buffer.from(
      JSON.stringify(
        Array.from({ length: 500 }, (_, index) => ({ ts: WALL + index, values: { residual_current: 1 } })),
      ),
    )
    const one = Buffer.from(JSON.stringify({ ts: WALL - 1, values: { residual_current: 1 } }))
    const send = (deviceId: string, payload: Buffer, qos: 0 | 1): Promise<Error | undefined> =>
      new Promise((resolve) =>
        pipeline.accept({ deviceId, channel: 'readings', payload, qos, receivedAt: WALL, will: false }, resolve),
      )
    const answers: Promise<Error | undefined>[] = []
    // All in one turn: nothing is taken away to be committed meanwhile.
    for (let sent = 0; sent < 132; sent++) answers.push(send('meter', many, 1))
    for (let sent = 0; sent < 7; sent++) answers.push(send('meter', one, 0), send('gas', one, 0))
    answers.push(send('meter', one, 1))
    readings.gate.open()
    expect((await Promise.all(answers)).filter((error) => error !== undefined)).toEqual([])
    const of = (deviceId: string) => devices.get(deviceId)?.counters.snapshot()
    expect(of('meter')).toMatchObject({ received: 66_008, stored: 66_001, rejected: 7, pending: 0, messages: 140 })
    expect(of('meter')?.byReason.overload_qos0).toBe(7)
    expect(of('gas')).toMatchObject({ received: 7, stored: 0, rejected: 7 })
    expect(pipeline.counters.snapshot()).toMatchObject({ received: 66_015, stored: 66_001, rejected: 14 })
    await pipeline.stop()
  })

  it('begins anew for a device that took over the id of another', () => {
    const { devices } = world()
    const before = devices.get('meter')
    before?.counters.message(3, [])
    const profile = before?.profile
    if (profile === undefined) throw new Error('the meter is not there')
    const placement = { deviceName: 'meter', siteId: null, areaIds: [], place: [] }
    expect(devices.put({ ...profile, lifecycle: 'in_service' }, placement, WALL + 5).counters.snapshot().received).toBe(
      3,
    )
    const after = devices.put({ ...profile, uid: 'another' }, placement, WALL + 9)
    expect([after.counters.snapshot().received, after.countedSince]).toEqual([0, WALL + 9])
  })
})
