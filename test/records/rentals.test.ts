// Rooms, who lives in them, and which devices stand there. What is personal is not in the files in plain text.
import { describe, expect, it } from 'vitest'
import { roomsOf } from '../../contract/room-numbers.ts'
import type { Ledger } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { ADMIN, everythingKept, newDirectory, startedLedger } from './fixture.ts'

const TENANT = { name: '欧阳小梅', phone: '13955550123', people: 2 }
const LANDLORD = { name: '陈大文', phone: '+86 138 0000 0012' }
const LEASE = { tenant: TENANT, from: '2026-11-01', until: null, landlord: LANDLORD }
const PAGE = { limit: 50 }

async function house(ledger: Ledger, name = '槐荫 12 号') {
  const site = await ledger.places.createSite(ADMIN, { name, area: '县/镇' })
  const room = await ledger.rooms.create(ADMIN, site.id, { building: '1 幢', floor: 3, name: '301', area: 12.5 })
  return { site, room }
}

const manager = (ledger: Ledger, username: string, sites: string[]) =>
  ledger.users.create(ADMIN, { username, name: username, role: 'manager', passwordHash: 'x', mustChange: false, sites })

describe('rooms', () => {
  it('a building is numbered floor by floor, basements and all', () => {
    const numbering = { building: '1 幢', floors: { from: -1, to: 2 }, perFloor: 2, first: 1, pattern: '{floor}{nn}' }
    expect(roomsOf(numbering).map(({ floor, name }) => [floor, name])).toEqual([
      [-1, 'B101'],
      [-1, 'B102'],
      [1, '101'],
      [1, '102'],
      [2, '201'],
      [2, '202'],
    ])
    const plain = { ...numbering, floors: { from: 2, to: 2 }, perFloor: 1, first: 7, pattern: '东 {floor}-{n}' }
    expect(roomsOf(plain).map(({ name }) => name)).toEqual(['东 2-7'])
  })

  it('are made at once beside those that are there, found, changed, and gone only when empty', async () => {
    const ledger = await startedLedger(newDirectory())
    const { site, room } = await house(ledger)
    const floors = { from: 3, to: 4 }
    const all = roomsOf({ building: '1 幢', floors, perFloor: 2, first: 1, pattern: '{floor}{nn}' })
    const there = await ledger.rooms.createMany(ADMIN, site.id, all)
    expect(there.map(({ name }) => name)).toEqual(['301'])
    const names = async (query: object) =>
      (await ledger.rooms.list(EVERYTHING, site.id, { ...PAGE, ...query })).items.map(({ name }) => name)
    expect(await names({})).toEqual(['301', '302', '401', '402'])
    expect(await names({ q: '40' })).toEqual(['401', '402'])
    expect(await names({ building: '2 幢' })).toEqual([])
    const first = await ledger.rooms.list(EVERYTHING, site.id, { limit: 3 })
    const rest = await ledger.rooms.list(EVERYTHING, site.id, { limit: 3, cursor: first.next ?? '' })
    expect([first.total, rest.items.map(({ name }) => name), rest.next]).toEqual([4, ['402'], null])
    expect(await ledger.rooms.get(EVERYTHING, room.id)).toMatchObject({ area: 12.5, devices: 0, worst: null })
    await expect(ledger.rooms.update(ADMIN, room.id, { name: '302' })).rejects.toMatchObject({ code: 'exists' })
    expect(await ledger.rooms.update(ADMIN, room.id, { maxPeople: 2 })).toMatchObject({ maxPeople: 2, area: 12.5 })
    await expect(ledger.places.deleteSite(ADMIN, site.id)).rejects.toMatchObject({ details: { reason: 'has_rooms' } })
    const lease = await ledger.leases.moveIn(ADMIN, room.id, LEASE)
    await expect(ledger.rooms.delete(ADMIN, room.id)).rejects.toMatchObject({ details: { reason: 'has_lease' } })
    await ledger.leases.moveOut(ADMIN, lease.id)
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '电表', siteId: site.id })
    await ledger.devices.update(ADMIN, 'E-1', { roomId: room.id })
    await expect(ledger.rooms.delete(ADMIN, room.id)).rejects.toMatchObject({ details: { reason: 'has_devices' } })
    await ledger.devices.update(ADMIN, 'E-1', { roomId: null })
    await ledger.rooms.delete(ADMIN, room.id)
    expect(await ledger.rooms.get(EVERYTHING, room.id)).toBeNull()
    expect(await ledger.leases.get(EVERYTHING, lease.id)).toBeNull()
  })

  it('a device stands in one room of its own site, and in none once it has left', async () => {
    const ledger = await startedLedger(newDirectory())
    const { site, room } = await house(ledger)
    const other = await house(ledger, '东村 3 号')
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '电表', siteId: site.id })
    await expect(ledger.devices.update(ADMIN, 'E-1', { roomId: other.room.id })).rejects.toMatchObject({
      code: 'invalid',
      details: { field: 'roomId' },
    })
    expect(await ledger.devices.update(ADMIN, 'E-1', { roomId: room.id })).toMatchObject({ roomId: room.id })
    const inRoom = async (roomId: string) => (await ledger.devices.list(EVERYTHING, { ...PAGE, roomId })).total
    expect([await inRoom(room.id), await inRoom(other.room.id)]).toEqual([1, 0])
    // To a room of the house it goes to, in one step.
    const moved = await ledger.devices.update(ADMIN, 'E-1', { siteId: other.site.id, roomId: other.room.id })
    expect(moved.roomId).toBe(other.room.id)
    expect(await ledger.devices.update(ADMIN, 'E-1', { siteId: site.id })).toMatchObject({ roomId: null })
    await ledger.devices.update(ADMIN, 'E-1', { roomId: room.id })
    expect(await ledger.devices.update(ADMIN, 'E-1', { lifecycle: 'retired' })).toMatchObject({ roomId: null })
    const stays = await ledger.rooms.stays(site.id, 0, Number.MAX_SAFE_INTEGER)
    expect(stays.map(({ roomId, until }) => [roomId, until === null])).toEqual([
      [room.id, false],
      [room.id, false],
    ])
  })
})

describe('meters', () => {
  it('another set in a device’s place counts for itself', async () => {
    let now = 1_000
    const ledger = await startedLedger(newDirectory(), { now: () => now })
    const { site, room } = await house(ledger)
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '电表', siteId: site.id })
    await ledger.devices.update(ADMIN, 'E-1', { roomId: room.id })
    now = 5_000
    await ledger.installations.replace(ADMIN, 'E-1', { installedAt: '2026-11-20' })
    now = 9_000
    await ledger.devices.update(ADMIN, 'E-1', { roomId: null })
    const spans = async (from: number, to: number) =>
      (await ledger.rooms.stays(site.id, from, to)).map(({ since, until }) => [since, until])
    expect(await spans(0, 20_000)).toEqual([
      [1_000, 5_000],
      [5_000, 9_000],
    ])
    // What happened before the month is of no matter to it.
    expect(await spans(6_000, 20_000)).toEqual([[1_000, 9_000]])
    expect(await spans(9_000, 20_000)).toEqual([])
  })
})

describe('leases', () => {
  it('G8: names and numbers lie nowhere in the ledger in plain text, and the audit names fields only', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    const { room } = await house(ledger)
    const lease = await ledger.leases.moveIn(ADMIN, room.id, LEASE)
    await ledger.leases.update(ADMIN, lease.id, { tenant: { name: '李小龙之妹' } })
    await ledger.leases.disclose(ADMIN, lease.id)
    const secrets = ['欧阳小梅', '李小龙之妹', '13955550123', '陈大文', '138 0000 0012', '13800000012']
    const kept = await everythingKept(directory)
    expect(kept.length).toBeGreaterThan(10)
    for (const { where, bytes } of kept)
      for (const secret of secrets) expect([where, secret, bytes.includes(secret)]).toEqual([where, secret, false])
    const { items } = await ledger.audit.list({ ...PAGE, subject: `lease:${lease.id}` })
    expect(items.map(({ action }) => action)).toEqual(['lease.tenant_disclosed', 'lease.updated', 'lease.moved_in'])
    expect(items.flatMap(({ fields }) => fields).toSorted()).toEqual(
      [
        ...['landlord.name', 'landlord.phone', 'tenant.name', 'tenant.phone'],
        ...['from', 'landlord', `room:${room.id}`, 'tenant', 'until', 'tenant.name'],
      ].toSorted(),
    )
  })

  it('are shown masked and disclosed whole, one at a time a room', async () => {
    const ledger = await startedLedger(newDirectory())
    const { site, room } = await house(ledger)
    const lease = await ledger.leases.moveIn(ADMIN, room.id, LEASE)
    expect(lease.tenant).toEqual({ name: '欧*', phone: '139****0123', people: 2 })
    expect(lease.landlord).toEqual({ name: '陈*', phone: '138****0012' })
    expect((await ledger.rooms.list(EVERYTHING, site.id, PAGE)).items[0]?.lease).toMatchObject({ tenant: lease.tenant })
    await expect(ledger.leases.moveIn(ADMIN, room.id, LEASE)).rejects.toMatchObject({
      details: { reason: 'has_lease' },
    })
    expect(await ledger.leases.disclose(ADMIN, lease.id)).toEqual({
      tenant: { name: TENANT.name, phone: TENANT.phone },
      landlord: LANDLORD,
    })
    await ledger.leases.moveOut(ADMIN, lease.id)
    await expect(ledger.leases.moveOut(ADMIN, lease.id)).rejects.toMatchObject({ details: { reason: 'ended' } })
    const next = await ledger.leases.moveIn(ADMIN, room.id, { ...LEASE, landlord: null })
    const { items, total } = await ledger.leases.list(EVERYTHING, room.id, PAGE)
    expect([items.map(({ id }) => id).toSorted(), total]).toEqual([[lease.id, next.id].toSorted(), 2])
    expect((await ledger.rooms.get(EVERYTHING, room.id))?.lease?.id).toBe(next.id)
  })

  it('are given to the house’s one manager, or to whom one names among those of the house', async () => {
    const ledger = await startedLedger(newDirectory())
    const { site, room } = await house(ledger)
    const [wang, li] = [await manager(ledger, 'wang', [site.id]), await manager(ledger, 'li', [])]
    const lease = await ledger.leases.moveIn(ADMIN, room.id, LEASE)
    expect(lease.manager).toEqual({ id: wang.id, name: 'wang' })
    await expect(ledger.leases.update(ADMIN, lease.id, { managerId: li.id })).rejects.toMatchObject({
      details: { field: 'managerId' },
    })
    await ledger.users.update(ADMIN, li.id, { sites: [site.id] })
    expect((await ledger.leases.update(ADMIN, lease.id, { managerId: li.id })).manager?.id).toBe(li.id)
    await ledger.leases.moveOut(ADMIN, lease.id)
    // Of two nobody is the one.
    expect((await ledger.leases.moveIn(ADMIN, room.id, LEASE)).manager).toBeNull()
  })

  it('an alarm is told to the manager of who lives there now, else to those of the house', async () => {
    const ledger = await startedLedger(newDirectory())
    const { site, room } = await house(ledger)
    const second = await ledger.rooms.create(ADMIN, site.id, { building: '1 幢', floor: 3, name: '302' })
    const [wang, li] = [await manager(ledger, 'wang', [site.id]), await manager(ledger, 'li', [site.id])]
    await manager(ledger, 'elsewhere', [])
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '电表', siteId: site.id })
    const alarm = { deviceId: 'E-1', siteId: site.id, areaIds: [site.areaId] }
    const told = async () => (await ledger.leases.recipientsOf(alarm)).toSorted()
    const both = [wang.id, li.id].toSorted()
    expect(await told()).toEqual(both)
    await ledger.devices.update(ADMIN, 'E-1', { roomId: room.id })
    expect(await told()).toEqual(both)
    const lease = await ledger.leases.moveIn(ADMIN, room.id, { ...LEASE, managerId: wang.id })
    expect(await told()).toEqual([wang.id])
    await ledger.leases.update(ADMIN, lease.id, { managerId: li.id })
    expect(await told()).toEqual([li.id])
    await ledger.users.update(ADMIN, li.id, { disabled: true })
    expect(await told()).toEqual([wang.id])
    await ledger.users.update(ADMIN, li.id, { disabled: false })
    // To an empty room, and to one where others live.
    await ledger.devices.update(ADMIN, 'E-1', { roomId: second.id })
    expect(await told()).toEqual(both)
    await ledger.leases.moveIn(ADMIN, second.id, { ...LEASE, managerId: wang.id })
    expect(await told()).toEqual([wang.id])
    expect(await ledger.leases.roomOfAlarm(alarm)).toMatchObject({
      room: { name: '302' },
      lease: { tenant: { name: '欧*' } },
    })
    await ledger.devices.update(ADMIN, 'E-1', { roomId: room.id })
    await ledger.leases.moveOut(ADMIN, lease.id)
    expect(await told()).toEqual(both)
    expect(await ledger.leases.roomOfAlarm(alarm)).toMatchObject({ room: { name: '301' }, lease: null })
  })
})

describe('checklists and plans', () => {
  it('a checklist is kept as it was made, and passes only when nothing on it is wrong', async () => {
    const ledger = await startedLedger(newDirectory())
    const { room } = await house(ledger)
    const device = {
      deviceId: 'G-1',
      name: '厨房',
      kind: 'gas',
      online: true,
      lastHeardAt: 1,
      selfTest: null,
      note: '',
    }
    const items = [{ item: 'exits_free' as const, ok: true, note: '' }]
    const add = (byHand: boolean, ok: boolean) =>
      ledger.checklists.add(ADMIN, room.id, {
        type: 'move_in',
        devices: [{ ...device, byHand }],
        items: items.map((one) => ({ ...one, ok })),
      })
    expect([(await add(true, true)).passed, (await add(false, true)).passed, (await add(true, false)).passed]).toEqual([
      true,
      false,
      false,
    ])
    expect((await ledger.checklists.list(EVERYTHING, room.id, PAGE)).total).toBe(3)
    expect((await ledger.checklists.list({ all: false, siteIds: [], areaIds: [] }, room.id, PAGE)).total).toBe(0)
  })

  it('a plan is a picture of its site with devices of its site', async () => {
    const ledger = await startedLedger(newDirectory())
    const { site } = await house(ledger)
    const other = await house(ledger, '东村 3 号')
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '电表', siteId: site.id })
    await ledger.devices.create(ADMIN, { id: 'E-2', kind: 'electricity', name: '电表', siteId: other.site.id })
    const content = Buffer.from('picture')
    const file = await ledger.files.add(ADMIN, {
      subject: `site:${site.id}`,
      name: 'a.png',
      type: 'image/png',
      content,
    })
    const wrong = { name: '一层', fileId: file.id }
    await expect(ledger.plans.create(ADMIN, other.site.id, wrong)).rejects.toMatchObject({
      details: { field: 'fileId' },
    })
    const plan = await ledger.plans.create(ADMIN, site.id, wrong)
    const pin = { deviceId: 'E-1', x: 0.25, y: 1 }
    expect((await ledger.plans.update(ADMIN, plan.id, { pins: [pin] })).pins).toEqual([pin])
    const foreign = { pins: [{ ...pin, deviceId: 'E-2' }] }
    await expect(ledger.plans.update(ADMIN, plan.id, foreign)).rejects.toMatchObject({ details: { field: 'pins' } })
    await ledger.devices.update(ADMIN, 'E-1', { siteId: other.site.id })
    expect((await ledger.plans.list(EVERYTHING, site.id))[0]?.pins).toEqual([])
    await ledger.plans.delete(ADMIN, plan.id)
    expect(await ledger.plans.get(EVERYTHING, plan.id)).toBeNull()
  })
})
