// What every answer has in common: headers, errors, who may call from where, the pages, the description of the API.
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ErrorBody } from '../../../contract/errors.ts'
import { createDashboard } from '../../../dashboard/server/dashboard.ts'
import { World } from './world.ts'

/** As fetch, but nothing is normalised: the path goes out as it is. */
function rawGet(port: number, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string; headers: Record<string, string | string[] | undefined> }>(
    (resolve, reject) => {
      const request = httpRequest({ port, path, headers, host: '127.0.0.1' }, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
      })
      request.on('error', reject)
      request.end()
    },
  )
}

describe('the door of HTTP', () => {
  let world: World
  let duty: string
  beforeAll(async () => {
    world = new World()
    const web = join(world.directory, 'web')
    mkdirSync(join(web, 'assets'), { recursive: true })
    writeFileSync(join(web, 'index.html'), '<!doctype html><title>智安</title>')
    writeFileSync(join(web, 'assets', 'app-1a2b3c.js'), `console.log(${JSON.stringify('x'.repeat(5000))})`)
    writeFileSync(join(web, '.secret'), 'no')
    writeFileSync(join(world.directory, 'outside.txt'), 'no')
    await world.ledger.start()
    await world.settle()
    await world.raiseThree()
    await world.serve({ webRoot: web })
    duty = await world.as('duty')
  })
  afterAll(() => world.stop())

  describe('pages', () => {
    it('serves the page for every path of the application, with a policy that admits nothing foreign', async () => {
      for (const path of ['/', '/devices', '/alarms/some-id', '/设备']) {
        const page = await rawGet(world.port, encodeURI(path), { accept: 'text/html' })
        expect(page.status).toBe(200)
        expect(page.body).toContain('<title>智安</title>')
        expect(page.headers['content-type']).toContain('text/html')
        expect(page.headers['cache-control']).toContain('max-age=0')
        const policy = String(page.headers['content-security-policy'])
        expect(policy).toContain("default-src 'self'")
        expect(policy).toContain("frame-ancestors 'none'")
        expect(policy).not.toMatch(/unsafe|\*|https?:/)
        expect(page.headers['x-content-type-options']).toBe('nosniff')
        expect(page.headers['x-frame-options']).toBe('DENY')
        expect(page.headers['referrer-policy']).toBe('no-referrer')
      }
    })

    it('serves assets compressed and for ever', async () => {
      const asset = await rawGet(world.port, '/assets/app-1a2b3c.js', { 'accept-encoding': 'br' })
      expect(asset.status).toBe(200)
      expect(asset.headers['cache-control']).toContain('immutable')
      expect(asset.headers['content-encoding']).toBe('br')
      expect((await rawGet(world.port, '/assets/gone-1a2b3c.js')).status).toBe(404)
    })

    it.each([
      '/../outside.txt',
      '/assets/../../outside.txt',
      '/%2e%2e/outside.txt',
      '/..%2foutside.txt',
      '/.secret',
      '/assets/%00',
    ])('never leaves its folder: %s', async (path) => {
      const answer = await rawGet(world.port, path)
      expect(answer.body).not.toBe('no')
    })
  })

  describe('errors', () => {
    it.each([
      ['GET', '/api/v1/nothing', 404, 'not_found'],
      ['GET', '/api/nothing', 404, 'not_found'],
      ['POST', '/api/v1/me', 404, 'not_found'],
      ['GET', '/api/v1/me', 401, 'unauthorized'],
    ])('%s %s answers %i as JSON', async (method, path, status, code) => {
      const answer = await world.call<ErrorBody>(method, path)
      expect(answer.status).toBe(status)
      expect(answer.body.error.code).toBe(code)
      expect(answer.headers.get('content-type')).toContain('application/json')
    })

    it('answers broken JSON, another media type and prototype keys with what is wrong, not with a stack', async () => {
      const send = async (body: string, type: string) => {
        const response = await fetch(`${world.base}/api/v1/session`, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
        })
        return { status: response.status, text: await response.text() }
      }
      for (const [body, type] of [
        ['{"username":', 'application/json'],
        ['{"username":"a","password":"b","__proto__":{"x":1}}', 'application/json'],
        ['{"username":"a","password":"b","constructor":{"prototype":{"x":1}}}', 'application/json'],
        ['username=a', 'application/x-www-form-urlencoded'],
        ['[]', 'application/json'],
        ['null', 'application/json'],
      ] as const) {
        const { status, text } = await send(body, type)
        expect([status, (JSON.parse(text) as ErrorBody).error.code]).toEqual([400, 'invalid'])
        expect(text).not.toMatch(/\.ts|node_modules|at /)
      }
      expect(({} as { x?: number }).x).toBeUndefined()
    })

    it('refuses a body larger than it takes', async () => {
      const answer = await world.call<ErrorBody>('POST', '/session', {
        body: { username: 'x'.repeat(600_000), password: '' },
      })
      expect(answer.status).toBe(413)
      expect(answer.body.error.code).toBe('too_large')
    })

    it('keeps what went wrong inside to itself and writes it to the log', async () => {
      const broken = await World.start()
      try {
        const as = await broken.as('admin')
        await broken.ledger.stop()
        const answer = await broken.call<ErrorBody>('GET', '/devices', { as })
        expect([500, 503]).toContain(answer.status)
        expect(['internal', 'unavailable']).toContain(answer.body.error.code)
        expect(JSON.stringify(answer.body)).not.toMatch(/sqlite|stack|\.ts/i)
        expect(broken.log.some(({ line }) => line === 'request failed')).toBe(true)
      } finally {
        await broken.stop()
      }
    })
  })

  describe('cross-site calls', () => {
    const act = (headers: Record<string, string>, as = duty) =>
      world.call<ErrorBody>('POST', '/alarms/alarm-a/comment', { as, headers, body: { text: '测试' } })

    it('refuses a change that a foreign page makes with our cookie', async () => {
      const foreign: Record<string, string>[] = [
        { origin: 'http://evil.example' },
        { origin: 'null' },
        { origin: `http://127.0.0.1:${world.port + 1}` },
        { origin: world.base.replace('http:', 'https:') },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', origin: world.base },
      ]
      for (const headers of foreign) {
        const answer = await act(headers)
        expect(answer.status).toBe(403)
        expect(answer.body.error.details).toEqual({ reason: 'cross_site' })
      }
      expect(world.acts).toEqual([])
    })

    it('takes it from our own page, from no browser, and by a bearer token', async () => {
      expect((await act({ origin: world.base, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
      expect((await act({})).status).toBe(200)
      const { body } = await world.call<{ token: string }>('POST', '/tokens', { as: duty, body: {} })
      expect((await act({ origin: 'http://evil.example' }, `Bearer ${body.token}`)).status).toBe(200)
    })

    it('refuses a foreign sign-in and set-up, which would put a page into another’s session', async () => {
      for (const path of ['/session', '/setup']) {
        const answer = await world.call('POST', path, {
          headers: { origin: 'http://evil.example' },
          body: { username: 'duty', code: 'x', password: 'x' },
        })
        expect(answer.status).toBe(403)
      }
    })

    it('lets no other origin read an answer', async () => {
      const answer = await world.call('GET', '/alarms', { as: duty, headers: { origin: 'http://evil.example' } })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    })
  })

  describe('operation', () => {
    it('answers health and readiness to anyone', async () => {
      expect((await rawGet(world.port, '/healthz')).status).toBe(200)
      expect((await rawGet(world.port, '/readyz')).status).toBe(200)
      world.ready = false
      const not = await rawGet(world.port, '/readyz')
      world.ready = true
      expect([not.status, not.body]).toEqual([503, '{"ok":false,"parts":{"store":false}}'])
    })

    it('gives metrics to this machine and to administrators, not through a proxy to anyone', async () => {
      expect((await rawGet(world.port, '/metrics')).body).toContain('zhian_feed_sockets')
      const through = { 'x-forwarded-for': '203.0.113.9' }
      expect((await rawGet(world.port, '/metrics', through)).status).toBe(401)
      expect((await rawGet(world.port, '/metrics', { ...through, cookie: duty })).status).toBe(403)
      expect((await rawGet(world.port, '/metrics', { ...through, cookie: await world.as('admin') })).status).toBe(200)
    })
  })

  describe('OpenAPI', () => {
    interface Operation {
      parameters?: { in: string; name: string; required?: boolean; schema?: object }[]
      requestBody?: { content: Record<string, { schema?: object }> }
      responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>
      security?: object[]
    }
    interface Description {
      openapi: string
      info: { title: string; version: string }
      paths: Record<string, Record<string, Operation>>
      components: Record<string, Record<string, unknown>>
    }

    it('describes every route, with parameters, bodies, answers and who may call', async () => {
      const { body: api } = await world.call<Description>('GET', '/api/openapi.json')
      expect(api.openapi).toMatch(/^3\.1\./)
      expect(api.info.version).toBe('0.0.0-test')
      const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
      )
      expect(operations.length).toBeGreaterThan(38)
      for (const { name, path, operation } of operations) {
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
        const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
        expect(
          declared.map((parameter) => parameter.name),
          name,
        ).toEqual(inPath)
        expect(
          declared.every((parameter) => parameter.required === true),
          name,
        ).toBe(true)
        expect(operation.parameters?.every((parameter) => parameter.schema !== undefined) ?? true, name).toBe(true)
        expect(
          Object.keys(operation.responses).some((status) => status.startsWith('2')),
          name,
        ).toBe(true)
        expect(
          Object.values(operation.responses).every((answer) => typeof answer.description === 'string'),
          name,
        ).toBe(true)
        expect(Array.isArray(operation.security), name).toBe(true)
        if (name.startsWith('get')) expect(operation.requestBody, name).toBeUndefined()
      }
      const named = operations.map(({ name }) => name)
      for (const name of [
        'post /api/v1/session',
        'post /api/v1/devices/import',
        'get /api/v1/devices/{id}/readings',
        'post /api/v1/alarms/{id}/ack',
        'get /api/v1/counters',
        'put /api/v1/rules/{kind}/{id}',
      ])
        expect(named).toContain(name)
      const text = JSON.stringify(api)
      for (const [, pointer] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
        const parts = (pointer as string).replace('#/', '').split('/')
        const target = parts.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], api)
        expect(target, pointer).toBeDefined()
      }
      expect(JSON.stringify(api.paths['/api/v1/devices/import'])).toContain('text/csv')
    })
  })
})

describe('behind a proxy', () => {
  it('believes only the proxies it trusts', async () => {
    const forwarded = {
      'x-forwarded-for': '198.51.100.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'hub.example',
    }
    for (const trusted of [false, true]) {
      const world = new World()
      await world.ledger.start()
      await world.settle()
      await world.serve({ trustedProxies: trusted ? ['127.0.0.0/8'] : [] })
      try {
        const signedIn = await world.call('POST', '/session', {
          body: { username: 'duty', password: 'correct horse battery' },
          headers: { ...forwarded, origin: trusted ? 'https://hub.example' : world.base },
        })
        expect(signedIn.status).toBe(200)
        const cookie = signedIn.headers.getSetCookie()[0] as string
        const { items } = await world.ledger.audit.list({ limit: 5 })
        if (trusted) {
          expect(cookie).toMatch(/^__Host-zhian=.*; Secure/)
          expect(items.some((row) => row.address === '198.51.100.7')).toBe(true)
        } else {
          expect(cookie).toMatch(/^zhian=/)
          expect(items.some((row) => row.address === '198.51.100.7')).toBe(false)
        }
      } finally {
        await world.stop()
      }
    }
  })

  it('does not start with a trusted proxy that is no address', async () => {
    const world = new World()
    await world.ledger.start()
    await expect(world.serve({ trustedProxies: ['10.0.0.0/33'] })).rejects.toThrow('10.0.0.0/33')
    await world.stop()
  })
})

describe('starting and stopping', () => {
  it('says when the port is taken, stops twice, and answers what was asked before', async () => {
    const world = await World.start()
    try {
      await expect(createDashboard(world.options({ port: world.port }), world.ports()).start()).rejects.toMatchObject({
        code: 'EADDRINUSE',
      })
      await createDashboard(world.options(), world.ports()).stop()
      const as = await world.as('admin')
      const begun = new Promise<void>((resolve) => world.onSeries(resolve))
      const asked = world.call('GET', '/devices/DEV-A/readings?metric=battery&from=0&to=10', { as })
      await begun
      const stopped = Promise.all([world.dashboard?.stop(), world.dashboard?.stop()])
      expect((await asked).status).toBe(200)
      await stopped
      await expect(fetch(world.base)).rejects.toThrow()
    } finally {
      await world.stop()
    }
  })

  it('closes a connection that sends nothing, or its headers drop by drop', async () => {
    const world = await World.start()
    try {
      const closed = ['', 'GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Slow: '].map(
        (opening) =>
          new Promise<void>((resolve) => {
            const socket = connect(world.port, '127.0.0.1', () => socket.write(opening))
            const drip = setInterval(() => socket.write(opening === '' ? '' : 'x'), 500)
            socket.on('error', () => {})
            socket.on('data', () => {})
            socket.on('close', () => {
              clearInterval(drip)
              resolve()
            })
          }),
      )
      await Promise.all(closed)
    } finally {
      await world.stop()
    }
  })
})
