// What an attacker tries against every route there is. The routes are read from what the server declares, so that a new one is
// attacked the moment it exists.
import { parse } from 'csv-parse/sync'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry as Metrics } from 'prom-client'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../../../dashboard/server/app.ts'
import type { DeclaredRoute } from '../../../dashboard/server/auth/guard.ts'
import { ownGuardMemory } from '../../../dashboard/server/auth/guard-memory.ts'
import { Principals } from '../../../dashboard/server/auth/principal.ts'
import { dashboardMetrics } from '../../../dashboard/server/metrics.ts'
import { exampleBody, exampleUrl } from './example-requests.ts'
import { CONSOLE, World } from './world.ts'

const SECRET = 'outside the pages'

describe('attacks', () => {
  let world: World
  let routes: DeclaredRoute[]
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zhian-attacks-'))
    const webRoot = join(folder, 'dist')
    mkdirSync(join(webRoot, 'assets'), { recursive: true })
    writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>page</title>')
    writeFileSync(join(webRoot, 'assets', 'a.js'), 'export {}')
    writeFileSync(join(folder, 'secret.txt'), SECRET)
    writeFileSync(join(webRoot, '.env'), SECRET)
    world = await World.start({ webRoot })
    await world.raiseThree()
    const app = await buildApp({
      ports: world.ports(),
      options: world.options(),
      now: Date.now,
      principals: new Principals(world.ledger, Date.now),
      metrics: dashboardMetrics(new Metrics()),
      live: { userChanged: async () => {}, changingScope: (_whose, change) => change() },
      memory: ownGuardMemory(),
    })
    routes = app.declaredRoutes.filter(({ method }) => method !== 'HEAD')
    await app.close()
  })
  afterAll(async () => {
    await world.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const changing = () => routes.filter(({ method }) => method !== 'GET')
  const audited = async () => (await world.ledger.audit.list({ limit: 1 })).total

  it('CSRF: no route that changes anything answers a page of another site, whoever is signed in', async () => {
    const as = await world.as('admin')
    const before = await audited()
    const wrong: string[] = []
    expect(changing().length).toBeGreaterThan(40)
    for (const { method, url } of changing()) {
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: world.base, 'sec-fetch-site': 'cross-site' },
        { origin: world.base, 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'none' },
      ] as Record<string, string>[]) {
        const body = exampleBody(method, url)
        const answer = await world.call(method, exampleUrl(world, url, 'a'), { as, body, headers })
        if (answer.status !== 403 || !JSON.stringify(answer.body).includes('cross_site'))
          wrong.push(`${method} ${url} ${JSON.stringify(headers)}: ${answer.status}`)
      }
    }
    expect(wrong).toEqual([])
    expect(await audited()).toBe(before)
  })

  it('CSRF: a form’s media types reach no route', async () => {
    const as = await world.as('admin')
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const answer = await fetch(`${world.base}/api/v1/tokens`, {
        method: 'POST',
        headers: { cookie: as, 'content-type': type },
        body: '{"name":"x"}',
      })
      expect([type, answer.status]).toEqual([type, 400])
    }
  })

  it('mass assignment: a field that a body does not name is refused by every route that takes one', async () => {
    const as = await world.as('admin')
    const before = await audited()
    const wrong: string[] = []
    let bodies = 0
    for (const { method, url } of changing()) {
      const body = exampleBody(method, url)
      if (typeof body !== 'object' || body === null || body instanceof Uint8Array) continue
      bodies += 1
      for (const extra of [{ isAdmin: true }, { id: 'mine', userId: 'mine', role: 'admin', passwordHash: 'x' }]) {
        const fields = Object.fromEntries(Object.entries(extra).filter(([name]) => !(name in body)))
        const answer = await world.call(method, exampleUrl(world, url, 'a'), { as, body: { ...body, ...fields } })
        // A known field of that route may be among them: at least one is not.
        if (answer.status !== 400) wrong.push(`${method} ${url} with ${Object.keys(fields).join()}: ${answer.status}`)
      }
    }
    expect(wrong).toEqual([])
    expect(bodies).toBeGreaterThan(30)
    expect(await audited()).toBe(before)
  })

  it('prototypes: a body that names one is refused, and no prototype is touched', async () => {
    const as = await world.as('admin')
    for (const body of ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'])
      for (const { method, url } of changing()) {
        const sample = exampleBody(method, url)
        if (typeof sample !== 'object' || sample === null || sample instanceof Uint8Array) continue
        const answer = await fetch(`${world.base}${exampleUrl(world, url, 'a')}`, {
          method,
          headers: { cookie: as, 'content-type': 'application/json' },
          body,
        })
        expect([method, url, answer.status]).toEqual([method, url, 400])
        await answer.arrayBuffer()
      }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('object ids: a guess finds nothing and breaks nothing, and what lies outside looks like what does not exist', async () => {
    const guesses = [
      '0',
      '1',
      '-1',
      '__proto__',
      'constructor',
      'a'.repeat(128),
      "' or 1=1 --",
      '../x',
      '%00',
      'DEV-A ',
    ]
    const wrong: string[] = []
    const named = routes.filter(({ url, access }) => url.includes(':id') && access.to === 'role')
    expect(named.length).toBeGreaterThan(25)
    for (const { method, url } of named) {
      const as = await world.as('admin')
      for (const guess of guesses) {
        const path = exampleUrl(world, url.replace(':id', '\u0000'), 'a').replace('\u0000', encodeURIComponent(guess))
        const answer = await world.call(method, path, { as, body: exampleBody(method, url) })
        // Rules are named by kind and id; a change of an unknown one is no success either.
        if (answer.status !== 404 && answer.status !== 400) wrong.push(`${method} ${path}: ${answer.status}`)
      }
    }
    const manager = await world.as('manager')
    for (const { method, url, access } of named) {
      if (access.to !== 'role' || ['filtered', 'whole_hub', 'placeless'].includes(access.scope)) continue
      const body = exampleBody(method, url)
      const outside = await world.call(method, exampleUrl(world, url, 'b'), { as: manager, body })
      const nowhere = exampleUrl(world, url.replace(':id', 'none'), 'b')
      const missing = await world.call(method, nowhere, { as: manager, body })
      if (outside.status !== missing.status || JSON.stringify(outside.body) !== JSON.stringify(missing.body))
        wrong.push(`${method} ${url}: outside ${outside.status}, missing ${missing.status}`)
    }
    expect(wrong).toEqual([])
  })

  it('a token in an address lets nobody in: addresses are kept in logs and histories', async () => {
    const { token } = await world.ledger.tokens.create(
      { userId: world.users['admin'] ?? '', name: 'admin', address: 'test' },
      { name: 'x', expiresAt: null },
    )
    expect((await world.call('GET', '/me', { as: `Bearer ${token}` })).status).toBe(200)
    for (const name of ['token', 'access_token', 'auth', 'authorization', 'zhian', 'session', 'key'])
      for (const path of ['/me', '/alarms', '/users'])
        expect((await world.call('GET', `${path}?${name}=${encodeURIComponent(token)}`)).status).toBe(401)
  })

  it('paths: nothing outside the built pages is served, however the way out is written', async () => {
    const ways = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/%2e%2e%2fsecret.txt',
      '/..%5csecret.txt',
      '/assets/../../secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/assets/%252e%252e/%252e%252e/secret.txt',
      '/....//secret.txt',
      '//secret.txt',
      '/.env',
      '/%2eenv',
      `/${folder}/secret.txt`,
      '/assets/a.js%00.txt',
      '/api/v1/files/..%2f..%2fledger.db',
      '/m/..%2f..%2fsecret.txt',
    ]
    const as = await world.as('admin')
    for (const path of ways) {
      const answer = await raw(world.port, path, as)
      expect([path, answer.body.includes(SECRET), answer.body.startsWith('SQLite')]).toEqual([path, false, false])
      expect(answer.status).toBeLessThan(500)
    }
  })

  it('redirects: no answer sends a browser to another site', async () => {
    for (const path of [
      '//evil.example/',
      '//evil.example/%2e%2e',
      '/\\evil.example',
      '/%5cevil.example/',
      '/m?next=https://evil.example',
      '/signin?next=//evil.example',
      '/login?redirect=https://evil.example',
      '/m//evil.example',
    ]) {
      const { status, location } = await raw(world.port, path)
      expect([path, status >= 300 && status < 400 ? location : null]).toEqual([
        path,
        status >= 300 && status < 400 ? expect.stringMatching(/^\/(?![/\\])/) : null,
      ])
    }
  })

  it('exports: no cell of any table is a formula, whatever things and people are called', async () => {
    const hostile = ['=HYPERLINK("http://evil.example","x")', '+1+1', '-2+3', '@SUM(A1)', '\t=1', '＝1', ' =cmd|x']
    const { places, devices, rooms } = world.ledger
    for (const [n, name] of hostile.entries()) {
      const site = await places.createSite(CONSOLE, {
        name,
        area: `示范县/${name.replaceAll('/', '')}`,
        category: 'catering',
      })
      await devices.create(CONSOLE, { id: `HOSTILE-${n}`, kind: 'electricity', name, siteId: site.id })
      await rooms.create(CONSOLE, world.sites.a, { building: '', floor: 1, name: name.slice(0, 40) })
      const entry = world.entry({ alarmId: `hostile-${n}`, place: 'a', by: { id: 'u', name } })
      await world.commit({
        ...entry,
        transition: { ...entry.transition, alarm: { ...entry.transition.alarm, deviceName: name, place: [name] } },
      })
    }
    const { id } = await world.addUser('hostile', 'duty')
    await world.ledger.users.update(CONSOLE, id, { name: '=1+1' })
    const exports = routes.filter(({ method, url }) => method === 'GET' && url.endsWith('/export'))
    expect(exports.length).toBeGreaterThanOrEqual(4)
    const as = await world.as('admin')
    let hostileSeen = 0
    const paths = exports.flatMap(({ url }) => {
      const path = exampleUrl(world, url, 'a')
      return url.includes('/coverage/')
        ? ['missing', 'towns', 'installs'].map((what) => path.replace('missing', what))
        : [path]
    })
    for (const url of paths) {
      const answer = await world.call<string>('GET', url, { as })
      expect([url, answer.status, answer.headers.get('content-type')]).toEqual([
        url,
        200,
        expect.stringMatching(/^text\/csv; charset=utf-8/),
      ])
      expect(answer.headers.get('content-disposition')).toMatch(/^attachment/)
      const rows = parse(answer.body, { bom: true, relax_column_count: true }) as string[][]
      expect(rows.length).toBeGreaterThan(1)
      for (const cell of rows.flat()) {
        if (/^-?\d+(?:\.\d+)?$/.test(cell)) continue
        expect([url, cell]).toEqual([url, expect.not.stringMatching(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u)])
        if (cell.startsWith("'")) hostileSeen += 1
      }
    }
    expect(hostileSeen).toBeGreaterThan(hostile.length)
  })

  it('sockets: over both transports, nobody from another site, nobody who has not signed in, and no event before', async () => {
    const cookie = await world.as('duty')
    for (const transport of ['polling', 'websocket'] as const) {
      for (const [headers, admitted] of [
        [{ cookie, origin: world.base }, true],
        [{ cookie, origin: 'https://evil.example' }, false],
        [{ cookie, origin: 'null' }, false],
        [{ cookie, origin: world.base, 'sec-fetch-site': 'cross-site' }, false],
        [{ origin: world.base }, false],
        [{ cookie: 'zhian=guess', origin: world.base }, false],
      ] as [Record<string, string>, boolean][]) {
        const heard: string[] = []
        const client = io(world.base, {
          transports: [transport],
          upgrade: false,
          reconnection: false,
          forceNew: true,
          extraHeaders: headers,
        })
        client.onAny((event: string) => void heard.push(event))
        // Sent before anybody has said yes.
        client.emit('feed:resume', { cursor: null }, () => void heard.push('answer'))
        const outcome = await new Promise<boolean>((resolve) => {
          client.on('connect', () => resolve(true))
          client.on('connect_error', () => resolve(false))
        })
        expect([transport, headers, outcome]).toEqual([transport, headers, admitted])
        if (!admitted) expect(heard).toEqual([])
        client.close()
      }
    }
  })
})

/** As it is written: no client tidies the path. */
function raw(port: number, path: string, cookie = ''): Promise<{ status: number; location: string; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, headers: { cookie } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          location: answer.headers.location ?? '',
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      )
    })
    call.on('error', reject)
    call.end()
  })
}
