// Who has which alarm opened: told to those who may see the alarm, gone when the page is, and never at the alarms' cost.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Viewers } from '../../../contract/feed.ts'
import { ViewerBoard } from '../../../dashboard/server/feed/viewers.ts'
import { World, live, next, until } from './world.ts'
import type { Client } from './world.ts'

const A = { siteId: 'site-a', areaIds: ['county', 'town'] }
const ZHOU = { id: 'u1', name: '周' }
const HE = { id: 'u2', name: '何' }

describe('the board of viewers', () => {
  it('names each person once an alarm, in a steady order', () => {
    const board = new ViewerBoard()
    board.report('c2', { alarmId: 'x', place: A, person: HE }, 0)
    board.report('c1', { alarmId: 'x', place: A, person: ZHOU }, 1)
    board.report('c3', { alarmId: 'x', place: A, person: ZHOU }, 2)
    const both = [{ alarmId: 'x', viewers: [ZHOU, HE] }]
    expect(board.within({ all: true })).toEqual(both)
    board.report('c2', { alarmId: 'x', place: A, person: HE }, 3)
    expect(board.within({ all: true })).toEqual(both)
    board.report('c1', { alarmId: 'y', place: A, person: ZHOU }, 4)
    expect(board.within({ all: true }).map(({ alarmId }) => alarmId)).toEqual(['x', 'y'])
    for (const connection of ['c1', 'c2', 'c3']) board.gone(connection)
    expect(board.within({ all: true })).toEqual([])
  })

  it('forgets a page that says nothing more within 15 s, and keeps one that repeats itself', () => {
    const board = new ViewerBoard()
    board.report('dead', { alarmId: 'x', place: A, person: HE }, 0)
    for (const now of [0, 5_000, 10_000, 15_000]) {
      board.report('alive', { alarmId: 'x', place: A, person: ZHOU }, now)
      board.forget(now)
    }
    expect(board.within({ all: true })).toEqual([{ alarmId: 'x', viewers: [ZHOU] }])
  })

  it('G9: tells a scope only of what lies in it', () => {
    const board = new ViewerBoard()
    board.report('c1', { alarmId: 'x', place: A, person: ZHOU }, 0)
    board.report('c2', { alarmId: 'hub', place: { siteId: null, areaIds: [] }, person: HE }, 0)
    const seen = (siteIds: string[], areaIds: string[]) =>
      board.within({ all: false, siteIds, areaIds }).map(({ alarmId }) => alarmId)
    expect(seen(['site-a'], [])).toEqual(['x'])
    expect(seen([], ['town'])).toEqual(['x'])
    expect(seen(['site-b'], ['village'])).toEqual([])
  })

  it('stays bounded whatever pages open', () => {
    const board = new ViewerBoard()
    for (let page = 0; page < 600; page += 1) {
      const person = { id: `u${page}`, name: 'x' }
      board.report(`c${page}`, { alarmId: page % 2 === 0 ? 'one' : `a${page}`, place: A, person }, page)
    }
    const told = board.within({ all: true })
    expect(told.length).toBe(200)
    expect(told.find(({ alarmId }) => alarmId === 'one')?.viewers.length).toBe(20)
  })
})

describe('viewers on the feed', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
    await world.raiseThree()
  })
  afterAll(() => world.stop())

  /** What this page was told last, by alarm. */
  function follow(client: Client) {
    const told: Viewers[] = []
    client.on('viewers', (viewers) => told.push(viewers))
    return {
      told,
      of: (alarmId: string) =>
        told
          .at(-1)
          ?.find((one) => one.alarmId === alarmId)
          ?.viewers.map(({ name }) => name) ?? [],
    }
  }

  it('says who looks, lets go at a close and at a disconnect, and tells a page that comes later', async () => {
    const one = await live(world, await world.newSession('duty'))
    const two = await live(world, await world.newSession('admin'))
    const seen = follow(two.client)
    one.client.emit('alarm:viewing', { alarmId: 'alarm-b' })
    await until(() => seen.of('alarm-b').length === 1)
    expect(seen.told.at(-1)).toEqual([{ alarmId: 'alarm-b', viewers: [{ id: world.users['duty'], name: 'duty 某' }] }])
    const late = await live(world, await world.newSession('admin'))
    const seenLate = follow(late.client)
    await until(() => seenLate.of('alarm-b').length === 1)
    one.client.emit('alarm:viewing', { alarmId: null })
    await until(() => seen.of('alarm-b').length === 0 && seenLate.of('alarm-b').length === 0)
    one.client.emit('alarm:viewing', { alarmId: 'alarm-a' })
    await until(() => seen.of('alarm-a').length === 1)
    one.client.close()
    await until(() => seen.of('alarm-a').length === 0)
    for (const { client } of [two, late]) client.close()
  })

  it('says nothing twice: repeated reports cost the others nothing', async () => {
    const one = await live(world, await world.newSession('duty'))
    const two = await live(world, await world.newSession('admin'))
    const seen = follow(two.client)
    for (let i = 0; i < 5; i += 1) {
      one.client.emit('alarm:viewing', { alarmId: 'alarm-a' })
      await next(two.client, 'heartbeat')
    }
    await until(() => seen.told.length > 0)
    expect(seen.told.length).toBe(1)
    for (const { client } of [one, two]) client.close()
  })

  it('forgets a page that died silently', async () => {
    const one = await live(world, await world.newSession('duty'))
    const two = await live(world, await world.newSession('admin'))
    const seen = follow(two.client)
    const began = Date.now()
    one.client.emit('alarm:viewing', { alarmId: 'alarm-a' })
    await until(() => seen.of('alarm-a').length === 1)
    world.clock = () => began + 15_000
    try {
      await until(() => seen.of('alarm-a').length === 0)
    } finally {
      world.clock = undefined
    }
    for (const { client } of [one, two]) client.close()
  })

  it('G9: a manager looks at what is theirs, and naming an alarm elsewhere shows nobody anything', async () => {
    const manager = await live(world, await world.newSession('manager'))
    const warden = await live(world, await world.newSession('warden'))
    const duty = await live(world, await world.newSession('duty'))
    const [atWarden, atDuty] = [follow(warden.client), follow(duty.client)]
    for (const alarmId of ['alarm-b', 'alarm-hub', 'no such alarm']) {
      manager.client.emit('alarm:viewing', { alarmId })
      await next(duty.client, 'heartbeat')
    }
    manager.client.emit('alarm:viewing', { alarmId: 'alarm-a' })
    await until(() => atDuty.of('alarm-a').length === 1)
    expect(atDuty.told).toEqual([
      [{ alarmId: 'alarm-a', viewers: [{ id: world.users['manager'], name: 'manager 某' }] }],
    ])
    expect(atWarden.told).toEqual([])
    for (const { client } of [manager, warden, duty]) client.close()
  })
})
