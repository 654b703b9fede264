// The fake hub's HTTP routes for devices, places, rules and users.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createDeviceSchema, deviceListQuerySchema, readingsQuerySchema } from '../../../contract/http/devices.ts'
import type { Device, DeviceCounters, Rejection } from '../../../contract/http/devices.ts'
import { createUserSchema } from '../../../contract/http/people.ts'
import { createSiteSchema } from '../../../contract/http/sites.ts'
import { KINDS, defaultRulesFor, metricOf } from '../../../contract/kinds/table.ts'
import { Refusal, adminOf, idOf, pageFor, userOf } from './fake-call.ts'
import type { FakeHub, FakeUser } from './fake-hub.ts'
import { NOTHING_SAID } from './fake-world.ts'

const MINUTE = 60_000

export function addInventoryApi(app: FastifyInstance, hub: FakeHub): void {
  const visible = (request: FastifyRequest): Device[] => {
    const { scope } = userOf(hub, request)
    return hub.world.devices.filter((device) => scope === 'all' || (device.siteId !== null && scope.has(device.siteId)))
  }
  const deviceOf = (request: FastifyRequest): Device => {
    const device = visible(request).find((known) => known.id === idOf(request))
    if (device === undefined) throw new Refusal('not_found', '没有找到。')
    return device
  }
  app.get('/api/v1/devices', (request) => {
    const { q, kind, siteId, online, lifecycle } = deviceListQuerySchema.parse(request.query)
    const found = visible(request).filter(
      (device) =>
        (q === undefined || [device.id, device.name, ...device.place].some((text) => text.includes(q))) &&
        (kind === undefined || device.kind === kind) &&
        (siteId === undefined || device.siteId === siteId) &&
        (lifecycle === undefined || device.lifecycle === lifecycle) &&
        (online === undefined || device.online === online),
    )
    return pageFor(found, request)
  })
  app.post('/api/v1/devices', (request, reply) => {
    adminOf(hub, request)
    const body = createDeviceSchema.parse(request.body)
    if (hub.world.devices.some((device) => device.id === body.id)) throw new Refusal('exists', '已经存在。')
    const site = hub.world.sites.find((known) => known.id === body.siteId)
    const device: Device = {
      id: body.id,
      kind: body.kind,
      name: body.name,
      siteId: site?.id ?? null,
      roomId: null,
      place: site === undefined ? [] : [...site.area, site.name],
      gatewayId: null,
      attributes: body.attributes ?? {},
      lifecycle: 'registered',
      online: false,
      lastHeardAt: null,
      worst: null,
      createdAt: Date.now(),
    }
    hub.world.devices.unshift(device)
    return reply.code(201).send({ ...device, token: 'zt_8Qm3vXb2Lk7RpYw0Tn5CdHs9' })
  })
  app.post('/api/v1/devices/import', (request, reply) => {
    adminOf(hub, request)
    const lines = (request.body as string).trim().split(/\r?\n/).slice(1)
    const issues = lines.flatMap((line, index) =>
      line.split(',').length < 3 ? [{ line: index + 2, field: 'kind', message: '缺少 kind' }] : [],
    )
    const first = issues[0]
    if (first !== undefined)
      throw new Refusal('invalid', `第 ${first.line} 行: ${first.message}`, {
        line: first.line,
        field: first.field,
        issues,
      })
    return reply.code(201).send({
      created: lines.length,
      tokens: lines.map((line) => ({ id: line.split(',')[0] as string, token: 'zt_import' })),
    })
  })
  app.get('/api/v1/devices/:id', deviceOf)
  app.patch('/api/v1/devices/:id', (request) => {
    adminOf(hub, request)
    return Object.assign(deviceOf(request), request.body)
  })
  app.post('/api/v1/devices/:id/token', (request) => {
    adminOf(hub, request)
    return { id: deviceOf(request).id, token: 'zt_new_5CdHs9Qm3vXb2Lk7' }
  })
  const historyOf = (request: FastifyRequest): Device => {
    if (hub.historyAway) throw new Refusal('unavailable', '读数库暂时连不上。', { reason: 'reading_store' })
    return deviceOf(request)
  }
  app.get('/api/v1/devices/:id/latest', (request) => {
    const device = historyOf(request)
    const metrics = device.lifecycle === 'registered' ? [] : KINDS[device.kind].metrics.slice(0, 12)
    const values = metrics.map((metric) => ({
      metric: metric.name,
      unit: metric.unit,
      ts: Date.now() - 4_000,
      value: levelOf(metric),
    }))
    return { deviceId: device.id, values }
  })
  app.get('/api/v1/devices/:id/readings', (request) => {
    const device = historyOf(request)
    const { metric, from, to, points } = readingsQuerySchema.parse(request.query)
    const meta = metricOf(device.kind, metric)
    if (meta === undefined) throw new Refusal('not_found', '没有这个指标。')
    const alarm = hub.journal.open('all').find((open) => open.deviceId === device.id && metric.startsWith(open.signal))
    const step = Math.max(MINUTE, (to - from) / points)
    const series = []
    for (let t = Math.ceil(from / step) * step; t < Math.min(to, Date.now()); t += step) {
      const share = (t % 86_400_000) / 86_400_000
      if (device.lifecycle === 'registered' || (share > 0.3 && share < 0.34 && alarm === undefined)) continue
      const rise =
        alarm?.value != null
          ? Math.max(0, 1 - Math.abs(t - alarm.raisedAt) / (12 * MINUTE)) * (alarm.value - levelOf(meta))
          : 0
      const mean = meta.binary ? (share > 0.5 ? 1 : 0) : levelOf(meta) * (1 + 0.15 * Math.sin(share * 12)) + rise
      const spread = meta.binary ? 0 : Math.abs(levelOf(meta)) * 0.05
      series.push({
        t: Math.round(t),
        min: mean - spread,
        mean,
        max: mean + spread,
        last: mean,
        count: Math.round(step / MINUTE),
        // Twice a day a few samples came late, and one carried a time that nobody believes.
        ...(Math.floor(share * 144) % 72 === 31 ? { late: 1 } : {}),
        ...(Math.floor(share * 288) % 144 === 101 ? { suspect: 1 } : {}),
      })
    }
    return { metric, unit: meta.unit, points: series }
  })
  app.get('/api/v1/devices/:id/counters', (request) => {
    const { id, kind } = deviceOf(request)
    const byReason = kind === 'electricity' ? { not_json: 4, out_of_range: 9 } : {}
    const rejected = kind === 'electricity' ? 13 : 0
    const account = { messages: 8_710, received: 86_420, stored: 86_420 - rejected, rejected, byReason }
    return { deviceId: id, since: Date.now() - 3 * 86_400_000, ...account } satisfies DeviceCounters
  })
  app.get('/api/v1/devices/:id/rejections', (request) => {
    const device = deviceOf(request)
    const rejection = (index: number): Rejection => ({
      at: Date.now() - index * 7 * MINUTE,
      reason: index % 2 === 0 ? 'out_of_range' : 'not_json',
      topic: `zhian/v1/${device.id}/readings`,
      detail: index % 2 === 0 ? 'temperature_b 6553.5' : 'position 14',
      sample: index % 2 === 0 ? '{"values":{"temperature_b":6553.5}}' : '{"values":{"tem',
    })
    return pageFor(
      device.kind === 'electricity' ? Array.from({ length: 6 }, (_, index) => rejection(index)) : [],
      request,
    )
  })

  app.get('/api/v1/sites', (request) => {
    const { q = '' } = request.query as { q?: string }
    const { scope } = userOf(hub, request)
    return pageFor(
      hub.world.sites.filter(
        (site) => (scope === 'all' || scope.has(site.id)) && [site.name, ...site.area].some((text) => text.includes(q)),
      ),
      request,
    )
  })
  app.post('/api/v1/sites', (request, reply) => {
    adminOf(hub, request)
    const body = createSiteSchema.parse(request.body)
    const site = {
      id: `site-${hub.world.sites.length}`,
      name: body.name,
      areaId: 'area-x',
      area: body.area.split('/'),
      areaIds: ['county', 'town', 'area-x'].slice(-body.area.split('/').length),
      contacts: body.contacts ?? [],
      ...NOTHING_SAID,
      devices: 0,
      createdAt: Date.now(),
    }
    hub.world.sites.unshift(site)
    return reply.code(201).send(site)
  })
  app.patch('/api/v1/sites/:id', (request) => {
    adminOf(hub, request)
    const { area, ...rest } = request.body as { area?: string }
    const site = hub.world.sites.find((known) => known.id === idOf(request))
    if (site === undefined) throw new Refusal('not_found', '没有找到。')
    return Object.assign(site, rest, area === undefined ? {} : { area: area.split('/') })
  })
  app.get('/api/v1/areas', (request) => {
    userOf(hub, request)
    const paths = [...new Set(hub.world.sites.map((site) => site.area.join('/')))]
    const items = paths.map((path, index) => ({
      id: `area-${index}`,
      parentId: null,
      name: path.split('/').at(-1) as string,
      path: path.split('/'),
      sites: 1,
      devices: 1,
      openAlarms: 0,
    }))
    return { items, next: null, total: items.length }
  })

  app.get('/api/v1/sites/:id', (request) => {
    const { scope } = userOf(hub, request)
    const site = hub.world.sites.find((known) => known.id === idOf(request) && (scope === 'all' || scope.has(known.id)))
    if (site === undefined) throw new Refusal('not_found', '没有找到。')
    return site
  })
  app.get('/api/v1/rules', (request) => {
    userOf(hub, request)
    const items = Object.values(KINDS).flatMap((kind) =>
      defaultRulesFor(kind.name).map((rule) => ({ ...rule, kind: kind.name, version: 1 })),
    )
    return { items, next: null, total: items.length }
  })

  const userView = (user: FakeUser) => ({
    id: user.id,
    username: user.username,
    name: user.name,
    role: user.role,
    sites: user.scope === 'all' ? [] : [...user.scope],
    areas: [],
    disabled: false,
    createdAt: Date.now() - 86_400_000,
    activated: true,
    secondFactor: user.role === 'admin',
    invitedUntil: null,
  })
  app.get('/api/v1/users', (request) => {
    adminOf(hub, request)
    return pageFor(hub.users.map(userView), request)
  })
  app.post('/api/v1/users', (request, reply) => {
    adminOf(hub, request)
    const body = createUserSchema.parse(request.body)
    const user: FakeUser = {
      id: `u${hub.users.length + 1}`,
      username: body.username,
      name: body.name,
      role: body.role,
      scope: new Set(body.sites),
      mustChange: true,
    }
    hub.users.push(user)
    return reply.code(201).send(userView(user))
  })
  app.patch('/api/v1/users/:id', (request) => {
    adminOf(hub, request)
    const user = hub.users.find((known) => known.id === idOf(request))
    if (user === undefined) throw new Refusal('not_found', '没有找到。')
    return { ...userView(user), ...(request.body as object) }
  })
}

/** A plausible everyday value of a metric. */
function levelOf(metric: {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly binary?: unknown
}): number {
  if (metric.binary !== undefined) return 0
  if (metric.name.startsWith('voltage')) return 226
  if (metric.name.startsWith('temperature')) return 36
  if (metric.name.startsWith('current')) return 12.4
  if (metric.name === 'residual_current') return 18
  if (metric.name === 'gas_lel') return 0.4
  return metric.min + (metric.max - metric.min) * 0.02
}
