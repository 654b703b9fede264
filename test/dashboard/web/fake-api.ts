// The fake hub's HTTP routes: as much of the contract as the pages call.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { actBodySchemas } from '../../../contract/alarms.ts'
import type { Alarm } from '../../../contract/alarms.ts'
import { ERRORS } from '../../../contract/errors.ts'
import type { ErrorCode } from '../../../contract/errors.ts'
import { createDeviceSchema, deviceListQuerySchema, readingsQuerySchema } from '../../../contract/http/devices.ts'
import type { Device, Rejection } from '../../../contract/http/devices.ts'
import { createUserSchema } from '../../../contract/http/people.ts'
import { createSiteSchema } from '../../../contract/http/places.ts'
import { KINDS, defaultRulesFor, metricOf } from '../../../contract/kinds/table.ts'
import { PASSWORD } from './fake-hub.ts'
import type { FakeHub, FakeUser } from './fake-hub.ts'
import { sees } from './fake-journal.ts'

class Refusal extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown> | undefined
  constructor(code: ErrorCode, message: string, details?: Record<string, unknown>) {
    super(message)
    this.code = code
    this.details = details
  }
}

const MINUTE = 60_000

export function addApi(app: FastifyInstance, hub: FakeHub): void {
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error, _request, reply) => {
    const known = error instanceof Refusal ? error : new Refusal('invalid', String(error))
    const details = known.details === undefined ? {} : { details: known.details }
    void reply.code(ERRORS[known.code].status).send({ error: { code: known.code, message: known.message, ...details } })
  })

  const userOf = (request: FastifyRequest): FakeUser => {
    const user = hub.signedIn.get(request.cookies['zhian'] ?? '')
    if (user === undefined) throw new Refusal('unauthorized', '请先登录。')
    return user
  }
  const admin = (request: FastifyRequest): FakeUser => {
    const user = userOf(request)
    if (user.role !== 'admin') throw new Refusal('forbidden', '没有权限。')
    return user
  }
  const me = (user: FakeUser) => ({
    id: user.id,
    username: user.username,
    name: user.name,
    role: user.role,
    scope:
      user.scope === 'all' ? { all: true, sites: [], areas: [] } : { all: false, sites: [...user.scope], areas: [] },
    mustChangePassword: user.mustChange,
    sessionEndsAt: Date.now() + 26 * 3_600_000,
  })
  const page = <T>(items: readonly T[], request: FastifyRequest) => {
    const { limit = '50', cursor = '0' } = request.query as Record<string, string>
    const [from, size] = [Number(cursor), Number(limit)]
    const to = from + size
    return { items: items.slice(from, to), next: to < items.length ? String(to) : null, total: items.length }
  }
  const idOf = (request: FastifyRequest) => (request.params as { id: string }).id
  const begin = (reply: FastifyReply, user: FakeUser) => {
    const session = `s${hub.signedIn.size + 1}-${user.id}`
    hub.signedIn.set(session, user)
    void reply.setCookie('zhian', session, { httpOnly: true, sameSite: 'strict', path: '/' })
    return me(user)
  }

  app.post('/api/v1/session', (request, reply) => {
    const { username, password } = request.body as { username: string; password: string }
    const user = hub.users.find((known) => known.username === username)
    if (user === undefined || password !== PASSWORD) throw new Refusal('unauthorized', '用户名或密码不正确。')
    return begin(reply, user)
  })
  app.delete('/api/v1/session', (request, reply) => {
    hub.signedIn.delete(request.cookies['zhian'] ?? '')
    return reply.clearCookie('zhian', { path: '/' }).code(204).send()
  })
  app.post('/api/v1/setup', (request, reply) => {
    if ((request.body as { code: string }).code !== 'first') throw new Refusal('unauthorized', '设置链接无效。')
    return begin(reply, hub.users[0] as FakeUser)
  })
  app.get('/api/v1/me', (request) => me(userOf(request)))
  app.post('/api/v1/password', (request) => {
    const user = userOf(request)
    if ((request.body as { current: string }).current !== PASSWORD)
      throw new Refusal('refused', '当前密码不正确。', { reason: 'wrong_password' })
    user.mustChange = false
    return me(user)
  })
  app.get('/api/v1/tokens', (request) => {
    userOf(request)
    return { items: [], next: null, total: 0 }
  })

  const alarmOf = (request: FastifyRequest): Alarm => {
    const alarm = hub.journal.alarms.get(idOf(request))
    if (alarm === undefined || !sees(userOf(request).scope, alarm)) throw new Refusal('not_found', '没有这条报警。')
    return alarm
  }
  app.get('/api/v1/alarms', (request) => {
    const { deviceId } = request.query as { deviceId?: string }
    return page(
      hub.journal.open(userOf(request).scope).filter((alarm) => deviceId === undefined || alarm.deviceId === deviceId),
      request,
    )
  })
  app.get('/api/v1/alarms/:id', (request) => {
    const alarm = alarmOf(request)
    const transitions = hub.journal.entries
      .filter((entry) => entry.alarm.id === alarm.id)
      .map(({ alarm: state, receivedAt, ...step }) => ({
        ...step,
        sampleTs: receivedAt === null ? null : step.at,
        level: state.level,
        priority: state.priority,
        condition: state.condition,
        value: state.value,
      }))
    return { ...alarm, transitions, contacts: hub.world.sites.find((site) => site.id === alarm.siteId)?.contacts ?? [] }
  })
  app.post('/api/v1/alarms/:id/:act', (request) => {
    const by = userOf(request)
    const alarm = alarmOf(request)
    const { act } = request.params as { act: string }
    const refuse = (reason: string) => new Refusal(reason === 'stale' ? 'stale' : 'refused', reason, { reason })
    const person = { id: by.id, name: by.name }
    if (act === 'comment') {
      const { text } = actBodySchemas.comment.parse(request.body)
      hub.change(alarm.id, 'commented', {}, { by, comment: text })
    } else if (act === 'ack') {
      const body = actBodySchemas.ack.parse(request.body)
      if (body.seq !== alarm.seq) throw refuse('stale')
      if (alarm.ack !== null) throw refuse('already_acknowledged')
      const ack = { by: person, at: Date.now(), reason: body.reason ?? null, comment: null }
      hub.change(alarm.id, 'acknowledged', { ack, closedAt: alarm.condition === 'normal' ? Date.now() : null }, { by })
    } else {
      const body = actBodySchemas.reset.parse(request.body)
      if (body.seq !== alarm.seq) throw refuse('stale')
      if (alarm.condition === 'active') throw refuse('still_active')
      if (alarm.ack === null) throw refuse('unacknowledged')
      hub.change(alarm.id, 'reset', { condition: 'normal', closedAt: Date.now() }, { by })
    }
    return {}
  })

  const visible = (request: FastifyRequest): Device[] => {
    const { scope } = userOf(request)
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
    return page(found, request)
  })
  app.post('/api/v1/devices', (request, reply) => {
    admin(request)
    const body = createDeviceSchema.parse(request.body)
    if (hub.world.devices.some((device) => device.id === body.id)) throw new Refusal('exists', '已经存在。')
    const site = hub.world.sites.find((known) => known.id === body.siteId)
    const device: Device = {
      id: body.id,
      kind: body.kind,
      name: body.name,
      siteId: site?.id ?? null,
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
    admin(request)
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
    admin(request)
    return Object.assign(deviceOf(request), request.body)
  })
  app.post('/api/v1/devices/:id/token', (request) => {
    admin(request)
    return { id: deviceOf(request).id, token: 'zt_new_5CdHs9Qm3vXb2Lk7' }
  })
  app.get('/api/v1/devices/:id/latest', (request) => {
    const device = deviceOf(request)
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
    const device = deviceOf(request)
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
      })
    }
    return { metric, unit: meta.unit, points: series }
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
    return page(device.kind === 'electricity' ? Array.from({ length: 6 }, (_, index) => rejection(index)) : [], request)
  })

  app.get('/api/v1/sites', (request) => {
    const { q = '' } = request.query as { q?: string }
    const { scope } = userOf(request)
    return page(
      hub.world.sites.filter(
        (site) => (scope === 'all' || scope.has(site.id)) && [site.name, ...site.area].some((text) => text.includes(q)),
      ),
      request,
    )
  })
  app.post('/api/v1/sites', (request, reply) => {
    admin(request)
    const body = createSiteSchema.parse(request.body)
    const site = {
      id: `site-${hub.world.sites.length}`,
      name: body.name,
      areaId: 'area-x',
      area: body.area.split('/'),
      contacts: body.contacts ?? [],
      devices: 0,
      createdAt: Date.now(),
    }
    hub.world.sites.unshift(site)
    return reply.code(201).send(site)
  })
  app.patch('/api/v1/sites/:id', (request) => {
    admin(request)
    const { area, ...rest } = request.body as { area?: string }
    const site = hub.world.sites.find((known) => known.id === idOf(request))
    if (site === undefined) throw new Refusal('not_found', '没有找到。')
    return Object.assign(site, rest, area === undefined ? {} : { area: area.split('/') })
  })
  app.get('/api/v1/areas', (request) => {
    userOf(request)
    const paths = [...new Set(hub.world.sites.map((site) => site.area.join('/')))]
    const items = paths.map((path, index) => ({
      id: `area-${index}`,
      parentId: null,
      name: path.split('/').at(-1) as string,
      path: path.split('/'),
    }))
    return { items, next: null, total: items.length }
  })

  app.get('/api/v1/sites/:id', (request) => {
    const { scope } = userOf(request)
    const site = hub.world.sites.find((known) => known.id === idOf(request) && (scope === 'all' || scope.has(known.id)))
    if (site === undefined) throw new Refusal('not_found', '没有找到。')
    return site
  })
  app.get('/api/v1/rules', (request) => {
    userOf(request)
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
  })
  app.get('/api/v1/users', (request) => {
    admin(request)
    return page(hub.users.map(userView), request)
  })
  app.post('/api/v1/users', (request, reply) => {
    admin(request)
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
    admin(request)
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
