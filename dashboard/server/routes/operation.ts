// How the hub itself is doing: counters for people, health for supervisors, metrics for Prometheus.
import * as z from 'zod'
import { setAsideQuerySchema, setAsideSchema } from '../../../contract/http/cluster-figures.ts'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { hubFiguresSchema } from '../../../contract/http/hub-figures.ts'
import type { HubFigures } from '../../../contract/http/hub-figures.ts'
import type { FastifyRequest } from 'fastify'
import { anyone, role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { credentialOf } from '../auth/credentials.ts'
import { refusalOf } from '../auth/decide.ts'
import { invalid } from '../errors.ts'
import { isLoopback } from '../origin.ts'
import { shownFigures } from '../shown-figures.ts'
import { errors } from './answers.ts'

const health = z.object({ ok: z.boolean() })
const readiness = z.object({ ok: z.boolean(), parts: z.record(z.string(), z.boolean()) })

export function operationRoutes(app: App, { ports, options, principals, metrics, now }: Context): void {
  app.get(
    `${API_ROOT}/counters`,
    {
      config: { access: role('counters:read', 'whole_hub') },
      schema: {
        summary: '中枢的计数与时延。 The hub’s counters and latencies.',
        response: { 200: hubFiguresSchema, ...errors },
        tags: ['operation'],
      },
    },
    () => figures(),
  )

  app.get(
    `${API_ROOT}/set-aside`,
    {
      config: { access: role('counters:read', 'whole_hub') },
      schema: {
        summary:
          '多机部署中无法读取或处理、因而另存的条目，最新的在前。 Entries that a cluster could not read or decide and set aside, newest first.',
        querystring: setAsideQuerySchema,
        response: { 200: pageOf(setAsideSchema), ...errors },
        tags: ['operation'],
      },
    },
    async ({ query: { limit, cursor } }) => {
      const before = cursor === undefined ? undefined : cursorOf(cursor)
      const found = await ports.setAsides?.list({ limit, before })
      const items = (found?.items ?? []).map(({ id, deviceId, ...entry }) => ({
        ...entry,
        id: String(id),
        deviceId: deviceId === '' ? null : deviceId,
      }))
      return { items, next: items.length < limit ? null : (items.at(-1)?.id ?? null), total: found?.total ?? 0 }
    },
  )

  app.get(
    '/healthz',
    {
      config: { access: anyone('says only that the process answers'), rateLimit: false },
      schema: { summary: '进程是否活着。 Whether the process lives.', response: { 200: health }, tags: ['operation'] },
    },
    () => ({ ok: true }),
  )

  app.get(
    '/readyz',
    {
      config: { access: anyone('says only which parts can work'), rateLimit: false },
      schema: {
        summary: '能否接收并存储。 Whether the hub can accept and store.',
        response: { 200: readiness, 503: readiness },
        tags: ['operation'],
      },
    },
    async (_request, reply) => {
      const { ok, parts } = await ports.health.ready()
      return reply.code(ok ? 200 : 503).send({ ok, parts: { ...parts } })
    },
  )

  app.get(
    '/metrics',
    {
      config: { access: anyone('a scraper on this machine, and administrators by their token'), rateLimit: false },
      schema: { summary: '中枢的计数与时延。 The hub’s counters and latencies.', hide: true },
    },
    async (request, reply) => {
      await admitScraper(request)
      return reply.type(options.metrics.contentType).send(await options.metrics.metrics())
    },
  )

  function cursorOf(cursor: string): number {
    const id = Number(cursor)
    if (!Number.isSafeInteger(id) || id < 1) throw invalid([{ path: 'cursor', message: 'is not one of this list' }])
    return id
  }

  async function figures(): Promise<HubFigures> {
    const [account, head, shown, told, screens, desksArmed] = await Promise.all([
      ports.counters.read(),
      ports.records.journal.head(),
      shownFigures(metrics.shown),
      ...[metrics.told, metrics.sockets, metrics.desks].map(async (gauge) => (await gauge.get()).values[0]?.value ?? 0),
    ])
    const feed = { head, told: told ?? 0, screens: screens ?? 0, desksArmed: desksArmed ?? 0 }
    return { ...account, at: now(), version: options.version, feed, shown }
  }

  /** Loopback, unless a proxy speaks for someone else; everyone else needs the permission. */
  async function admitScraper(request: FastifyRequest): Promise<void> {
    if (isLoopback(request.from)) return
    const credential = credentialOf(request.headers.authorization, request.cookies, request.from.secure)
    const principal = credential === null ? null : await principals.resolve(credential, 'request')
    const refusal = refusalOf(role('metrics:read', 'whole_hub'), principal, false)
    if (refusal !== null) throw refusal
  }
}
