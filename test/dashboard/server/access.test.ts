// G9: nobody sees or touches outside their scope. The matrix is made from what the routes and events declare, so that a new
// one is in it the moment it exists.
import Fastify from 'fastify'
import { Registry as Metrics } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PERMISSIONS, ROLES } from '../../../contract/role-names.ts'
import { roleMay, rowOf } from '../../../contract/roles.ts'
import type { Role } from '../../../contract/role-names.ts'
import type { Access } from '../../../dashboard/server/access.ts'
import type { DeclaredRoute } from '../../../dashboard/server/auth/guard.ts'
import { buildApp } from '../../../dashboard/server/app.ts'
import type { App } from '../../../dashboard/server/app.ts'
import { ownGuardMemory } from '../../../dashboard/server/auth/guard-memory.ts'
import { Principals } from '../../../dashboard/server/auth/principal.ts'
import { DOWN_ACCESS, UP_ACCESS, declareEvents } from '../../../dashboard/server/feed/events.ts'
import { dashboardMetrics } from '../../../dashboard/server/metrics.ts'
import { exampleBody, exampleUrl } from './example-requests.ts'
import { World, commandOf, live, until } from './world.ts'
import type { Client } from './world.ts'

/** The server without a feed and without listening. */
const built = (world: World): Promise<App> =>
  buildApp({
    ports: world.ports(),
    options: world.options(),
    now: Date.now,
    principals: new Principals(world.ledger, Date.now),
    metrics: dashboardMetrics(new Metrics()),
    live: { userChanged: async () => {}, changingScope: (_whose, change) => change() },
    memory: ownGuardMemory(),
  })

/** Every role, and what the world's user of that role sees. */
const USERS: { user: string; role: Role; sees: ('a' | 'b' | 'hub')[] }[] = [
  { user: 'admin', role: 'admin', sees: ['a', 'b', 'hub'] },
  { user: 'duty', role: 'duty', sees: ['a', 'b', 'hub'] },
  { user: 'leader', role: 'leader', sees: ['a', 'b', 'hub'] },
  { user: 'town', role: 'town', sees: ['a'] },
  { user: 'grid', role: 'grid', sees: ['b'] },
  { user: 'manager', role: 'manager', sees: ['a'] },
  { user: 'warden', role: 'manager', sees: ['b'] },
  { user: 'landlord', role: 'landlord', sees: ['a'] },
  { user: 'installer', role: 'installer', sees: ['b'] },
  { user: 'auditor', role: 'auditor', sees: ['a', 'b', 'hub'] },
  { user: 'wall', role: 'wall', sees: ['a', 'b', 'hub'] },
]

describe('G9: access', () => {
  let world: World
  let routes: DeclaredRoute[]
  let app: App
  beforeAll(async () => {
    world = await World.start()
    await world.raiseThree()
    app = await built(world)
    routes = app.declaredRoutes.filter(({ method }) => method !== 'HEAD')
  })
  afterAll(async () => {
    await app.close()
    await world.stop()
  })

  it('finds the routes it is to check', () => {
    expect(routes.length).toBeGreaterThan(35)
    for (const url of ['/api/v1/alarms', '/api/v1/devices/:id/readings', '/api/v1/users', '/api/v1/audit'])
      expect(routes.some((route) => route.url === url)).toBe(true)
  })

  it('G9: a route that declares no access is not added', async () => {
    const fresh = await built(world)
    expect(() => fresh.get('/api/v1/bare', () => ({}))).toThrow(/declares no access/)
    const wrong = { config: { access: { to: 'role', may: 'everything', scope: 'filtered' } as unknown as Access } }
    expect(() => fresh.get('/api/v1/wrong', wrong, () => ({}))).toThrow(/declares no access/)
    const prototype = { config: { access: { to: 'role', may: 'constructor', scope: 'toString' } as unknown as Access } }
    expect(() => fresh.get('/api/v1/proto', prototype, () => ({}))).toThrow(/declares no access/)
    await fresh.close()
    // The guard is what refuses: without it Fastify takes the route.
    const bare = Fastify()
    bare.get('/api/v1/bare', () => ({}))
    await bare.close()
  })

  it('G9: a feed event that declares no access does not start', () => {
    expect(() => declareEvents({ ...UP_ACCESS, ...DOWN_ACCESS })).not.toThrow()
    expect(() => declareEvents({ ...UP_ACCESS, bare: undefined })).toThrow(/feed event bare declares no access/)
  })

  it('G9: every route refuses whoever is not signed in, except where it says anyone', async () => {
    const wrong: string[] = []
    for (const { method, url, access } of routes) {
      if (access.to === 'anyone') continue
      for (const as of [undefined, 'zhian=no-such-session', 'Bearer no-such-token', 'Bearer ']) {
        const answer = await world.call(method, fill(url, 'a'), { as, body: exampleBody(method, url) })
        if (answer.status !== 401) wrong.push(`${method} ${url} as ${as}: ${answer.status}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('G9: every route × role × place answers 403 without the permission and 404 outside the scope', async () => {
    const wrong: string[] = []
    let cases = 0
    for (const { method, url, access } of routes) {
      if (access.to !== 'role') continue
      for (const { user, role, sees } of USERS) {
        const as = await world.as(user)
        for (const place of ['a', 'b', 'hub'] as const) {
          const named = !['filtered', 'whole_hub', 'placeless'].includes(access.scope)
          if (!named && place !== 'a') continue
          const allowed =
            roleMay(role, access.may) && (access.scope !== 'whole_hub' || rowOf(role).scope === 'everything')
          const inside = !named || (sees.includes(place) && existsAt(access.scope, place))
          // An allowed change is not carried out here: only that it is not refused for who asks.
          if (allowed && inside && method !== 'GET') continue
          cases += 1
          const answer = await world.call(method, fill(url, place), { as, body: exampleBody(method, url) })
          const expected = !allowed ? 403 : !inside ? 404 : null
          const right = expected === null ? answer.status < 401 || answer.status === 404 : answer.status === expected
          if (!right) wrong.push(`${method} ${url} (${place}) as ${user}: ${answer.status}, expected ${expected}`)
          if (expected === 404 && JSON.stringify(answer.body).includes(world.sites[place === 'hub' ? 'b' : place]))
            wrong.push(`${method} ${url} (${place}) as ${user} tells of what is outside`)
        }
      }
    }
    expect(wrong).toEqual([])
    expect(cases).toBeGreaterThan(150)
  })

  it('G9: what is listed and counted is cut to the scope', async () => {
    const all = { a: ['DEV-A', 'alarm-a'], b: ['DEV-B', 'alarm-b'], hub: ['DEV-NOWHERE', 'alarm-hub'] } as const
    for (const { user, sees: places } of USERS) {
      const sees = {
        devices: places.map((place) => all[place][0]),
        alarms: places.map((place) => all[place][1]),
        sites: places.filter((place) => place !== 'hub').length,
      }
      const as = await world.as(user)
      const list = async (path: string) =>
        (await world.call<{ items: { id: string }[]; total: number }>('GET', path, { as })).body
      const [devices, alarms, sites] = [await list('/devices'), await list('/alarms?open=true'), await list('/sites')]
      expect(devices.items.map(({ id }) => id).toSorted()).toEqual(sees.devices)
      expect(devices.total).toBe(sees.devices.length)
      expect(alarms.items.map(({ id }) => id).toSorted()).toEqual(sees.alarms)
      expect(alarms.total).toBe(sees.alarms.length)
      expect([sites.items.length, sites.total]).toEqual([sees.sites, sees.sites])
      // Filters narrow a scope, they never widen it.
      const foreign = places.includes('a') ? world.sites.b : world.sites.a
      if (places.length === 1) {
        expect(await list(`/devices?siteId=${foreign}`)).toEqual({ items: [], next: null, total: 0 })
        expect(await list(`/alarms?siteId=${foreign}`)).toEqual({ items: [], next: null, total: 0 })
        expect((await list('/devices?limit=1')).total).toBe(1)
        expect((await list('/areas')).items.length).toBeLessThanOrEqual(3)
      }
    }
  })

  it('G9: every feed event × role × place reaches exactly those who may see it', async () => {
    const pages = await Promise.all(
      USERS.map(async ({ user, role, sees }) => ({ user, role, sees, ...(await live(world, await world.as(user))) })),
    )
    const heard = new Map(pages.map(({ user }) => [user, new Set<string>()]))
    for (const { user, client } of pages) {
      const into = heard.get(user) as Set<string>
      client.on('alarm', ({ alarm }) => into.add(`alarm ${alarm.id}`))
      client.on('device', ({ deviceId }) => into.add(`device ${deviceId}`))
      client.on('viewers', (all) => all.forEach(({ alarmId }) => into.add(`viewers ${alarmId}`)))
      client.on('command', ({ deviceId }) => into.add(`command ${deviceId}`))
      client.on('readings', (all) => all.forEach(({ deviceId }) => into.add(`readings ${deviceId}`)))
      client.emit('readings:watch', { deviceIds: ['DEV-A', 'DEV-B', 'hub'] })
    }
    const at = (place: 'a' | 'b' | 'hub') =>
      place === 'hub' ? { siteId: null, areaIds: [] } : { siteId: world.sites[place], areaIds: world.areaIds[place] }
    const lookers: Client[] = []
    const deviceOf = { a: 'DEV-A', b: 'DEV-B', hub: 'hub' } as const
    for (const place of ['a', 'b', 'hub'] as const) {
      await world.commit(world.entry({ alarmId: `matrix-${place}`, place }))
      for (const tell of world.source.presences) tell({ deviceId: deviceOf[place], online: true, at: 1, ...at(place) })
      const command = commandOf({ deviceId: deviceOf[place] })
      for (const tell of world.source.commands) tell({ command, ...at(place) })
      const looking = await live(world, await world.newSession('duty'))
      looking.client.emit('alarm:viewing', { alarmId: `matrix-${place}` })
      lookers.push(looking.client)
    }
    await until(() => {
      for (const place of ['a', 'b', 'hub'] as const)
        for (const tell of world.source.readings)
          tell({ deviceId: deviceOf[place], ts: Date.now(), values: { v: 1 }, ...at(place) })
      return pages.every(({ user, sees }) => heard.get(user)?.size === sees.length * 5)
    })
    // Two more rounds of everything that is paced: nothing further may come.
    for (const { client } of pages) await new Promise((resolve) => client.once('heartbeat', resolve))
    for (const { user, sees } of pages) {
      const expected = sees.flatMap((place) => [
        `alarm matrix-${place}`,
        `device ${deviceOf[place]}`,
        `command ${deviceOf[place]}`,
        `readings ${deviceOf[place]}`,
        `viewers matrix-${place}`,
      ])
      expect([...(heard.get(user) as Set<string>)].toSorted()).toEqual(expected.toSorted())
    }
    for (const client of [...pages.map(({ client }) => client), ...lookers]) client.close()
  })

  it('G9: a role is one row: what administers is the administrator’s, and an auditor and a wall change nothing', () => {
    expect(USERS.map(({ role }) => role).toSorted()).toEqual([...ROLES, 'manager'].toSorted())
    const changes = PERMISSIONS.filter((permission) => !/:(read|follow|use|show|ask|stand)$/.test(permission))
    for (const permission of PERMISSIONS) expect(roleMay('admin', permission)).toBe(true)
    for (const permission of changes)
      for (const role of ['auditor', 'wall'] as const)
        expect([role, permission, roleMay(role, permission)]).toEqual([role, permission, false])
    for (const permission of PERMISSIONS.filter((one) =>
      /^(users|audit|privacy|metrics)|^(devices|sites|rules|first_steps|shift|wall):write$/.test(one),
    ))
      expect(ROLES.filter((role) => roleMay(role, permission) && role !== 'admin' && role !== 'auditor')).toEqual([])
    // A township verifies, reports and rechecks; it has no power of enforcement.
    const inTown = ['alarms:verdict', 'alarms:field_verified', 'inspections:write', 'inspections:penalise'] as const
    expect(inTown.map((permission) => roleMay('town', permission))).toEqual([true, true, true, false])
    expect(inTown.map((permission) => roleMay('grid', permission))).toEqual([true, true, true, false])
  })

  const fill = (url: string, place: 'a' | 'b' | 'hub'): string => exampleUrl(world, url, place)

  /** Only a site can be "nowhere": there are a device and an alarm without a place. */
  const existsAt = (scope: string, place: 'a' | 'b' | 'hub') =>
    !['site', 'inspection', 'room', 'lease', 'plan'].includes(scope) || place !== 'hub'
})
