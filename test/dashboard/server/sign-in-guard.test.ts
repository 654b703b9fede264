// What guards sign-in: which passwords are taken, the second factor, and who is stopped by whose tries.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ErrorBody } from '../../../contract/errors.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { AuditRow } from '../../../contract/http/audit.ts'
import { ownGuardMemory } from '../../../dashboard/server/auth/guard-memory.ts'
import { SignInThrottle, groupOf } from '../../../dashboard/server/auth/sign-in-throttle.ts'
import { passwordFault } from '../../../dashboard/server/auth/password-policy.ts'
import { newRecoveryCodes, recoveryCodeOf, stepOfCode } from '../../../dashboard/server/auth/totp.ts'
import { PASSWORD, World } from './world.ts'
import type { Answer } from './world.ts'

/** A proxy that says from where each caller comes. */
const PROXIED = { trustedProxies: ['127.0.0.1'] }
const DESK = '192.0.2.10'
const ATTACKER = '203.0.113.66'

class Browser {
  readonly jar = new Map<string, string>()
  readonly world: World
  readonly address: string

  constructor(world: World, address: string) {
    this.world = world
    this.address = address
  }

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const headers = { 'x-forwarded-for': this.address, 'user-agent': 'Mozilla/5.0 (X11; Linux) Chrome/142.0.0.0' }
    const answer = await this.world.call<T>(method, path, { as: this.cookie, body, headers })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return answer
  }

  signIn(username: string, password: string, code?: string): Promise<Answer<ErrorBody & { id: string }>> {
    return this.call('POST', '/session', { username, password, ...(code === undefined ? {} : { code }) })
  }
}

const reasonOf = (answer: Answer<ErrorBody>) => answer.body.error.details?.['reason']

describe('a password', () => {
  it.each([
    ['password', 'lisi', 'password_common'],
    ['Password1', 'lisi', 'password_common'],
    ['1234567890', 'lisi', 'password_common'],
    ['QWERTYUIOP', 'lisi', 'password_common'],
    ['li.si2026', 'li.si', 'password_is_name'],
    ['LiSiLiSi', 'li.si', 'password_is_name'],
    ['zhian123', 'lisi', 'password_is_name'],
    ["Zhi'an-2026", 'lisi', 'password_is_name'],
    ['智安智安智安智安', 'lisi', 'password_is_name'],
    ['correct horse battery', 'lisi', null],
    ['zhian-demo', 'duty', null],
    ['long enough', 'lisi', null],
    ['槐荫社区 12 号的猫', 'lisi', null],
    ['000000001', 'zz', null],
  ])('%s of %s: %s', (password, username, fault) => {
    expect(passwordFault(password, username)).toBe(fault)
  })
})

describe('a code', () => {
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

  // RFC 6238, appendix B, SHA-1, cut to six digits.
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
  ])('at %d s is %s', (seconds, code) => {
    const step = Math.floor(seconds / 30)
    expect(stepOfCode(secret, code, seconds * 1000)).toBe(step)
    expect(stepOfCode(secret, ` ${code.slice(0, 3)} ${code.slice(3)} `, seconds * 1000)).toBe(step)
    expect(stepOfCode(secret, code, (seconds + 30) * 1000)).toBe(step)
    expect(stepOfCode(secret, code, (seconds - 30) * 1000)).toBe(step)
    expect(stepOfCode(secret, code, (seconds + 90) * 1000)).toBeNull()
    expect(stepOfCode(secret, code.slice(1), seconds * 1000)).toBeNull()
  })

  it('of recovery is unlike any other, and typed as one likes', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) {
      expect(code).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/)
      expect(recoveryCodeOf(` ${code.toUpperCase().replaceAll('-', ' ')}`)).toBe(code)
    }
    expect(recoveryCodeOf('123456')).toBeNull()
  })
})

describe('the throttle of sign-in', () => {
  it('counts an IPv6 address by its /64, an IPv4 address by itself', () => {
    expect(groupOf('203.0.113.66')).toBe('203.0.113.66')
    expect(groupOf('2001:db8:0:7::1')).toBe(groupOf('2001:0db8::7:ffff:1:2:3'))
    expect(groupOf('2001:db8:0:7::1')).not.toBe(groupOf('2001:db8:0:8::1'))
    expect(groupOf('fe80::1%eth0')).toBe(groupOf('fe80::2'))
    expect(groupOf('::1')).toBe('0:0:0:0::/64')
  })

  it('stops many addresses together at an account’s own limit, and no known browser with them', async () => {
    const throttle = new SignInThrottle(ownGuardMemory())
    const takes = async (address: string, known: string | null = null) =>
      (await throttle.takePassword({ username: 'duty', address, known }, 0)).ok
    let taken = 0
    for (let host = 0; host < 50; host++)
      for (let attempt = 0; attempt < 5; attempt++) taken += (await takes(`198.51.100.${host}`)) ? 1 : 0
    expect(taken).toBe(100)
    expect(await takes(DESK)).toBe(false)
    expect(await takes(DESK, 'browser a')).toBe(true)
    expect(await throttle.takePassword({ username: 'leader', address: DESK, known: null }, 0)).toMatchObject({
      ok: true,
    })
  })

  it('does not count a right password as a guess', async () => {
    const throttle = new SignInThrottle(ownGuardMemory())
    for (let i = 0; i < 500; i++) {
      const trier = { username: 'duty', address: `198.51.${i >> 8}.${i & 255}`, known: null }
      expect((await throttle.takePassword(trier, 0)).ok).toBe(true)
      await throttle.passwordRight(trier)
    }
  })
})

describe('nobody locks a duty desk out', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start(PROXIED)
  })
  afterAll(() => world.stop())

  const hammer = async (attacker: Browser, username: string) => {
    for (let i = 0; i < 5; i++) expect((await attacker.signIn(username, `guess ${i}`)).status).toBe(401)
    const stopped = await attacker.signIn(username, PASSWORD)
    expect(stopped.status).toBe(429)
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0)
  }

  it('who hammers an account from elsewhere stops themself and nobody else', async () => {
    await hammer(new Browser(world, ATTACKER), 'duty')
    expect((await new Browser(world, DESK).signIn('duty', PASSWORD)).status).toBe(200)
  })

  it('who hammers it from the desk’s own address does not stop the desk’s own browser, nor its open session', async () => {
    const desk = new Browser(world, DESK)
    expect((await desk.signIn('leader', PASSWORD)).status).toBe(200)
    const neighbour = new Browser(world, DESK)
    await hammer(neighbour, 'leader')
    // More from that address than it may try at all in a minute.
    let refused = 0
    for (let i = 0; i < 30; i++) refused += (await neighbour.signIn(`u${i}`, 'x')).status === 429 ? 1 : 0
    expect(refused).toBeGreaterThan(0)
    // The open session goes on, and the password-again dialog works.
    expect((await desk.call('GET', '/me')).status).toBe(200)
    expect((await desk.signIn('leader', PASSWORD)).status).toBe(200)
    // So it does with nothing but the session: one that was begun before browsers were known.
    desk.jar.delete('zhian-known')
    expect((await desk.signIn('leader', PASSWORD)).status).toBe(200)
    // Signed out, the browser is still known.
    expect((await desk.call('DELETE', '/session')).status).toBe(204)
    expect(desk.jar.has('zhian')).toBe(false)
    expect((await desk.signIn('leader', PASSWORD)).status).toBe(200)
    // A browser that was never here counts with the address.
    expect((await new Browser(world, DESK).signIn('leader', PASSWORD)).status).toBe(429)
  })

  it('a known browser has five tries of its own, for the accounts that it is known for', async () => {
    const desk = new Browser(world, '192.0.2.20')
    expect((await desk.signIn('manager', PASSWORD)).status).toBe(200)
    await desk.call('DELETE', '/session')
    for (let i = 0; i < 5; i++) expect((await desk.signIn('manager', `guess ${i}`)).status).toBe(401)
    expect((await desk.signIn('manager', PASSWORD)).status).toBe(429)
    // Elsewhere the account is as it was.
    expect((await new Browser(world, '192.0.2.21').signIn('manager', PASSWORD)).status).toBe(200)
    // For another account it is any browser.
    for (let i = 0; i < 5; i++) expect((await desk.signIn('warden', `guess ${i}`)).status).toBe(401)
    expect((await new Browser(world, '192.0.2.20').signIn('warden', PASSWORD)).status).toBe(429)
  })

  it('a planted cookie makes no browser known', async () => {
    const planted = new Browser(world, '192.0.2.30')
    planted.jar.set('zhian-known', 'planted')
    planted.jar.set('zhian', 'planted-too')
    expect((await planted.signIn('duty', PASSWORD)).status).toBe(200)
    expect(planted.jar.get('zhian-known')).not.toBe('planted')
    expect(planted.jar.get('zhian')).not.toBe('planted-too')
  })
})

describe('the second factor', () => {
  let world: World
  let hour = 0
  beforeAll(async () => {
    world = await World.start(PROXIED)
  })
  afterAll(() => world.stop())

  /** Each test an hour later than the one before, by a clock that stands still. */
  const at = (() => {
    const began = Date.now()
    return (ms: number) => (world.clock = () => began + hour * 3_600_000 + ms)
  })()
  const codeAt = (secret: string) => new TOTP({ secret }).generate({ timestamp: world.clock?.() as number })

  async function enrolled(username: string): Promise<{ browser: Browser; secret: string; codes: string[] }> {
    hour += 1
    at(0)
    const browser = new Browser(world, DESK)
    expect((await browser.signIn(username, PASSWORD)).status).toBe(200)
    const wrong = await browser.call<ErrorBody>('POST', '/second-factor', { password: 'not it' })
    expect(reasonOf(wrong)).toBe('wrong_password')
    const offer = await browser.call<{ secret: string; uri: string }>('POST', '/second-factor', { password: PASSWORD })
    expect(offer.status).toBe(201)
    const { secret, uri } = offer.body
    expect(uri).toContain(`secret=${secret}`)
    expect(decodeURIComponent(uri)).toContain(username)
    // In no file of the ledger: the key that opens it lies beside them.
    const files = readdirSync(world.directory, { withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.length).toBeGreaterThan(0)
    for (const { name } of files)
      expect([name, readFileSync(join(world.directory, name)).includes(secret)]).toEqual([name, false])
    // Begun is not in force.
    expect((await browser.call('GET', '/second-factor')).body).toEqual({ since: null, recoveryCodesLeft: 0 })
    expect(reasonOf(await browser.call<ErrorBody>('POST', '/second-factor/confirm', { code: '000000' }))).toBe(
      'code_wrong',
    )
    const confirmed = await browser.call<{ codes: string[] }>('POST', '/second-factor/confirm', {
      code: codeAt(secret),
    })
    expect(confirmed.status).toBe(200)
    expect((await browser.call('GET', '/second-factor')).body).toEqual({
      since: world.clock?.(),
      recoveryCodesLeft: 10,
    })
    return { browser, secret, codes: confirmed.body.codes }
  }

  it('is asked for after a right password only, and a code opens once', async () => {
    const { browser, secret } = await enrolled('duty')
    const other = new Browser(world, '192.0.2.77')
    const wrong = await other.signIn('duty', 'not it', codeAt(secret))
    const unknown = await other.signIn('nobody', 'not it')
    expect(wrong.body).toEqual(unknown.body)
    expect(reasonOf(wrong)).toBeUndefined()
    const asked = await other.signIn('duty', PASSWORD)
    expect(asked.status).toBe(401)
    expect(reasonOf(asked)).toBe('code_required')
    expect(other.jar.has('zhian')).toBe(false)
    // The code that turned it on is spent, and so is one that has opened; the step after it opens.
    expect(reasonOf(await other.signIn('duty', PASSWORD, codeAt(secret)))).toBe('code_wrong')
    at(60_000)
    const code = codeAt(secret)
    expect((await other.signIn('duty', PASSWORD, code)).status).toBe(200)
    expect(reasonOf(await new Browser(world, ATTACKER).signIn('duty', PASSWORD, code))).toBe('code_wrong')
    at(30_000)
    expect(reasonOf(await new Browser(world, ATTACKER).signIn('duty', PASSWORD, codeAt(secret)))).toBe('code_wrong')
    expect((await browser.call('POST', '/second-factor', { password: PASSWORD })).status).toBe(422)
  })

  it('codes are counted: ten, then nobody without a known browser guesses on', async () => {
    const { browser, secret } = await enrolled('leader')
    at(60_000)
    const attacker = new Browser(world, ATTACKER)
    for (let i = 0; i < 10; i++)
      expect(reasonOf(await attacker.signIn('leader', PASSWORD, `00000${i}`))).toBe('code_wrong')
    expect((await attacker.signIn('leader', PASSWORD, codeAt(secret))).status).toBe(429)
    // The leader's own browser is not stopped by that.
    expect((await browser.signIn('leader', PASSWORD, codeAt(secret))).status).toBe(200)
  })

  it('a recovery code opens once, an administrator takes the factor away, and all of it is audited without a secret', async () => {
    const { browser, secret, codes } = await enrolled('town')
    at(60_000)
    const lost = new Browser(world, '192.0.2.88')
    const [first = '', second = ''] = codes
    expect((await lost.signIn('town', PASSWORD, first.toUpperCase())).status).toBe(200)
    expect(reasonOf(await lost.signIn('town', PASSWORD, first))).toBe('code_wrong')
    expect((await browser.call('GET', '/second-factor')).body).toMatchObject({ recoveryCodesLeft: 9 })
    const admin = await world.newSession('admin')
    const path = `/users/${world.users['town']}`
    expect((await world.call('GET', path, { as: admin })).body).toMatchObject({ secondFactor: true })
    expect((await world.call('DELETE', `${path}/second-factor`, { as: await world.as('leader') })).status).toBe(403)
    expect((await world.call('DELETE', `${path}/second-factor`, { as: admin })).status).toBe(204)
    expect((await world.call('DELETE', `${path}/second-factor`, { as: admin })).status).toBe(404)
    expect((await world.call('GET', path, { as: admin })).body).toMatchObject({ secondFactor: false })
    expect((await lost.signIn('town', PASSWORD)).status).toBe(200)
    const { body } = await world.call<Page<AuditRow>>('GET', '/audit?limit=500', { as: admin })
    const actions = body.items.map(({ action }) => action)
    for (const action of ['second_factor.enabled', 'second_factor.recovered', 'second_factor.removed'])
      expect(actions).toContain(action)
    for (const secretly of [secret, first, second]) expect(JSON.stringify(body)).not.toContain(secretly)
  })

  it('ends with password and code, not with one of them', async () => {
    const { browser, secret } = await enrolled('manager')
    at(60_000)
    const end = (password: string, code: string) =>
      browser.call<ErrorBody>('POST', '/second-factor/end', { password, code })
    expect(reasonOf(await end('not it', codeAt(secret)))).toBe('wrong_password')
    expect(reasonOf(await end(PASSWORD, '000000'))).toBe('code_wrong')
    expect((await end(PASSWORD, codeAt(secret))).status).toBe(204)
    expect((await browser.call('GET', '/second-factor')).body).toEqual({ since: null, recoveryCodesLeft: 0 })
    expect((await new Browser(world, '192.0.2.99').signIn('manager', PASSWORD)).status).toBe(200)
    // A token does not change how its owner signs in.
    const token = await browser.call<{ token: string }>('POST', '/tokens', { name: 'x' })
    const as = `Bearer ${token.body.token}`
    expect((await world.call('POST', '/second-factor', { as, body: { password: PASSWORD } })).status).toBe(403)
  })

  it('a wrong password, an unknown name and a right password without its code cost the same', async () => {
    await enrolled('warden')
    const spent = { unknown: [] as number[], wrong: [] as number[], asked: [] as number[] }
    for (let round = 0; round < 5; round++) {
      hour += 1
      at(0)
      for (const kind of ['unknown', 'wrong', 'asked'] as const) {
        const from = new Browser(world, `198.51.100.${round}`)
        const before = process.cpuUsage()
        const answer = await from.signIn(
          kind === 'unknown' ? `nobody${round}` : 'warden',
          kind === 'asked' ? PASSWORD : 'not it',
        )
        const { user, system } = process.cpuUsage(before)
        spent[kind].push(user + system)
        expect([answer.status, reasonOf(answer)]).toEqual([401, kind === 'asked' ? 'code_required' : undefined])
      }
    }
    const median = (all: number[]) => all.toSorted((x, y) => x - y)[Math.floor(all.length / 2)] as number
    for (const kind of ['unknown', 'asked'] as const) {
      expect(median(spent[kind]) / median(spent.wrong)).toBeGreaterThan(0.55)
      expect(median(spent[kind]) / median(spent.wrong)).toBeLessThan(1.8)
    }
  })
})
