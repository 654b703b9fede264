// What the dashboard adds to the hub's account of itself: measured where it happens.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeviceCounters } from '../../../contract/http/devices.ts'
import type { HubFigures } from '../../../contract/http/hub-figures.ts'
import { World, live, next, until } from './world.ts'

describe('the counters', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.stop())

  const figures = async () => {
    const { status, body } = await world.call<HubFigures>('GET', '/counters', { as: await world.as('duty') })
    expect(status).toBe(200)
    return body
  }

  it('G10: keep received = stored + rejected, and tell version, time and start', async () => {
    const { received, stored, rejected, version, at, startedAt } = await figures()
    expect(received).toBe(stored + rejected)
    expect(version).toBe('0.0.0-test')
    expect(at).toBeGreaterThan(startedAt)
  })

  it('G9, G10: give the account of one device to who may see it, and to nobody else', async () => {
    const of = (id: string, who: string) =>
      world.as(who).then((as) => world.call<DeviceCounters>('GET', `/devices/${id}/counters`, { as }))
    const { status, body } = await of('DEV-A', 'manager')
    expect(status).toBe(200)
    expect(body).toEqual({
      deviceId: 'DEV-A',
      since: 1_795_000_000_000,
      messages: 3,
      received: 5,
      stored: 4,
      rejected: 1,
      byReason: { not_json: 1 },
    })
    expect((await of('DEV-B', 'manager')).status).toBe(404)
    expect((await of('DEV-B', 'duty')).status).toBe(200)
    expect((await of('DEV-NOWHERE', 'admin')).status, 'the hub does not know it').toBe(404)
  })

  it('count screens, armed desks and what was told, and put a painted alarm into its step', async () => {
    const before = await figures()
    expect(before.feed).toEqual({ head: 0, told: 0, screens: 0, desksArmed: 0 })
    expect(before.shown.count).toBe(0)
    const { client } = await live(world, await world.as('duty'))
    client.emit('desk', { armed: true, muted: false, visible: true, soundCheckedAt: null })
    const heard = next(client, 'alarm')
    const entry = world.entry({ alarmId: 'shown', place: 'a' })
    await world.commit({ ...entry, receivedAt: Date.now() - 700 })
    const { seq } = await heard
    client.emit('alarm:shown', { seqs: [seq] })
    await until(async () => (await figures()).shown.count === 1)
    const { feed, shown } = await figures()
    expect(feed).toEqual({ head: seq, told: seq, screens: 1, desksArmed: 1 })
    expect(shown.buckets.at(-1)?.le).toBeNull()
    const held = shown.buckets.filter(({ count }) => count > 0)
    expect(held).toHaveLength(1)
    expect(held[0]?.count).toBe(1)
    expect(held[0]?.le === null || (held[0]?.le ?? 0) >= 1).toBe(true)
    client.close()
    await until(async () => (await figures()).feed.screens === 0)
  })

  it('show how far the screens are behind the ledger', async () => {
    const { feed } = await figures()
    await world.ledger.journal.append({
      entries: [world.entry({ alarmId: 'untold', place: 'a' })],
      states: [],
      checkpoint: null,
    })
    const behind = (await figures()).feed
    expect([behind.head, behind.told]).toEqual([feed.head + 1, feed.told])
  })
})
