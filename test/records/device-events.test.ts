// Events of devices in the ledger, for a store of readings that holds numbers only.
import { describe, expect, it } from 'vitest'
import type { DeviceEvent } from '../../records/ledger/device-events.ts'
import { newDirectory, startedLedger } from './fixture.ts'

const DAY = 86_400_000
const TODAY = 20_000 * DAY

function event(position: number, given: Partial<DeviceEvent> = {}): DeviceEvent {
  const ts = given.ts ?? TODAY + position
  return {
    ...{ type: 'event', position, deviceId: 'door-1', kind: 'access', ts, receivedAt: ts + 5, quality: 'device' },
    ...{ name: 'opened', data: { method: 'card', person: 'p-7' } },
    ...given,
  }
}
const OF_DOOR = { deviceId: 'door-1', from: TODAY - 400 * DAY, to: TODAY + DAY, limit: 10 }

describe('events of devices', () => {
  it('are listed newest first, each once, of their device and time alone', async () => {
    const { deviceEvents } = await startedLedger(newDirectory())
    const text = event(2, { name: 'denied', type: 'status', quality: 'suspect', data: { why: '刷卡 "x"\n' } })
    await deviceEvents.add([event(1), text, event(3, { deviceId: 'door-2' })])
    await deviceEvents.add([{ ...event(1), position: 9 }, event(4)])
    await deviceEvents.add([])
    expect(await deviceEvents.events(OF_DOOR)).toEqual([event(4), text, event(1)])
    expect(await deviceEvents.events({ ...OF_DOOR, limit: 1 })).toEqual([event(4)])
    expect(await deviceEvents.events({ ...OF_DOOR, from: TODAY + 2, to: TODAY + 4 })).toEqual([text])
    expect(await deviceEvents.events({ ...OF_DOOR, from: OF_DOOR.to })).toEqual([])
  })

  it('go after their time, and who opened the door before them', async () => {
    const { deviceEvents } = await startedLedger(newDirectory())
    const old = (day: number, given: Partial<DeviceEvent> = {}) => event(day, { ts: TODAY - day * DAY, ...given })
    await deviceEvents.add([
      old(10),
      old(40),
      old(41, { data: { person: 'p-1' } }),
      old(42, { data: { note: 'said "person": once', Person: 'p-2', inner: { person: 'p-3' } } }),
      old(43, { kind: 'camera', data: { person: true } }),
      old(366),
    ])
    await deviceEvents.retain(TODAY - 365 * DAY, TODAY - 30 * DAY)
    expect((await deviceEvents.events(OF_DOOR)).map(({ data }) => data)).toEqual([
      { method: 'card', person: 'p-7' },
      { method: 'card' },
      {},
      { note: 'said "person": once', inner: {} },
      { person: true },
    ])
  })

  it('G1: thousands of one append are there together', async () => {
    const { deviceEvents } = await startedLedger(newDirectory())
    await deviceEvents.add(Array.from({ length: 2_500 }, (_, index) => event(index)))
    expect(await deviceEvents.events({ ...OF_DOOR, limit: 5_000 })).toHaveLength(2_500)
  })
})
