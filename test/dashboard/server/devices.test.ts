import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Device, ImportResult, Latest, Rejection, Series } from '../../../contract/http/devices.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { ErrorBody } from '../../../contract/errors.ts'
import { World } from './world.ts'

describe('devices', () => {
  let world: World
  let as: string
  beforeAll(async () => {
    world = await World.start()
    as = await world.as('admin')
  })
  afterAll(() => world.stop())

  const get = <T>(path: string) => world.call<T>('GET', path, { as })
  const post = <T>(path: string, body?: unknown) => world.call<T>('POST', path, { as, body })

  it('registers a device and shows its token once', async () => {
    const made = await post<Device & { token: string }>('/devices', {
      id: 'GAS-1',
      kind: 'gas',
      name: '厨房燃气',
      siteId: world.sites.a,
      attributes: { gas: 'methane', installedAt: '2026-05-01' },
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ id: 'GAS-1', kind: 'gas', lifecycle: 'registered', online: false, worst: null })
    expect(made.body.place).toEqual(['示范县', '青禾街道', '槐荫社区', '槐荫 12 号'])
    expect(made.body.token.length).toBeGreaterThan(20)
    const read = await get<Device>('/devices/GAS-1')
    expect(read.body).toMatchObject({ attributes: { gas: 'methane', installedAt: '2026-05-01' } })
    expect(JSON.stringify(read.body)).not.toContain('token')
  })

  it.each([
    [{ id: 'GAS-1', kind: 'gas', name: '又一个' }, 409, 'exists'],
    [{ id: 'bad id', kind: 'gas', name: 'x' }, 400, 'invalid'],
    [{ id: 'OK-1', kind: 'toaster', name: 'x' }, 400, 'invalid'],
    [{ id: 'OK-1', kind: 'gas' }, 400, 'invalid'],
    [{ id: 'OK-1', kind: 'gas', name: 'x', lifecycle: 'in_service' }, 400, 'invalid'],
    [{ id: 'OK-1', kind: 'gas', name: 'x', attributes: { colour: 'red' } }, 400, 'invalid'],
    [{ id: 'OK-1', kind: 'gas', name: 'x', attributes: { gas: 'nitrogen' } }, 400, 'invalid'],
    [{ id: 'OK-1', kind: 'gas', name: 'x', attributes: { installedAt: '2026-13-40' } }, 400, 'invalid'],
    [{ id: 'OK-1', kind: 'gas', name: 'x', siteId: 'no-such-site' }, null, null],
  ])('refuses to register %j', async (body, status, code) => {
    const answer = await post<ErrorBody>('/devices', body)
    if (status === null) expect([400, 404, 422]).toContain(answer.status)
    else {
      expect(answer.status).toBe(status)
      expect(answer.body.error.code).toBe(code)
    }
    expect((await get('/devices/OK-1')).status).toBe(404)
  })

  it('lists, searches, pages and filters by presence', async () => {
    world.online.add('DEV-A')
    const ids = async (path: string) => (await get<Page<Device>>(path)).body.items.map((device) => device.id)
    expect(await ids('/devices?q=槐荫')).toEqual(expect.arrayContaining(['DEV-A', 'GAS-1']))
    expect(await ids('/devices?kind=smoke')).toEqual(['DEV-NOWHERE'])
    expect(await ids('/devices?online=true')).toEqual(['DEV-A'])
    expect(await ids('/devices?online=false')).not.toContain('DEV-A')
    const first = (await get<Page<Device>>('/devices?limit=2')).body
    expect(first.items.length).toBe(2)
    expect(first.total).toBe(4)
    const second = (await get<Page<Device>>(`/devices?limit=2&cursor=${encodeURIComponent(first.next as string)}`)).body
    expect(second.next).toBeNull()
    expect(new Set([...first.items, ...second.items].map((device) => device.id)).size).toBe(4)
    expect((await get('/devices?limit=501')).status).toBe(400)
    expect((await get('/devices?cursor=not-a-cursor')).status).toBe(400)
    world.online.clear()
  })

  it('changes, retires, renews the token and deletes', async () => {
    await post('/devices', { id: 'TEMP-1', kind: 'water', name: '水池' })
    const patch = (body: unknown) => world.call<Device & ErrorBody>('PATCH', '/devices/TEMP-1', { as, body })
    expect((await patch({ name: '消防水池', siteId: world.sites.b })).body).toMatchObject({
      name: '消防水池',
      siteId: world.sites.b,
    })
    expect((await patch({ id: 'OTHER' })).status).toBe(400)
    expect((await patch({ attributes: { purpose: 'swimming' } })).body.error.code).toBe('invalid')
    expect((await patch({ lifecycle: 'retired' })).body.lifecycle).toBe('retired')
    const renewed = await post<{ id: string; token: string }>('/devices/TEMP-1/token')
    expect(renewed.body.id).toBe('TEMP-1')
    expect(renewed.body.token.length).toBeGreaterThan(20)
    expect((await world.call('DELETE', '/devices/TEMP-1', { as })).status).toBe(204)
    expect((await get('/devices/TEMP-1')).status).toBe(404)
    expect((await world.call('DELETE', '/devices/TEMP-1', { as })).status).toBe(404)
  })

  it('refuses to delete a device with an open alarm', async () => {
    await world.commit(world.entry({ alarmId: 'open-one', place: 'b' }))
    const answer = await world.call<ErrorBody>('DELETE', '/devices/DEV-B', { as })
    expect([409, 422]).toContain(answer.status)
    expect((await get('/devices/DEV-B')).body).toMatchObject({ worst: 2 })
  })

  it('answers series, latest values, events and rejections', async () => {
    const series = await get<Series>('/devices/DEV-A/readings?metric=residual_current&from=1000&to=2000&points=10')
    expect(series.body).toEqual({
      metric: 'residual_current',
      unit: 'mA',
      points: [{ t: 1000, min: 1, mean: 2, max: 3, last: 2.5, count: 4 }],
    })
    expect((await get<Latest>('/devices/DEV-A/latest')).body.values).toEqual([
      { metric: 'residual_current', value: 12.5, unit: 'mA', ts: 1_795_000_000_000 },
    ])
    expect((await get<{ items: unknown[] }>('/devices/DEV-A/events?to=500')).body.items).toEqual([
      { type: 'event', ts: 499, receivedAt: 500, name: 'tamper', data: {} },
    ])
    const rejection = { at: Date.now(), reason: 'not_json' as const, topic: 't', detail: 'position 3', sample: '{"a' }
    await world.ledger.rejections.add([{ ...rejection, deviceId: 'DEV-A' }])
    expect((await get<Page<Rejection>>('/devices/DEV-A/rejections')).body).toEqual({
      items: [rejection],
      next: null,
      total: 1,
    })
  })

  it.each([
    '/devices/DEV-A/readings?metric=gas_lel&from=0&to=1',
    '/devices/DEV-A/readings?metric=constructor&from=0&to=1',
    '/devices/DEV-A/readings?metric=residual_current&from=5&to=5',
    '/devices/DEV-A/readings?metric=residual_current&from=0&to=1&points=0',
    '/devices/DEV-A/readings?metric=residual_current',
  ])('refuses %s', async (path) => {
    const answer = await get<ErrorBody>(path)
    expect(answer.status).toBe(400)
    expect(answer.body.error.code).toBe('invalid')
  })

  it('imports a table: areas, sites, contacts and attributes, tokens once', async () => {
    const table =
      '\uFEFFid,kind,name,area,site,contact_name,contact_phone,ratedCurrentA,critical\r\n' +
      'IMP-1,electricity,"总表\r\n（一楼）",示范县/新镇/新村,新村 1 号,李四,13900000001,63,是\r\n' +
      'IMP-2,gas,厨房,示范县/新镇/新村,新村 1 号,,,,\r\n' +
      '\r\n' +
      'IMP-3,smoke,走廊,示范县/新镇/新村,,,,,\r\n'
    const answer = await post<ImportResult>('/devices/import', table)
    expect(answer.status).toBe(201)
    expect(answer.body.created).toBe(3)
    expect(answer.body.tokens.map(({ id }) => id)).toEqual(['IMP-1', 'IMP-2', 'IMP-3'])
    const one = (await get<Device>('/devices/IMP-1')).body
    expect(one.place).toEqual(['示范县', '新镇', '新村', '新村 1 号'])
    expect(one.attributes).toEqual({ ratedCurrentA: 63, critical: true })
    const sites = await get<Page<{ id: string; name: string; contacts: unknown[] }>>('/sites?q=新村')
    expect(sites.body.items.find(({ id }) => id === one.siteId)?.contacts).toEqual([
      { name: '李四', phone: '13900000001' },
    ])
    expect((await get<Device>('/devices/IMP-3')).body.place).toEqual(['示范县', '新镇', '新村', '新村'])
  })

  it('imports nothing when one row is wrong, and names its physical line', async () => {
    const table = 'id,kind,name\nNOT-1,gas,"a\nb"\nNOT-2,toaster,烤面包机\n'
    const answer = await post<ErrorBody>('/devices/import', table)
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatchObject({ code: 'invalid', details: { line: 4, field: 'kind' } })
    expect((await get('/devices/NOT-1')).status).toBe(404)
  })

  it('names the line of a device that exists already', async () => {
    const answer = await post<ErrorBody>('/devices/import', 'id,kind,name\nNEW-9,gas,新\nDEV-A,gas,旧\n')
    expect(answer.body.error).toMatchObject({ code: 'exists', details: { line: 3 } })
    expect((await get('/devices/NEW-9')).status).toBe(404)
  })

  it('takes a table as a Chinese spreadsheet saves it (GB 18030)', async () => {
    const bytes = Buffer.concat([
      Buffer.from('id,kind,name\nGBK-1,gas,'),
      // 厨房 in GB 18030.
      Buffer.from([0xb3, 0xf8, 0xb7, 0xbf]),
      Buffer.from('\n'),
    ])
    const response = await fetch(`${world.base}/api/v1/devices/import`, {
      method: 'POST',
      headers: { cookie: as, 'content-type': 'text/csv; charset=gbk' },
      body: bytes,
    })
    expect(response.status).toBe(201)
    expect((await get<Device>('/devices/GBK-1')).body.name).toBe('厨房')
  })

  it('takes 1,200 devices at once and refuses more than 16 MiB', async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => `BULK-${i},electricity,${i} 号,示范县/大镇/大村,大院 ${i % 40}`)
    const answer = await post<ImportResult>('/devices/import', `id,kind,name,area,site\n${rows.join('\n')}\n`)
    expect(answer.body.created).toBe(1200)
    const huge = await post<ErrorBody>('/devices/import', `id,kind,name\n${'x'.repeat(16 * 1024 * 1024)}`)
    expect(huge.status).toBe(413)
    expect(huge.body.error.code).toBe('too_large')
  })
})
