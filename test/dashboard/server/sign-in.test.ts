import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD, World } from './world.ts'

interface ErrorAnswer {
  error: { code: string; message: string; details?: Record<string, unknown> }
}

describe('sign-in', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.stop())

  const signIn = (username: string, password: string, headers: Record<string, string> = {}) =>
    world.call<ErrorAnswer & { id: string }>('POST', '/session', { body: { username, password }, headers })
  const cookieOf = (headers: Headers) => headers.getSetCookie()[0]?.split(';')[0] as string

  it('sets an http-only, same-site cookie that opens the API, and sign-out closes it', async () => {
    const answer = await signIn('duty', PASSWORD)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      username: 'duty',
      role: 'duty',
      scope: { all: true },
      mustChangePassword: false,
    })
    const line = answer.headers.getSetCookie()[0] as string
    expect(line).toMatch(/^zhian=/)
    expect(line).toContain('HttpOnly')
    expect(line).toContain('SameSite=Strict')
    expect(line).not.toContain('Secure')
    const as = cookieOf(answer.headers)
    expect((await world.call('GET', '/me', { as })).status).toBe(200)
    expect((await world.call('DELETE', '/session', { as })).status).toBe(204)
    expect((await world.call<ErrorAnswer>('GET', '/me', { as })).body.error.code).toBe('unauthorized')
  })

  it('session fixation: makes a new session id at each sign-in and ignores the one it was given', async () => {
    const planted = 'zhian=planted-by-someone-else'
    const answer = await world.call('POST', '/session', { as: planted, body: { username: 'duty', password: PASSWORD } })
    expect(cookieOf(answer.headers)).not.toBe(planted)
    expect((await world.call('GET', '/me', { as: planted })).status).toBe(401)
  })

  it('answers an unknown user and a wrong password alike', async () => {
    const wrong = await signIn('warden', 'not it at all')
    const unknown = await signIn('nobody-here', 'not it at all')
    expect(wrong.status).toBe(401)
    expect(unknown.body).toEqual(wrong.body)
  })

  it('refuses what is not a sign-in', async () => {
    const extra = await world.call<ErrorAnswer>('POST', '/session', {
      body: { username: 'a', password: 'b', role: 'admin' },
    })
    expect(extra.status).toBe(400)
    expect(extra.body.error.code).toBe('invalid')
    const broken = await world.call<ErrorAnswer>('POST', '/session', {
      headers: { 'content-type': 'application/json' },
    })
    expect(broken.status).toBe(400)
  })

  it('takes five tries an account in 15 minutes, and never signs out who is in', async () => {
    const inside = await world.as('manager')
    for (let i = 0; i < 5; i++) expect((await signIn('manager', `wrong ${i}`)).status).toBe(401)
    const locked = await signIn('manager', PASSWORD)
    expect(locked.status).toBe(429)
    expect(locked.body.error.code).toBe('rate_limited')
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await world.call('GET', '/me', { as: inside })).status).toBe(200)
    world.clock = () => Date.now() + 15 * 60_000
    expect((await signIn('manager', PASSWORD)).status).toBe(200)
    world.clock = undefined
  })

  it('audits a refused sign-in without the name that was typed', async () => {
    await signIn('my-secret-typed-as-a-name', 'x')
    const { items } = await world.ledger.audit.list({ limit: 20 })
    expect(items.some((row) => row.action === 'session.refused')).toBe(true)
    expect(JSON.stringify(items)).not.toContain('my-secret-typed')
  })

  it('lets someone with a first password only change it', async () => {
    const user = await world.addUser('fresh', 'manager', { sites: [world.sites.a], mustChange: true })
    const as = await world.newSession('fresh')
    const refused = await world.call<ErrorAnswer>('GET', '/alarms', { as })
    expect(refused.status).toBe(403)
    expect(refused.body.error.details).toEqual({ reason: 'password_change_required' })
    expect((await world.call('GET', '/me', { as })).body).toMatchObject({ mustChangePassword: true })
    const wrong = await world.call<ErrorAnswer>('POST', '/password', {
      as,
      body: { current: 'no', next: 'a new long one' },
    })
    expect(wrong.body.error.details).toEqual({ reason: 'wrong_password' })
    const short = await world.call('POST', '/password', { as, body: { current: PASSWORD, next: 'short' } })
    expect(short.status).toBe(400)
    const changed = await world.call('POST', '/password', { as, body: { current: PASSWORD, next: 'a new long one' } })
    expect(changed.body).toMatchObject({ id: user.id, mustChangePassword: false })
    expect((await world.call('GET', '/me', { as })).status).toBe(401)
    expect((await world.call('GET', '/alarms', { as: cookieOf(changed.headers) })).status).toBe(200)
  })

  it('ends sessions by role: an idle admin after 30 minutes, a duty desk only for acts after 26 hours', async () => {
    await world.raiseThree()
    const admin = await world.newSession('admin')
    const duty = await world.newSession('duty')
    const began = Date.now()
    try {
      world.clock = () => began + 31 * 60_000
      expect((await world.call('GET', '/me', { as: admin })).status).toBe(401)
      // The desk's feed, or its requests, keep it from idling.
      for (let hour = 1; hour <= 27; hour++) {
        world.clock = () => began + hour * 3_600_000
        expect((await world.call('GET', '/alarms', { as: duty })).status).toBe(200)
      }
      const act = await world.call<ErrorAnswer>('POST', `/alarms/${world.alarms.a}/comment`, {
        as: duty,
        body: { text: '好' },
      })
      expect(act.status).toBe(401)
      expect(act.body.error.details).toEqual({ reason: 'session_ended' })
    } finally {
      world.clock = undefined
    }
  })
})

describe('sign-in over time', () => {
  it('does as much work for a name nobody has as for a wrong password', async () => {
    const world = await World.start()
    try {
      // Processor time of the whole process, hashing threads included: what a busy machine does besides does not count.
      const spent = { unknown: [] as number[], wrong: [] as number[] }
      for (let round = 0; round < 5; round++) {
        for (const kind of ['unknown', 'wrong'] as const) {
          const before = process.cpuUsage()
          const body = { username: kind === 'wrong' ? 'duty' : `nobody${round}`, password: 'not it' }
          expect((await world.call('POST', '/session', { body })).status).toBe(401)
          const { user, system } = process.cpuUsage(before)
          spent[kind].push(user + system)
        }
      }
      const median = (all: number[]) => all.toSorted((x, y) => x - y)[Math.floor(all.length / 2)] as number
      const ratio = median(spent.unknown) / median(spent.wrong)
      expect(ratio).toBeGreaterThan(0.6)
      expect(ratio).toBeLessThan(1.7)
    } finally {
      await world.stop()
    }
  })

  it('takes twenty tries a minute from one address', async () => {
    const world = await World.start()
    try {
      const statuses: number[] = []
      for (let i = 0; i < 21; i++)
        statuses.push((await world.call('POST', '/session', { body: { username: `u${i}`, password: 'x' } })).status)
      expect(statuses.slice(0, 20).every((status) => status === 401)).toBe(true)
      expect(statuses[20]).toBe(429)
    } finally {
      await world.stop()
    }
  })
})

describe('set-up', () => {
  it('makes the first administrator once, by the printed code only', async () => {
    const world = new World()
    await world.ledger.start()
    await world.serve({ setupCode: 'the-printed-code' })
    try {
      const setUp = (code: string) => world.call('POST', '/setup', { body: { code, password: PASSWORD } })
      expect((await setUp('guess')).status).toBe(401)
      const made = await setUp('the-printed-code')
      expect(made.status).toBe(201)
      expect(made.body).toMatchObject({ username: 'admin', role: 'admin' })
      const as = made.headers.getSetCookie()[0]?.split(';')[0]
      expect((await world.call('GET', '/users', { as })).status).toBe(200)
      const again = await setUp('the-printed-code')
      expect(again.status).toBe(422)
      expect(again.body).toMatchObject({ error: { code: 'refused', details: { reason: 'already_set_up' } } })
    } finally {
      await world.stop()
    }
  })
})
