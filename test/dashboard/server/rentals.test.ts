// Rooms, leases, checklists and meter sheets over HTTP, as managers, landlords and others meet them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MeterSheet } from '../../../contract/http/meters.ts'
import type { Lease, Room } from '../../../contract/http/rentals.ts'
import { meterSheet } from '../../../dashboard/server/meters/meter-sheet.ts'
import { meterTable } from '../../../dashboard/server/meters/meter-table.ts'
import { commandOf, World } from './world.ts'

const TENANT = { name: '欧阳小梅', phone: '13955550123', people: 2 }

describe('rentals', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
    await world.raiseThree()
  })
  afterAll(() => world.stop())

  const as = async (user: string, method: string, path: string, body?: unknown) =>
    world.call<Record<string, unknown>>(method, path, { as: await world.as(user), body })

  it('a building is previewed, made, and what is there is left as it is', async () => {
    const asked = { building: '2 幢', floors: { from: 1, to: 2 }, perFloor: 2, pattern: '{floor}{nn}', maxPeople: 2 }
    const path = `/sites/${world.sites.a}/rooms/bulk`
    const preview = await as('manager', 'POST', path, { ...asked, preview: true })
    expect(preview.body).toMatchObject({ created: 0, rooms: [{ name: '101', taken: false }, {}, {}, { name: '202' }] })
    expect((await as('manager', 'POST', path, asked)).body).toMatchObject({ created: 4 })
    const again = await as('manager', 'POST', path, { ...asked, floors: { from: 2, to: 3 } })
    expect(again.body).toMatchObject({ created: 2, rooms: [{ taken: true }, { taken: true }, {}, {}] })
    const { items, total } = (await as('landlord', 'GET', `/sites/${world.sites.a}/rooms?building=2 幢`))
      .body as unknown as { items: Room[]; total: number }
    expect([total, items[0]?.maxPeople]).toEqual([6, 2])
    expect((await as('manager', 'POST', path, { ...asked, pattern: '{floor}' })).status).toBe(400)
    expect((await as('manager', 'POST', path, { ...asked, floors: { from: 1, to: 200 }, perFloor: 100 })).status).toBe(
      400,
    )
  })

  it('G9: managers of two houses see nothing of each other: rooms, leases, meters, exports, counts', async () => {
    const foreign = { manager: 'b', warden: 'a' } as const
    for (const [user, place] of Object.entries(foreign) as ['manager' | 'warden', 'a' | 'b'][]) {
      const own = place === 'a' ? 'b' : 'a'
      const secrets = [world.rooms[place], world.leases[place], world.plans[place], `租客${place}`]
      for (const path of [
        `/sites/${world.sites[place]}/rooms`,
        `/sites/${world.sites[place]}/managers`,
        `/sites/${world.sites[place]}/plans`,
        `/sites/${world.sites[place]}/meters?month=2026-11`,
        `/sites/${world.sites[place]}/meters/export?month=2026-11`,
        `/rooms/${world.rooms[place]}`,
        `/rooms/${world.rooms[place]}/leases`,
        `/rooms/${world.rooms[place]}/checklists`,
        `/leases/${world.leases[place]}`,
      ]) {
        const answer = await as(user, 'GET', path)
        expect([path, answer.status]).toEqual([path, 404])
        for (const secret of secrets) expect(JSON.stringify(answer.body)).not.toContain(secret)
        const ownPath = path
          .replace(world.sites[place], world.sites[own])
          .replace(world.rooms[place], world.rooms[own])
          .replace(world.leases[place], world.leases[own])
        const allowed = await as(user, 'GET', ownPath)
        expect([ownPath, allowed.status]).toEqual([ownPath, 200])
        for (const secret of secrets) expect(JSON.stringify(allowed.body)).not.toContain(secret)
      }
      expect((await as(user, 'GET', `/devices?roomId=${world.rooms[place]}`)).body).toMatchObject({ total: 0 })
      const taken = await as(user, 'PUT', `/rooms/${world.rooms[own]}/devices`, {
        deviceIds: [place === 'a' ? 'DEV-A' : 'DEV-B'],
      })
      const unknown = await as(user, 'PUT', `/rooms/${world.rooms[own]}/devices`, { deviceIds: ['NO-SUCH'] })
      // One that is elsewhere and one that is nowhere are the same to them.
      expect([taken.status, unknown.status]).toEqual([400, 400])
    }
  })

  it('a tenant is masked for all who may see leases, absent for the others, and whole for who asks', async () => {
    const room = (await as('manager', 'POST', `/sites/${world.sites.a}/rooms`, { floor: 5, name: '501' })).body
    const made = await as('manager', 'POST', `/rooms/${String(room['id'])}/leases`, {
      tenant: TENANT,
      from: '2026-11-01',
    })
    const lease = made.body as unknown as Lease
    expect([made.status, lease.tenant]).toEqual([201, { name: '欧*', phone: '139****0123', people: 2 }])
    expect(lease.manager).toMatchObject({ id: world.users['manager'] })
    for (const [user, sees] of [
      ['landlord', true],
      ['auditor', true],
      ['town', true],
      ['grid', null],
      ['installer', null],
    ] as const) {
      const id = sees === null ? world.rooms.b : room['id']
      const seen = (await as(user, 'GET', `/rooms/${String(id)}`)).body
      expect([user, Object.hasOwn(seen, 'lease')]).toEqual([user, sees !== null])
      expect(JSON.stringify(seen)).not.toContain(TENANT.phone)
    }
    expect((await as('landlord', 'POST', `/leases/${lease.id}/tenant`)).status).toBe(403)
    expect((await as('landlord', 'POST', `/leases/${lease.id}/end`)).status).toBe(403)
    const whole = await as('manager', 'POST', `/leases/${lease.id}/tenant`)
    expect(whole.body).toEqual({ tenant: { name: TENANT.name, phone: TENANT.phone }, landlord: null })
    expect(whole.headers.get('cache-control')).toBe('no-store')
    const { items } = await world.ledger.audit.list({ subject: `lease:${lease.id}`, limit: 1 })
    expect(items[0]).toMatchObject({ action: 'lease.tenant_disclosed', fields: ['tenant.name', 'tenant.phone'] })
    expect((await as('manager', 'POST', `/leases/${lease.id}/end`)).body['movedOutAt']).toEqual(expect.any(Number))
  })

  it('an alarm says its room and, while somebody lives there, the masked tenant', async () => {
    const detail = async (user: string) => (await as(user, 'GET', `/alarms/${world.alarms.a}`)).body
    expect(await detail('manager')).not.toHaveProperty('room')
    expect((await as('admin', 'PATCH', '/devices/DEV-A', { roomId: world.rooms.a })).status).toBe(200)
    expect(await detail('manager')).toMatchObject({
      room: { id: world.rooms.a, name: '101' },
      tenant: { name: '租*', phone: '139****0001', people: 2, leaseId: world.leases.a },
    })
    expect(await detail('wall')).not.toHaveProperty('room')
    await world.ledger.leases.moveOut({ userId: 'x', name: 'x', address: 'x' }, world.leases.a)
    expect(await detail('duty')).toMatchObject({ room: { name: '101' } })
    expect(await detail('duty')).not.toHaveProperty('tenant')
    expect((await as('admin', 'PATCH', '/devices/DEV-A', { roomId: world.rooms.b })).status).toBe(400)
    const cleared = await as('manager', 'PUT', `/rooms/${world.rooms.a}/devices`, { deviceIds: [] })
    expect(cleared.body).toMatchObject({ devices: 0 })
    expect(
      (await as('manager', 'PUT', `/rooms/${world.rooms.a}/devices`, { deviceIds: ['DEV-A'] })).body,
    ).toMatchObject({
      devices: 1,
      worst: 2,
    })
  })

  it('on a checklist the hub itself writes what it knows of a device', async () => {
    const path = `/rooms/${world.rooms.a}/checklists`
    expect((await as('manager', 'GET', `${path}/draft`)).body).toMatchObject({
      devices: [{ deviceId: 'DEV-A', online: false, selfTest: null }],
    })
    const items = [{ item: 'exits_free', ok: true }]
    const claimed = { type: 'move_out', items, devices: [{ deviceId: 'DEV-A', byHand: true }] }
    const offline = await as('manager', 'POST', path, claimed)
    expect(offline.body).toMatchObject({ passed: false, devices: [{ online: false, byHand: true }] })
    world.online.add('DEV-A')
    // It was asked to test itself, and answered; only what it answered well and of late counts.
    const by = { userId: 'x', name: 'x', address: 'x' }
    const asked = { ...commandOf(), requestedAt: Date.now(), state: 'done' as const, repliedAt: Date.now() }
    await world.ledger.commands.add(by, { ...asked, result: { ok: false } })
    const untouched = { ...claimed, devices: [] }
    expect((await as('manager', 'POST', path, untouched)).body).toMatchObject({
      passed: false,
      devices: [{ online: true, byHand: false, selfTest: { passed: false } }],
    })
    await world.ledger.commands.save({ ...asked, result: { ok: true } })
    expect((await as('manager', 'POST', path, untouched)).body).toMatchObject({ passed: true })
    await world.ledger.commands.save({ ...asked, repliedAt: Date.now() - 25 * 3_600_000, result: { ok: true } })
    expect((await as('manager', 'POST', path, untouched)).body).toMatchObject({ passed: false })
    expect((await as('manager', 'POST', path, claimed)).body).toMatchObject({
      passed: true,
      by: { name: 'manager 某' },
    })
    const invented = { ...claimed, devices: [{ deviceId: 'DEV-A', byHand: true, online: true }] }
    expect((await as('manager', 'POST', path, invented)).status).toBe(400)
    expect((await as('landlord', 'GET', path)).body).toMatchObject({ total: 5 })
    expect((await as('landlord', 'POST', path, claimed)).status).toBe(403)
  })

  it('a meter sheet sums the rooms, and its file is audited', async () => {
    const sheet = (await as('landlord', 'GET', `/sites/${world.sites.a}/meters?month=2026-11`))
      .body as unknown as MeterSheet
    const room = sheet.rooms.find((one) => one.room.id === world.rooms.a)
    expect(room?.meters.map(({ deviceId, kwh }) => [deviceId, kwh])).toEqual([
      ['DEV-A', 12.5],
      ['DEV-A', 12.5],
    ])
    expect([room?.kwh, sheet.kwh]).toEqual([25, 25])
    const file = await world.call<string>('GET', `/sites/${world.sites.a}/meters/export?month=2026-11`, {
      as: await world.as('manager'),
    })
    expect(file.body).toContain('DEV-A')
    expect(file.headers.get('content-disposition')).toContain('zhian-meters-2026-11.csv')
    const { items } = await world.ledger.audit.list({ subject: `site:${world.sites.a}`, limit: 1 })
    expect(items[0]).toMatchObject({ action: 'meters.exported', fields: ['month=2026-11'] })
    expect((await as('manager', 'GET', `/sites/${world.sites.a}/meters?month=2026-13`)).status).toBe(400)
  })
})

describe('meter sheet', () => {
  const DAY = 86_400_000
  /** Midnight in China, the first of November 2026. */
  const NOVEMBER = Date.UTC(2026, 9, 31, 16)
  const days = (from: number, to: number) => {
    const first = Math.floor((from + 8 * 3_600_000) / DAY)
    return Array.from({ length: Math.ceil((to - from) / DAY) }, (_, index) => first + index)
  }
  const rooms = [
    { id: 'r1', building: '=1+1', floor: 3, name: '301' },
    { id: 'r2', building: '', floor: 3, name: '302' },
  ]
  const stays = [
    // Replaced on the eleventh: the old meter counts until then, the new one from then.
    { roomId: 'r1', deviceId: 'OLD', kind: 'electricity', since: 0, until: NOVEMBER + 10 * DAY },
    { roomId: 'r1', deviceId: 'NEW', kind: 'electricity', since: NOVEMBER + 10 * DAY, until: null },
    // A smoke detector has no counter.
    { roomId: 'r1', deviceId: 'SMOKE', kind: 'smoke', since: 0, until: null },
    { roomId: 'r2', deviceId: 'MUTE', kind: 'electricity', since: 0, until: null },
  ]
  const asked: object[] = []
  const readings = {
    async counter(query: { deviceId: string; from: number; to: number }) {
      asked.push(query)
      const { deviceId, from, to } = query
      if (deviceId === 'MUTE') return null
      const heard = days(from, to).filter((_, index) => deviceId !== 'NEW' || index !== 2)
      const first = { ts: from, value: 5 }
      return { first, last: { ts: to - 1, value: 3 }, consumed: 0.1 + 0.2, falls: 1, days: heard }
    },
  }

  it('counts each meter while it stood in the room, says gaps and restarts, and runs no formula', async () => {
    const now = NOVEMBER + 20 * DAY
    const sheet = await meterSheet({ siteId: 's', month: '2026-11', now, rooms, stays }, readings)
    expect(asked).toMatchObject([
      { deviceId: 'OLD', metric: 'energy', from: NOVEMBER, to: NOVEMBER + 10 * DAY },
      { deviceId: 'NEW', from: NOVEMBER + 10 * DAY, to: now },
      { deviceId: 'MUTE', from: NOVEMBER, to: now },
    ])
    const [first, second] = sheet.rooms
    expect(first).toMatchObject({ kwh: 0.6, meters: [{ kwh: 0.3, restarts: 1, missing: [] }, { missing: [13] }] })
    expect(second).toMatchObject({ kwh: null, meters: [{ kwh: null, first: null }] })
    expect(second?.meters[0]?.missing).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect([sheet.kwh, sheet.to]).toEqual([0.6, now])
    const lines = [...meterTable(sheet)].join('').split('\r\n')
    expect(lines[1]).toBe("'=1+1,3,301,OLD,2026-11-01 00:00:00,5,2026-11-10 23:59:59,3,0.3,1,")
    expect(lines.at(-2)).toBe('2026-11,,合计 Total,,,,,,0.6,,')
  })

  it('a month that has not begun holds nothing', async () => {
    const sheet = await meterSheet({ siteId: 's', month: '2027-01', now: NOVEMBER, rooms, stays }, readings)
    expect([sheet.kwh, sheet.from === sheet.to, sheet.rooms[0]?.kwh]).toEqual([0, true, null])
  })
})
