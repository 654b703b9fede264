// The HTTP side: plugins, headers, guard, routes. Inert: nothing listens until the server that it is given does.
import Fastify from 'fastify'
import fastifyCompress from '@fastify/compress'
import fastifyCookie from '@fastify/cookie'
import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { callbackify } from 'node:util'
import type { FastifyRateLimitStore, RateLimitPluginOptions } from '@fastify/rate-limit'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { guard } from './auth/guard.ts'
import type { GuardMemory } from './auth/guard-memory.ts'
import type { Principals } from './auth/principal.ts'
import { ApiError } from './errors.ts'
import { handleErrors } from './error-handler.ts'
import type { DashboardMetrics } from './metrics.ts'
import { describeApi } from './openapi.ts'
import type { DashboardOptions } from './options.ts'
import { trustOf } from './origin.ts'
import { servePages } from './pages.ts'
import type { Ports } from './ports.ts'
import { alarmExportRoutes } from './routes/alarm-export.ts'
import { alarmRoutes } from './routes/alarms.ts'
import { areaRoutes } from './routes/areas.ts'
import { auditRoutes } from './routes/audit.ts'
import { bridgeRoutes } from './routes/bridges.ts'
import { commandRoutes } from './routes/commands.ts'
import { demoRoutes } from './routes/demo.ts'
import { coverageRoutes } from './routes/coverage.ts'
import { deviceRoutes } from './routes/devices.ts'
import { deviceHistoryRoutes } from './routes/device-history.ts'
import { installRoutes } from './routes/installs.ts'
import { importRoutes } from './routes/device-import.ts'
import { fileRoutes } from './routes/files.ts'
import { firstStepsRoutes } from './routes/first-steps.ts'
import { inspectionRoutes } from './routes/inspections.ts'
import { invitationRoutes } from './routes/invitations.ts'
import { meRoutes } from './routes/me.ts'
import { offBoardRoutes } from './routes/off-board.ts'
import { operationRoutes } from './routes/operation.ts'
import { privacyRoutes } from './routes/privacy.ts'
import { promptRoutes } from './routes/prompts.ts'
import { placesImportRoutes } from './routes/places-import.ts'
import { pushRoutes } from './routes/push.ts'
import { floorPlanRoutes } from './routes/floor-plans.ts'
import { leaseRoutes } from './routes/leases.ts'
import { meterRoutes } from './routes/meters.ts'
import { roomChecklistRoutes } from './routes/room-checklists.ts'
import { roomRoutes } from './routes/rooms.ts'
import { ruleRoutes } from './routes/rules.ts'
import { secondFactorRoutes } from './routes/second-factor.ts'
import { searchRoutes } from './routes/search.ts'
import { sessionRoutes } from './routes/session.ts'
import { shiftRoutes } from './routes/shift.ts'
import { siteRoutes } from './routes/sites.ts'
import { signedInRoutes } from './routes/signed-in.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { userRoutes } from './routes/users.ts'
import { wallRoutes } from './routes/wall.ts'

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

/** What the routes work with. */
export interface Context {
  readonly ports: Ports
  readonly options: DashboardOptions
  readonly now: () => number
  readonly principals: Principals
  readonly metrics: DashboardMetrics
  readonly memory: GuardMemory
  /** What the live feed must hear of at once. */
  readonly live: {
    /** A user's sessions, role or scope changed. */
    userChanged(userId: string): Promise<void>
    /** Runs a change of who sees what, so that no cursor from before it is replayed into the scope after it. */
    changingScope<T>(whose: { readonly userId: string } | 'everyone_with_places', change: () => Promise<T>): Promise<T>
  }
}

/** Requests a minute: of one signed-in user (a machine's import included), and of one address not signed in. */
const USER_RATE = 60_000
const ADDRESS_RATE = 3_000
/** Largest JSON body, bytes; a list of 5,000 sites fits. */
const BODY_LIMIT = 512 * 1024

/** How long a connection may take, ms: to send its headers, its body (16 MiB over a phone's uplink), to ask again. */
const PATIENCE = {
  headersTimeout: 8_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 2_000,
} as const

export async function buildApp(context: Context): Promise<App> {
  const { options, ports } = context
  const { tls } = options
  const app: App = Fastify({
    // https.Server offers what http.Server does; Fastify's types ask for one of them.
    serverFactory: (handler) =>
      tls ? (createTlsServer({ ...tls, ...PATIENCE }, handler) as unknown as Server) : createServer(PATIENCE, handler),
    logger: false,
    bodyLimit: BODY_LIMIT,
    // What was asked is answered; connections that only wait are closed.
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)

  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // The map's and the charts' pictures are made in the page.
        imgSrc: ["'self'", 'data:', 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Only where the certificate is ours to promise for; a browser ignores it on http.
    hsts: tls ? { maxAge: 180 * 86_400, includeSubDomains: false } : false,
  })
  await app.register(fastifyCookie)
  handleErrors(app, options.log)
  // The guard's onRequest hook runs before the limit's, which is therefore counted by user where there is one.
  guard(app, {
    records: ports.records,
    principals: context.principals,
    trusted: trustOf(options.trustedProxies),
    origins: options.origins ?? [],
  })
  await app.register(fastifyRateLimit, {
    hook: 'preParsing',
    timeWindow: 60_000,
    cache: 20_000,
    ...sharedCount(context.memory),
    max: (request) => (request.principal === null ? ADDRESS_RATE : USER_RATE),
    keyGenerator: (request) => request.principal?.userId ?? request.from.address,
    errorResponseBuilder: (_request, limit) => new ApiError('rate_limited', { retryAfter: limit.ttl }),
  })
  await app.register(fastifyCompress, { global: true, threshold: 1024, encodings: ['br', 'gzip'] })
  acceptEmptyJson(app)
  countRequests(app, context.metrics)
  await describeApi(app, options.version)

  sessionRoutes(app, context)
  meRoutes(app, context)
  secondFactorRoutes(app, context)
  signedInRoutes(app, context)
  tokenRoutes(app, context)
  userRoutes(app, context)
  invitationRoutes(app, context)
  offBoardRoutes(app, context)
  areaRoutes(app, context)
  siteRoutes(app, context)
  inspectionRoutes(app, context)
  coverageRoutes(app, context)
  placesImportRoutes(app, context)
  roomRoutes(app, context)
  leaseRoutes(app, context)
  roomChecklistRoutes(app, context)
  floorPlanRoutes(app, context)
  meterRoutes(app, context)
  deviceRoutes(app, context)
  commandRoutes(app, context)
  installRoutes(app, context)
  importRoutes(app, context)
  deviceHistoryRoutes(app, context)
  alarmRoutes(app, context)
  alarmExportRoutes(app, context)
  fileRoutes(app, context)
  privacyRoutes(app, context)
  ruleRoutes(app, context)
  firstStepsRoutes(app, context)
  shiftRoutes(app, context)
  auditRoutes(app, context)
  pushRoutes(app, context)
  promptRoutes(app, context)
  searchRoutes(app, context)
  wallRoutes(app, context)
  operationRoutes(app, context)
  bridgeRoutes(app, context)
  demoRoutes(app, context)
  await servePages(app, options.webRoot)
  return app
}

/** Counted by the memory that every dashboard shares, where there is one. A count that fails lets the call pass. */
function sharedCount({ calls }: GuardMemory): Pick<RateLimitPluginOptions, 'store' | 'skipOnError'> {
  if (calls === null) return {}
  const count = callbackify(async (key: string, windowMs: number) => {
    const { calls: current, left: ttl } = await calls(key, windowMs)
    return { current, ttl }
  })
  class Shared implements FastifyRateLimitStore {
    incr(key: string, done: Parameters<FastifyRateLimitStore['incr']>[1], windowMs: number): void {
      count(key, windowMs, done)
    }
    child(): Shared {
      return this
    }
  }
  return { store: Shared, skipOnError: true }
}

/** Clients that always send `content-type: application/json` send it without a body too. */
function acceptEmptyJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else void parse(request, body, done)
  })
}

function countRequests(app: App, metrics: DashboardMetrics): void {
  app.addHook('onResponse', async (request, reply) => {
    metrics.requests.observe(
      { method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    )
  })
}
