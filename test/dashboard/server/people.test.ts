// People come and go: invitations, where they are signed in, off-boarding; and the audit that tells of it.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditRow } from '../../../contract/http/audit.ts'
import type { ErrorBody } from '../../../contract/errors.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { User } from '../../../contract/http/people.ts'
import type { Handover, SignedInSession } from '../../../contract/http/sign-in.ts'
import { RHYTHM } from '../../../dashboard/server/options.ts'
import { browserWords } from '../../../dashboard/server/auth/browser-words.ts'
import { CONSOLE, PASSWORD, World, live, until } from './world.ts'

type Sessions = { items: SignedInSession[] }
interface Invitation {
  readonly code: string
  readonly endsAt: number
}
const NEW_PASSWORD = '槐树下的第三只猫'

let world: World
let admin: string
beforeAll(async () => {
  // At the true rhythm: what is within a second here is within a second on a hub.
  world = await World.start({ rhythm: RHYTHM })
  admin = await world.as('admin')
})
afterAll(() => world.stop())

const ok = async <T>(method: string, path: string, as: string, body?: unknown): Promise<T> => {
  const answer = await world.call<T>(method, path, { as, body })
  expect([method, path, answer.status, answer.status < 300]).toEqual([method, path, answer.status, true])
  return answer.body
}
const actions = async (): Promise<string[]> =>
  (await world.call<Page<AuditRow>>('GET', '/audit?limit=100', { as: admin })).body.items.map(({ action }) => action)

describe('sessions', () => {
  it('tell from where and in what; one is ended by its id, which opens nothing', async () => {
    const signIn = (userAgent: string) =>
      world.call('POST', '/session', {
        body: { username: 'landlord', password: PASSWORD },
        headers: { 'user-agent': userAgent },
      })
    const phone = await signIn('Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile/15E148 Safari/604.1')
    const desk = await signIn('Mozilla/5.0 (Windows NT 10.0) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0')
    const [onPhone, atDesk] = [phone, desk].map(({ headers }) => headers.getSetCookie()[0]?.split(';')[0] as string)
    const { items } = await ok<Sessions>('GET', '/sessions', atDesk as string)
    expect(items.map(({ browser, current }) => [browser, current])).toEqual(
      expect.arrayContaining([
        ['Edge 142 · Windows', true],
        ['Safari 19 · iOS', false],
      ]),
    )
    for (const one of items) {
      expect(one.address).toBe('127.0.0.1')
      expect((await world.call('GET', '/me', { as: `zhian=${one.id}` })).status).toBe(401)
    }
    const other = items.find(({ current }) => !current) as SignedInSession
    // Nobody else's.
    expect((await world.call('DELETE', `/sessions/${other.id}`, { as: await world.as('duty') })).status).toBe(404)
    expect((await world.call('DELETE', `/sessions/${other.id}`, { as: atDesk })).status).toBe(204)
    expect((await world.call('GET', '/me', { as: onPhone })).status).toBe(401)
    expect((await world.call('GET', '/me', { as: atDesk })).status).toBe(200)
    expect(await actions()).toContain('session.revoked')
  })

  it('all others are ended at once, this one goes on', async () => {
    const [one, two, three] = [
      await world.newSession('grid'),
      await world.newSession('grid'),
      await world.newSession('grid'),
    ]
    expect((await world.call('DELETE', '/sessions', { as: two })).status).toBe(204)
    const statuses = [one, two, three].map(async (as) => (await world.call('GET', '/me', { as })).status)
    expect(await Promise.all(statuses)).toEqual([401, 200, 401])
  })

  it('of a user are seen and ended by administrators only', async () => {
    const as = await world.newSession('installer')
    const path = `/users/${world.users['installer']}/sessions`
    expect((await world.call('GET', path, { as: await world.as('auditor') })).status).toBe(403)
    const { items } = await ok<Sessions>('GET', path, admin)
    expect(items.some(({ current }) => current)).toBe(false)
    await ok('DELETE', `${path}/${items[0]?.id}`, admin)
    expect((await world.call('GET', '/me', { as })).status).toBe(401)
    const again = await world.newSession('installer')
    await ok('DELETE', path, admin)
    expect((await world.call('GET', '/me', { as: again })).status).toBe(401)
    expect((await world.call('DELETE', '/users/nobody/sessions', { as: admin })).status).toBe(404)
  })

  const changes: readonly (readonly [string, (id: string, session: string) => Promise<unknown>])[] = [
    ['a revoked session', (id, session) => ok('DELETE', `/users/${id}/sessions/${session}`, admin)],
    ['a disabled user', (id) => ok('PATCH', `/users/${id}`, admin, { disabled: true })],
    ['a changed role', (id) => ok('PATCH', `/users/${id}`, admin, { role: 'landlord' })],
    ['a changed scope', (id) => ok('PATCH', `/users/${id}`, admin, { sites: [world.sites.b] })],
    ['an off-boarded user', (id) => ok('POST', `/users/${id}/off-board`, admin, { successorId: null, end: 'delete' })],
  ]
  it.each(changes)(
    'G9: the feed of %s ends within a second of the answer, and tells nothing more',
    async (what, change) => {
      const username = `leaver${changes.findIndex(([name]) => name === what)}`
      const { id } = await world.addUser(username, 'manager', { sites: [world.sites.a] })
      const cookie = await world.newSession(username)
      const { client } = await live(world, cookie)
      let endedAt: number | null = null
      const heard: string[] = []
      client.on('disconnect', () => (endedAt = performance.now()))
      client.on('alarm', ({ alarm }) => heard.push(alarm.id))
      const { items } = await ok<Sessions>('GET', `/users/${id}/sessions`, admin)
      await change(id, items[0]?.id as string)
      const answeredAt = performance.now()
      await world.commit(world.entry({ alarmId: `after ${what}`, place: 'a' }))
      await until(() => endedAt !== null)
      expect((endedAt as unknown as number) - answeredAt).toBeLessThan(1_000)
      expect(heard).toEqual([])
      // What is left of the session is what the change left.
      const status = (await world.call('GET', '/me', { as: cookie })).status
      expect(status).toBe(what === 'a changed scope' ? 200 : 401)
    },
  )

  it('knows browsers by their words and repeats nothing else', () => {
    expect(
      browserWords('Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile MicroMessenger/8.0'),
    ).toBe('WeChat 8 · Android')
    expect(browserWords('Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0')).toBe(
      'Firefox 145 · macOS',
    )
    expect(browserWords('<script>alert(1)</script>')).toBe('')
    expect(browserWords(undefined)).toBe('')
  })
})

describe('invitations', () => {
  it('make a person who has no password yet, and let them in once, by the code alone', async () => {
    const body = { username: 'zhao.liu', name: '赵六', role: 'manager', sites: [world.sites.a] }
    const user = await ok<User>('POST', '/users', admin, body)
    expect(user).toMatchObject({ activated: false, invitedUntil: null })
    for (const password of ['', ' ', 'null'])
      expect((await world.call('POST', '/session', { body: { username: 'zhao.liu', password } })).status).toBe(401)
    const path = `/users/${user.id}/invitation`
    expect((await world.call('POST', path, { as: await world.as('duty') })).status).toBe(403)
    const first = await ok<Invitation>('POST', path, admin)
    expect(first.endsAt - Date.now()).toBeGreaterThan(71 * 3_600_000)
    const second = await ok<Invitation>('POST', path, admin)
    const accept = (code: string, password?: string) =>
      world.call<ErrorBody & { accepted: boolean }>('POST', '/invitation', {
        body: { code, ...(password === undefined ? {} : { password }) },
      })
    // Invited again, the first link is worthless.
    expect((await accept(first.code, NEW_PASSWORD)).status).toBe(401)
    expect((await accept(second.code)).body).toMatchObject({ username: 'zhao.liu', name: '赵六', accepted: false })
    const common = await accept(second.code, 'password123')
    expect([common.status, common.body.error.details?.['reason']]).toEqual([400, 'password_common'])
    expect(common.body.error.message).toMatch(/请换一个.*Choose another/s)
    expect((await accept(second.code, NEW_PASSWORD)).body).toMatchObject({ accepted: true })
    expect((await accept(second.code, NEW_PASSWORD)).status).toBe(401)
    const signedIn = await world.call('POST', '/session', { body: { username: 'zhao.liu', password: NEW_PASSWORD } })
    expect(signedIn.body).toMatchObject({ username: 'zhao.liu', mustChangePassword: false })
    expect((await world.call<User>('GET', `/users/${user.id}`, { as: admin })).body).toMatchObject({
      activated: true,
      invitedUntil: null,
    })
    for (const action of ['user.invited', 'invitation.accepted']) expect(await actions()).toContain(action)
    // Only their hashes are kept.
    const files = readdirSync(world.directory, { withFileTypes: true }).filter((entry) => entry.isFile())
    for (const { name } of files)
      for (const { code } of [first, second])
        expect([name, readFileSync(join(world.directory, name)).includes(code)]).toEqual([name, false])
  })

  it('are withdrawn, end after 72 hours, and are nothing to somebody who is disabled', async () => {
    const invite = async (username: string) => {
      const user = await ok<User>('POST', '/users', admin, { username, name: username, role: 'duty' })
      return { user, code: (await ok<Invitation>('POST', `/users/${user.id}/invitation`, admin)).code }
    }
    const look = async (code: string) => (await world.call('POST', '/invitation', { body: { code } })).status
    const withdrawn = await invite('withdrawn')
    await ok('DELETE', `/users/${withdrawn.user.id}/invitation`, admin)
    expect(await look(withdrawn.code)).toBe(401)
    expect((await world.call('DELETE', `/users/${withdrawn.user.id}/invitation`, { as: admin })).status).toBe(404)
    const disabled = await invite('disabled')
    await ok('PATCH', `/users/${disabled.user.id}`, admin, { disabled: true })
    expect(await look(disabled.code)).toBe(401)
    expect((await world.call('POST', `/users/${disabled.user.id}/invitation`, { as: admin })).status).toBe(422)
    const late = await invite('late')
    expect(await look(late.code)).toBe(200)
    try {
      world.clock = () => Date.now() + 72 * 3_600_000
      expect(await look(late.code)).toBe(401)
    } finally {
      world.clock = undefined
    }
  })

  it('a credential in a URL opens nothing: URLs are in every log on the way', async () => {
    const { code } = await ok<Invitation>('POST', `/users/${world.users['wall']}/invitation`, admin)
    const { token } = await ok<{ token: string }>('POST', '/tokens', await world.as('manager'), { name: 'x' })
    const session = (await world.newSession('manager')).slice('zhian='.length)
    for (const query of [`token=${token}`, `access_token=${token}`, `session=${session}`, `zhian=${session}`])
      expect([query, (await world.call('GET', `/me?${query}`)).status]).toEqual([query, 401])
    expect((await world.call('POST', `/invitation?code=${code}`, { body: {} })).status).toBe(400)
    const refused = await new Promise<string>((resolve) => {
      const client = world.socket(undefined, { query: { token, zhian: session } })
      client.once('connect_error', (error) => resolve(error.message))
      client.once('hello', () => resolve('let in'))
    })
    expect(refused).toBe('unauthorized')
    // A page that carries it would pass it on to no other: there is no referrer.
    expect((await world.call('GET', '/me')).headers.get('referrer-policy')).toBe('no-referrer')
    expect(JSON.stringify(world.log)).not.toMatch(new RegExp(`${code}|${token}|${session}`))
  })
})

describe('off-boarding', () => {
  it('hands a manager’s houses to another, with sessions, tokens and invitation ended, in one step', async () => {
    const leaver = await world.addUser('leaving', 'manager', { sites: [world.sites.a], areas: [world.areaB] })
    const successor = await world.addUser('staying', 'manager', { sites: [world.sites.a] })
    const as = await world.newSession('leaving')
    const { token } = await ok<{ token: string }>('POST', '/tokens', as, { name: 'x' })
    const path = `/users/${leaver.id}`
    const preview = await ok<Handover>('GET', `${path}/handover`, admin)
    expect(preview).toMatchObject({ sites: 1, areas: 1, sessions: 1, tokens: 1 })
    expect(preview.successors.map(({ username }) => username)).toEqual(expect.arrayContaining(['staying', 'warden']))
    expect(preview.successors.map(({ username }) => username)).not.toContain('leaving')
    const offBoard = (body: unknown) =>
      world.call<ErrorBody & Handover>('POST', `${path}/off-board`, { as: admin, body })
    for (const successorId of [leaver.id, world.users['duty'], 'nobody'])
      expect((await offBoard({ successorId, end: 'disable' })).body.error.details).toEqual({
        reason: 'not_a_successor',
      })
    // What was refused has moved nothing.
    expect((await world.call<User>('GET', path, { as: admin })).body).toMatchObject({ disabled: false })
    const { client } = await live(world, await world.newSession('staying'))
    const cut = new Promise<void>((resolve) => client.once('disconnect', () => resolve()))
    expect((await offBoard({ successorId: successor.id, end: 'disable' })).body).toMatchObject({ sites: 1, areas: 1 })
    // The successor's screen comes back with what they look after now.
    await cut
    expect((await world.call<User>('GET', `/users/${successor.id}`, { as: admin })).body).toMatchObject({
      sites: [world.sites.a],
      areas: [world.areaB],
    })
    expect((await world.call<User>('GET', path, { as: admin })).body).toMatchObject({
      disabled: true,
      sites: [],
      areas: [],
    })
    expect((await world.call('GET', '/me', { as })).status).toBe(401)
    expect((await world.call('GET', '/me', { as: `Bearer ${token}` })).status).toBe(401)
    // What acted for them does not act again when they come back.
    await ok('PATCH', path, admin, { disabled: false })
    expect((await world.call('GET', '/me', { as: `Bearer ${token}` })).status).toBe(401)
    const rows = await world.call<Page<AuditRow>>('GET', `/audit?subject=user:${leaver.id}`, { as: admin })
    expect(rows.body.items.find(({ action }) => action === 'user.off_boarded')?.fields).toEqual([
      'disable',
      `successor=${successor.id}`,
    ])
    expect(await actions()).toContain('user.took_over')
  })

  it('needs a successor where leases run, and hands over those alone that run', async () => {
    const leaver = await world.addUser('with.leases', 'manager', { sites: [world.sites.a] })
    const successor = await world.addUser('for.leases', 'manager', { sites: [world.sites.a] })
    const lease = async (number: string) => {
      const { id } = await world.ledger.rooms.create(CONSOLE, world.sites.a, { building: '', floor: 8, name: number })
      const tenant = { name: '租客', phone: '13900000003', people: 1 }
      const body = { tenant, from: '2026-11-01', until: null, managerId: leaver.id, landlord: null }
      return world.ledger.leases.moveIn(CONSOLE, id, body)
    }
    const [running, over] = [await lease('801'), await lease('802')]
    await world.ledger.leases.moveOut(CONSOLE, over.id)
    const offBoard = (successorId: string | null) =>
      world.call<ErrorBody & Handover>('POST', `/users/${leaver.id}/off-board`, {
        as: admin,
        body: { successorId, end: 'delete' },
      })
    expect((await offBoard(null)).body.error.details).toEqual({ reason: 'needs_successor' })
    const deleted = await world.call<ErrorBody>('DELETE', `/users/${leaver.id}`, { as: admin })
    expect(deleted.body.error.details).toEqual({ reason: 'needs_successor' })
    // Disabling is for emergencies, and waits for nothing.
    await ok('PATCH', `/users/${leaver.id}`, admin, { disabled: true })
    expect((await offBoard(successor.id)).body).toMatchObject({ leases: 1 })
    const managerOf = async (id: string) => (await world.ledger.leases.get({ all: true }, id))?.manager?.id
    expect(await managerOf(running.id)).toBe(successor.id)
    expect(await managerOf(over.id)).not.toBe(successor.id)
  })

  it('keeps the last administrator', async () => {
    const path = `/users/${world.users['admin']}/off-board`
    const refused = await world.call<ErrorBody>('POST', path, { as: admin, body: { successorId: null, end: 'delete' } })
    expect(refused.body.error.details).toEqual({ reason: 'last_admin' })
    expect((await world.call('GET', '/me', { as: admin })).status).toBe(200)
  })
})

describe('users', () => {
  it('are searched by name and user name, and filtered by role', async () => {
    const names = async (query: string) =>
      (await ok<Page<User>>('GET', `/users?${query}`, admin)).items.map(({ username }) => username)
    expect(await names('role=auditor')).toEqual(['auditor'])
    expect(await names(`q=${encodeURIComponent('landlord 某')}`)).toEqual(['landlord'])
    expect(await names('q=LANDLORD')).toEqual(['landlord'])
    expect(await names('q=%25')).toEqual([])
    expect((await ok<Page<User>>('GET', '/users?role=auditor&limit=1', admin)).total).toBe(1)
  })
})

describe('the audit', () => {
  it('is filtered by time, actor, action and subject, with names looked up and never kept', async () => {
    const all = await ok<Page<AuditRow>>('GET', '/audit?limit=500', admin)
    const list = async (query: string) => (await ok<Page<AuditRow>>('GET', `/audit?limit=500&${query}`, admin)).items
    const of = (holds: (row: AuditRow) => boolean) => all.items.filter(holds).map(({ seq }) => seq)
    const seqs = async (query: string) => (await list(query)).map(({ seq }) => seq)
    const adminId = world.users['admin'] as string
    expect(await seqs(`actor=${adminId}`)).toEqual(of(({ actorId }) => actorId === adminId))
    expect(await seqs('action=session.')).toEqual(of(({ action }) => action.startsWith('session.')))
    expect(await seqs('action=user.off_boarded')).toEqual(of(({ action }) => action === 'user.off_boarded'))
    const middle = all.items[Math.floor(all.items.length / 2)]?.at as number
    expect(await seqs(`from=${middle}`)).toEqual(of(({ at }) => at >= middle))
    expect(await seqs(`to=${middle}`)).toEqual(of(({ at }) => at < middle))
    expect((await world.call('GET', '/audit?action=%25', { as: admin })).status).toBe(400)
    const off = all.items.find(({ action }) => action === 'user.off_boarded')
    expect(off?.actorName).toBe('admin 某')
    const created = await list(`subject=user:${world.users['duty']}`)
    expect(created.at(-1)).toMatchObject({ action: 'user.created', subjectName: 'duty 某', actorName: null })
    expect((await world.call('GET', '/audit', { as: await world.as('auditor') })).status).toBe(200)
  })

  it('is taken as a file within its filter; no cell is a formula, and the taking is in it', async () => {
    const name = '=HYPERLINK("http://evil")'
    const { id } = await world.addUser('formula', 'duty')
    await ok('PATCH', `/users/${id}`, admin, { name })
    const file = await world.call<string>('GET', `/audit/export?subject=user:${id}`, { as: admin })
    expect(file.status).toBe(200)
    expect(file.headers.get('content-type')).toContain('text/csv')
    expect(file.headers.get('content-disposition')).toMatch(/zhian-audit-\d{4}-\d\d-\d\d\.csv/)
    const lines = String(file.body).trim().split('\r\n')
    expect(lines.length).toBe(3)
    expect(lines[1]).toContain('user.updated')
    expect(file.body).not.toMatch(/(^|,)"?=HYPERLINK/m)
    expect(file.body).toContain(`"'=HYPERLINK(`)
    expect((await actions())[0]).toBe('audit.exported')
    expect((await world.call('GET', '/audit/export', { as: await world.as('duty') })).status).toBe(403)
  })
})
