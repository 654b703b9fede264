import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportRow, Ledger } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { entryOf, T0 } from './entries.ts'
import { ADMIN, collect, inertLedger, newDirectory, startedLedger } from './fixture.ts'

describe('devices', () => {
  it('are created with a token that is kept only as its keyed hash', async () => {
    const ledger = await startedLedger(newDirectory(), {
      hashDeviceToken: (token, key) => `${Buffer.from(key).toString('base64')}/${token}`,
    })
    const site = await ledger.places.createSite(ADMIN, { name: '小楼', area: '某县/某镇/某村' })
    const { device, token } = await ledger.devices.create(ADMIN, {
      id: 'E1',
      kind: 'electricity',
      name: '一号电表',
      siteId: site.id,
      attributes: { rated_current: 63, three_phase: true, note: '配电箱' },
    })
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect(device).toMatchObject({
      id: 'E1',
      place: ['某县', '某镇', '某村', '小楼'],
      attributes: { rated_current: 63, three_phase: true, note: '配电箱' },
      lifecycle: 'registered',
      worst: null,
    })
    const identity = await ledger.devices.identity('E1')
    expect(identity).toMatchObject({ siteId: site.id, place: ['某县', '某镇', '某村', '小楼'] })
    expect(identity?.areaIds).toHaveLength(3)
    expect(identity?.tokenHash).toBe(`${await ledger.settings.get('device_token_key')}/${token}`)

    const renewed = await ledger.devices.newToken(ADMIN, 'E1')
    expect(renewed).not.toBe(token)
    expect((await ledger.devices.identity('E1'))?.tokenHash).toContain(renewed)
  })

  it('change, come into service, and show the worst of their open alarms', async () => {
    const ledger = await startedLedger(newDirectory())
    await ledger.devices.create(ADMIN, { id: 'G', kind: 'gateway', name: '网关' })
    await ledger.devices.create(ADMIN, { id: 'S', kind: 'smoke', name: '烟感', gatewayId: 'G' })
    await ledger.devices.heard(['S', 'unknown'])
    expect((await ledger.devices.get(EVERYTHING, 'S'))?.lifecycle).toBe('in_service')
    await ledger.devices.update(ADMIN, 'S', { lifecycle: 'retired' })
    await ledger.devices.heard(['S'])
    const changed = await ledger.devices.update(ADMIN, 'S', { name: '新名', gatewayId: null, attributes: {} })
    expect(changed).toMatchObject({ name: '新名', gatewayId: null, lifecycle: 'retired', attributes: {} })
    await ledger.journal.append({
      entries: [
        entryOf({ alarmId: 'a', deviceId: 'S', priority: 3 }),
        entryOf({ alarmId: 'b', deviceId: 'S', priority: 2 }),
        entryOf({ alarmId: 'c', deviceId: 'S', priority: 1, closedAt: T0 }),
      ],
      states: [],
      checkpoint: null,
    })
    expect((await ledger.devices.get(EVERYTHING, 'S'))?.worst).toBe(2)
  })

  it('are refused with a reason', async () => {
    const ledger = await startedLedger(newDirectory())
    const { devices } = ledger
    await devices.create(ADMIN, { id: 'G', kind: 'gateway', name: '网关' })
    await devices.create(ADMIN, { id: 'S', kind: 'smoke', name: '烟感', gatewayId: 'G' })
    const site = await ledger.places.createSite(ADMIN, { name: '小楼', area: '某县' })
    await devices.update(ADMIN, 'G', { siteId: site.id })
    const smoke = { kind: 'smoke', name: 'x' } as const
    await expect(devices.create(ADMIN, { ...smoke, id: 'S' })).rejects.toMatchObject({ code: 'exists' })
    await expect(devices.create(ADMIN, { ...smoke, id: 'T', siteId: 'none' })).rejects.toMatchObject({
      code: 'invalid',
      details: { field: 'siteId' },
    })
    for (const gatewayId of ['none', 'S', 'T']) {
      await expect(devices.create(ADMIN, { ...smoke, id: 'T', gatewayId })).rejects.toMatchObject({
        code: 'invalid',
        details: { field: 'gatewayId' },
      })
    }
    await expect(devices.update(ADMIN, 'G', { gatewayId: 'G' })).rejects.toMatchObject({ code: 'invalid' })
    await expect(devices.update(ADMIN, 'none', { name: 'x' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(devices.newToken(ADMIN, 'none')).rejects.toMatchObject({ code: 'not_found' })
    await expect(devices.delete(ADMIN, 'G')).rejects.toMatchObject({ details: { reason: 'has_children' } })
    await expect(ledger.places.deleteSite(ADMIN, site.id)).rejects.toMatchObject({ details: { reason: 'has_devices' } })
  })

  it('with open alarms cannot be deleted; one made again under the same id starts afresh', async () => {
    const ledger = await startedLedger(newDirectory())
    await ledger.devices.create(ADMIN, { id: 'S', kind: 'smoke', name: '烟感' })
    const before = await ledger.devices.identity('S')
    const states = [{ deviceId: 'S', position: 4, state: '{}' }]
    const journal = (closedAt: number | null) =>
      ledger.journal.append({ entries: [entryOf({ alarmId: 'a', deviceId: 'S', closedAt })], states, checkpoint: null })
    await journal(null)
    await expect(ledger.devices.delete(ADMIN, 'S')).rejects.toMatchObject({ details: { reason: 'open_alarms' } })
    await journal(T0 + 1)
    await ledger.devices.delete(ADMIN, 'S')
    expect(await ledger.devices.identity('S')).toBeNull()
    expect(await collect(ledger.journal.deviceStates())).toEqual([])
    // A state that was already on its way when the device was deleted.
    await ledger.journal.append({ entries: [], states, checkpoint: null })
    await ledger.devices.create(ADMIN, { id: 'S', kind: 'smoke', name: '烟感' })
    expect(await collect(ledger.journal.deviceStates())).toEqual([])
    expect((await ledger.devices.identity('S'))?.uid).not.toBe(before?.uid)
    expect((await ledger.alarms.list(EVERYTHING, { limit: 10, deviceId: 'S' })).total).toBe(1)
  })
})

describe('imports', () => {
  const rowOf = (i: number, more: Partial<ImportRow> = {}): ImportRow => ({
    line: i + 2,
    id: `D${i}`,
    kind: 'smoke',
    name: `烟感 ${i}`,
    area: `某县/某镇/第${i % 7}村`,
    site: `出租房 ${i % 50}`,
    ...more,
  })

  it('take 2,000 rows at once, with their areas, sites, contacts and gateways', async () => {
    const ledger = await startedLedger(newDirectory())
    const rows = Array.from({ length: 2_000 }, (_, i) =>
      rowOf(i, {
        contact: { name: `房东${i % 50}`, phone: `1380013${String(i % 50).padStart(4, '0')}` },
        ...(i === 1_999 ? { kind: 'gateway' as const } : {}),
        ...(i < 10 ? { gatewayId: 'D1999' } : {}),
      }),
    )
    const tokens = await ledger.devices.import(ADMIN, rows)
    expect(tokens.map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(2_000)
    const sites = await ledger.places.sites(EVERYTHING, { limit: 500 })
    expect(sites.total).toBe(350)
    expect(sites.items.every(({ contacts, devices }) => contacts.length === 1 && devices > 0)).toBe(true)
    expect((await ledger.places.areas(EVERYTHING)).length).toBe(9)
    expect((await ledger.devices.get(EVERYTHING, 'D3'))?.gatewayId).toBe('D1999')
    expect(await ledger.audit.verify()).toMatchObject({ ok: true, rows: 2_000 + 350 + 9 })
  })

  it('find sites that are there, and add contacts to those they have', async () => {
    const ledger = await startedLedger(newDirectory())
    const known = { name: '李四', phone: '13900000000' }
    const site = await ledger.places.createSite(ADMIN, { name: '小楼', area: '某县/某镇', contacts: [known] })
    const added = { name: '王五', phone: '13800000000' }
    await ledger.devices.import(ADMIN, [
      rowOf(0, { area: '某县/某镇', site: '小楼', contact: known }),
      rowOf(1, { area: undefined, site: '小楼', contact: added }),
      rowOf(2, { area: '某县/某镇', site: undefined }),
      rowOf(3, { area: undefined, site: undefined }),
    ])
    expect(await ledger.places.site(EVERYTHING, site.id)).toMatchObject({ devices: 2, contacts: [known, added] })
    expect((await ledger.devices.get(EVERYTHING, 'D2'))?.place).toEqual(['某县', '某镇', '某镇'])
    expect((await ledger.devices.get(EVERYTHING, 'D3'))?.place).toEqual([])
  })

  it.each<[string, ImportRow, string]>([
    ['an id on two lines', rowOf(5, { id: 'D1' }), 'invalid'],
    ['an id that is taken', rowOf(5, { id: 'TAKEN' }), 'exists'],
    ['an unknown gateway', rowOf(5, { gatewayId: 'none' }), 'invalid'],
    ['a gateway that is none', rowOf(5, { gatewayId: 'D1' }), 'invalid'],
    ['a site of unknown area', rowOf(5, { area: undefined, site: '无名' }), 'invalid'],
  ])('with %s name the line and import nothing', async (_, bad, code) => {
    const ledger = await startedLedger(newDirectory())
    await ledger.devices.create(ADMIN, { id: 'TAKEN', kind: 'gas', name: '燃气' })
    const rows = [rowOf(0), rowOf(1), rowOf(2), bad]
    await expect(ledger.devices.import(ADMIN, rows)).rejects.toMatchObject({ code, details: { line: 7 } })
    expect((await ledger.devices.list(EVERYTHING, { limit: 1 })).total).toBe(1)
    expect((await ledger.places.areas(EVERYTHING)).length).toBe(0)
    expect((await ledger.audit.list({ limit: 1 })).total).toBe(1)
  })
})

describe('10,000 devices', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zhian-devices-'))
  const ledger: Ledger = inertLedger(directory)
  beforeAll(async () => {
    await ledger.start()
    const rows = Array.from({ length: 10_000 }, (_, i) => ({
      line: i + 2,
      id: `DEV-${String(i).padStart(5, '0')}`,
      kind: i % 4 === 0 ? ('gas' as const) : ('smoke' as const),
      name: i % 1_000 === 7 ? `特别_100%_${i}` : `设备 ${i}`,
      area: `某县/第${i % 20}镇/第${i % 200}村`,
      site: `出租房${i % 2_000}`,
    }))
    for (let start = 0; start < rows.length; start += 5_000) {
      await ledger.devices.import(ADMIN, rows.slice(start, start + 5_000))
    }
  })
  afterAll(async () => {
    await ledger.stop()
    rmSync(directory, { recursive: true })
  })

  it('are paged through without a gap or a repetition', async () => {
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await ledger.devices.list(EVERYTHING, { limit: 500, cursor })
      expect(page.total).toBe(10_000)
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(ids).toEqual(Array.from({ length: 10_000 }, (_, i) => `DEV-${String(i).padStart(5, '0')}`))
    expect(await collect(ledger.devices.identities())).toHaveLength(10_000)
  })

  it.each<[string, object, number]>([
    ['part of an id, in any case', { q: 'dev-0012' }, 10],
    ['parts of a name', { q: '设备 777' }, 19],
    ['characters that mean something to LIKE', { q: '_100%_' }, 10],
    ['nothing that is there', { q: '%%%' }, 0],
    ['the name of an area', { q: '第7镇' }, 500],
    ['a village and an id', { q: '第107村 dev-00' }, 5],
    ['a kind', { kind: 'gas' }, 2_500],
    ['a lifecycle', { lifecycle: 'in_service' }, 0],
    ['those that are online', { among: ['DEV-00001', 'DEV-00002', 'none'] }, 2],
    ['those that are not', { except: ['DEV-00001', 'DEV-00002', 'none'] }, 9_998],
    ['none of them online', { among: [] }, 0],
    [
      'all of them online',
      { among: Array.from({ length: 40_000 }, (_, i) => `DEV-${String(i).padStart(5, '0')}`) },
      10_000,
    ],
  ])('are found by %s', async (_, query, total) => {
    const page = await ledger.devices.list(EVERYTHING, { limit: 50, ...query })
    expect(page.total).toBe(total)
    expect(page.items).toHaveLength(Math.min(50, total))
  })

  it('are found by the new name of their site', async () => {
    const [site] = (await ledger.places.sites(EVERYTHING, { limit: 1, q: '出租房1999' })).items
    await ledger.places.updateSite(ADMIN, site?.id ?? '', { name: '幸福小区 A 座' })
    const found = await ledger.devices.list(EVERYTHING, { limit: 50, q: '幸福小区 a' })
    expect(found.total).toBe(5)
    expect(found.items[0]?.place.at(-1)).toBe('幸福小区 A 座')
    expect((await ledger.devices.list(EVERYTHING, { limit: 1, siteId: site?.id })).total).toBe(5)
  })
})
