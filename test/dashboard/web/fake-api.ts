// The fake hub's HTTP routes for people and alarms: as much of the contract as the pages call.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { actBodySchemas } from '../../../contract/alarms.ts'
import type { Alarm } from '../../../contract/alarms.ts'
import { rowOf } from '../../../contract/roles.ts'
import { ERRORS } from '../../../contract/errors.ts'
import { alarmFilterSchema, alarmListQuerySchema } from '../../../contract/http/alarms.ts'
import { bridgesSchema } from '../../../contract/http/bridges.ts'
import { setAsideQuerySchema, setAsideSchema } from '../../../contract/http/cluster-figures.ts'
import { pageOf } from '../../../contract/http/common.ts'
import { hubFiguresSchema } from '../../../contract/http/hub-figures.ts'
import { Refusal, idOf, pageFor, userOf } from './fake-call.ts'
import { PASSWORD } from './fake-hub.ts'
import type { FakeHub, FakeUser } from './fake-hub.ts'
import { figuresOf } from './fake-figures.ts'
import { historyOf } from './fake-history.ts'
import { sees } from './fake-journal.ts'
import { addPeopleApi } from './fake-people-api.ts'

export function addApi(app: FastifyInstance, hub: FakeHub): void {
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error, _request, reply) => {
    const known = error instanceof Refusal ? error : new Refusal('invalid', String(error))
    const details = known.details === undefined ? {} : { details: known.details }
    void reply.code(ERRORS[known.code].status).send({ error: { code: known.code, message: known.message, ...details } })
  })

  const began = hub.now()
  const me = (user: FakeUser) => ({
    id: user.id,
    username: user.username,
    name: user.name,
    role: user.role,
    may: [...rowOf(user.role).may],
    ackLevel: rowOf(user.role).ackLevel,
    scope:
      user.scope === 'all' ? { all: true, sites: [], areas: [] } : { all: false, sites: [...user.scope], areas: [] },
    mustChangePassword: user.mustChange,
    signedInAt: began - 3_600_000,
    sessionEndsAt: began + 26 * 3_600_000,
    mqtt: { port: 1884, tlsPort: null },
  })
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
  app.get('/api/v1/first-steps', (request) => {
    userOf(hub, request)
    return { items: [], next: null, total: 0 }
  })
  app.get('/api/v1/files', (request) => {
    userOf(hub, request)
    return { items: [], next: null, total: 0 }
  })
  app.get('/api/v1/shift', (request) => {
    userOf(hub, request)
    return { version: 0, changesAt: ['08:30'], leader: null }
  })
  app.get('/api/v1/about', () => ({ demo: null }))
  app.get('/api/v1/me', (request) => me(userOf(hub, request)))
  app.post('/api/v1/password', (request) => {
    const user = userOf(hub, request)
    if ((request.body as { current: string }).current !== PASSWORD)
      throw new Refusal('refused', '当前密码不正确。', { reason: 'wrong_password' })
    user.mustChange = false
    return me(user)
  })
  addPeopleApi(app, hub)
  app.get('/api/v1/tokens', (request) => {
    userOf(hub, request)
    return { items: [], next: null, total: 0 }
  })

  const alarmOf = (request: FastifyRequest): Alarm => {
    const alarm = hub.journal.alarms.get(idOf(request))
    if (alarm === undefined || !sees(userOf(hub, request).scope, alarm))
      throw new Refusal('not_found', '没有这条报警。')
    return alarm
  }
  app.get('/api/v1/alarms', (request) => {
    const { scope } = userOf(hub, request)
    const query = alarmListQuerySchema.parse(request.query)
    return pageFor(historyOf([...hub.journal.alarms.values()], scope, query), request)
  })
  app.get('/api/v1/alarms/export', (request, reply) => {
    const { scope } = userOf(hub, request)
    const alarms = historyOf([...hub.journal.alarms.values()], scope, alarmFilterSchema.parse(request.query))
    void reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="alarms.csv"')
    return ['id', ...alarms.map(({ id }) => id)].join('\r\n')
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
        verdict: state.verdict,
        ...(state.verdictCause === undefined ? {} : { verdictCause: state.verdictCause }),
      }))
    const steps = new Set(transitions.map(({ seq }) => seq))
    return {
      ...alarm,
      transitions,
      contacts: hub.world.sites.find((site) => site.id === alarm.siteId)?.contacts ?? [],
      shown: hub.evidence.filter(({ seq }) => steps.has(seq)),
    }
  })
  app.get('/api/v1/counters', (request) => {
    if (userOf(hub, request).role === 'manager') throw new Refusal('forbidden', '没有权限。')
    if (hub.figuresFail) throw new Refusal('unavailable', '暂时不可用。')
    const { cluster } = hub
    const figures = figuresOf(hub.journal.head, Date.now())
    return hubFiguresSchema.parse(cluster === null ? figures : { ...figures, disk: null, backup: null, cluster })
  })
  app.get('/api/v1/set-aside', (request) => {
    userOf(hub, request)
    const { limit, cursor } = setAsideQuerySchema.parse(request.query)
    const from = cursor === undefined ? 0 : hub.setAside.findIndex(({ id }) => id === cursor) + 1
    const items = hub.setAside.slice(from, from + limit)
    const more = hub.setAside.length > from + limit
    return pageOf(setAsideSchema).parse({ items, next: more ? items.at(-1)?.id : null, total: hub.setAside.length })
  })
  app.get('/api/v1/bridges', (request) => {
    userOf(hub, request)
    return bridgesSchema.parse({ items: hub.bridges })
  })
  app.post('/api/v1/alarms/:id/:act', (request) => {
    const by = userOf(hub, request)
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
    } else if (act === 'verdict') {
      const { seq, verdict, cause, comment = null } = actBodySchemas.verdict.parse(request.body)
      if (seq !== alarm.seq) throw refuse('stale')
      const found = cause === undefined ? { verdict } : { verdict, verdictCause: cause }
      hub.change(alarm.id, 'verdict', found, { by, comment })
    } else if (act === 'field_verified') {
      const body = actBodySchemas.field_verified.parse(request.body)
      if (body.seq !== alarm.seq) throw refuse('stale')
      if (alarm.condition !== 'frozen') throw refuse('not_frozen')
      const closed = { condition: 'normal', closedAt: Date.now() } as const
      hub.change(alarm.id, 'closed', closed, { by, reason: 'field_verified', comment: body.reason })
    } else {
      const body = actBodySchemas.reset.parse(request.body)
      if (body.seq !== alarm.seq) throw refuse('stale')
      if (alarm.condition === 'active') throw refuse('still_active')
      if (alarm.ack === null) throw refuse('unacknowledged')
      hub.change(alarm.id, 'reset', { condition: 'normal', closedAt: Date.now() }, { by })
    }
    return {}
  })
}
