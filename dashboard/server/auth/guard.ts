// Stands before every route: who calls, from where, whether they may, and whether what they name is within their scope.
import type { FastifyRequest } from 'fastify'
import type { AlarmDetail } from '../../../contract/http/alarms.ts'
import type { StoredFile } from '../../../contract/http/files.ts'
import type { Inspection } from '../../../contract/http/inspections.ts'
import type { FloorPlan, Lease, Room } from '../../../contract/http/rentals.ts'
import type { Site } from '../../../contract/http/sites.ts'
import type { LedgerDevice } from '../../../records/ledger.ts'
import { assertDeclared } from '../access.ts'
import type { Access } from '../access.ts'
import type { App } from '../app.ts'
import { ApiError } from '../errors.ts'
import { fromOwnPage, originOf } from '../origin.ts'
import type { Origin } from '../origin.ts'
import type { Records } from '../ports.ts'
import { credentialOf } from './credentials.ts'
import { refusalOf } from './decide.ts'
import type { Principal, Principals } from './principal.ts'

interface Subjects {
  device: LedgerDevice
  site: Site
  alarm: AlarmDetail
  file: StoredFile
  inspection: Inspection
  room: Room
  lease: Lease
  plan: FloorPlan
}
type Subject = { [K in keyof Subjects]: { readonly type: K; readonly value: Subjects[K] } }[keyof Subjects]

export interface DeclaredRoute {
  readonly method: string
  readonly url: string
  readonly access: Access
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route with its declared access, in the order they were added. */
    declaredRoutes: DeclaredRoute[]
  }
  interface FastifyRequest {
    from: Origin
    /** null on routes for anyone. */
    principal: Principal | null
    /** What the route's `id` names, read within the caller's scope. */
    subject: Subject | null
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface GuardOptions {
  readonly records: Pick<
    Records,
    'devices' | 'places' | 'alarms' | 'files' | 'inspections' | 'rooms' | 'leases' | 'plans'
  >
  readonly principals: Principals
  readonly trusted: (address: string) => boolean
  readonly origins: readonly string[]
}

/** Call before any route is added: a route without an access declaration is refused when it is added. */
export function guard(app: App, { records, principals, trusted, origins }: GuardOptions): void {
  app.decorateRequest('principal', null)
  app.decorateRequest('subject', null)
  app.decorateRequest('from')

  app.decorate('declaredRoutes', [])
  app.addHook('onRoute', ({ method, url, config }) => {
    const access: unknown = config?.access
    assertDeclared(`${String(method)} ${url}`, access)
    for (const one of [method].flat()) app.declaredRoutes.push({ method: one, url, access })
  })

  app.addHook('onRequest', async (request) => {
    request.from = originOf(request.raw, trusted)
    const access = request.routeOptions.config.access
    // Unknown URLs have no route, hence no access: they answer 404 to everyone.
    if (access === undefined) return
    const changes = !SAFE.has(request.method)
    const credential = credentialOf(request.headers.authorization, request.cookies, request.from.secure)
    if (changes && credential?.type !== 'token' && !fromOwnPage(request.raw, request.from, origins))
      throw new ApiError(
        'forbidden',
        { reason: 'cross_site' },
        '请求来自其他网站，已拒绝。 Refused: the request comes from another site.',
      )
    if (access.to === 'anyone') return
    request.principal = credential === null ? null : await principals.resolve(credential, 'request')
    const refusal = refusalOf(access, request.principal, changes)
    if (refusal !== null) throw refusal
  })

  app.addHook('preHandler', async (request) => {
    const access = request.routeOptions.config.access
    if (access?.to !== 'role') return
    const { scope } = principalOf(request)
    const { id = '' } = request.params as { id?: string }
    if (access.scope === 'device') {
      request.subject = { type: 'device', value: found(await records.devices.get(scope, id)) }
    } else if (access.scope === 'site') {
      request.subject = { type: 'site', value: found(await records.places.site(scope, id)) }
    } else if (access.scope === 'alarm') {
      request.subject = { type: 'alarm', value: found(await records.alarms.get(scope, id)) }
    } else if (access.scope === 'file') {
      request.subject = { type: 'file', value: found(await records.files.get(scope, id)) }
    } else if (access.scope === 'inspection') {
      request.subject = { type: 'inspection', value: found(await records.inspections.get(scope, id)) }
    } else if (access.scope === 'room') {
      request.subject = { type: 'room', value: found(await records.rooms.get(scope, id)) }
    } else if (access.scope === 'lease') {
      request.subject = { type: 'lease', value: found(await records.leases.get(scope, id)) }
    } else if (access.scope === 'plan') {
      request.subject = { type: 'plan', value: found(await records.plans.get(scope, id)) }
    }
  })
}

function found<T>(value: T | null): T {
  if (value === null) throw new ApiError('not_found')
  return value
}

/** The signed-in caller; routes for anyone have none and must not ask. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new ApiError('unauthorized')
  return request.principal
}

/** What the `id` of a route declared with that scope names. */
export function subjectOf<K extends keyof Subjects>(request: FastifyRequest, type: K): Subjects[K] {
  if (request.subject?.type !== type)
    throw new Error(`${request.routeOptions.url ?? 'a route'} is not declared by ${type}`)
  return request.subject.value as Subjects[K]
}
