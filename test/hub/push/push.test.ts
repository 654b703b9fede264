// The whole way from a committed transition to a telephone: a real ledger, a real push service on this machine.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Registry as Metrics } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { httpsSender } from '../../../hub/push/endpoint.ts'
import { Push } from '../../../hub/push/push.ts'
import { Vapid } from '../../../hub/push/vapid.ts'
import type { PushState } from '../../../contract/http/push.ts'
import { makeCertificate } from '../../support/certificate.ts'
import { PushService } from '../../support/push-service.ts'
import { World, until } from '../../dashboard/server/world.ts'

let folder: string
let service: PushService
let world: World
let push: Push
let close: () => void
const logged: string[] = []
let names = 0
/** As the ledger says, unless a test says otherwise. */
let managersFor: ConstructorParameters<typeof Push>[0]['managersFor'] = (alarm) =>
  world.ledger.leases.recipientsOf(alarm)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zhian-push-'))
  const files = makeCertificate(folder)
  service = new PushService(files)
  await service.start()
  world = new World()
  await world.ledger.start()
  await world.settle()
  const way = httpsSender({ mayCall: () => true, ca: files.cert })
  close = way.close
  push = new Push({
    records: world.ledger.push,
    vapid: await Vapid.of(world.ledger.settings, 'mailto:duty@example.org'),
    send: way.send,
    now: Date.now,
    log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
    metrics: new Metrics(),
    managersFor: (alarm) => managersFor(alarm),
    accepts: () => true,
  })
  world.source.transitions.add((committed) => push.heard(committed))
  await world.serve({}, { ...world.ports(), push })
})
afterAll(async () => {
  await push?.stop()
  close?.()
  await world?.stop()
  await service?.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  service.received.length = 0
})

/** A telephone signed in as that user. */
async function telephone(username: string) {
  const cookie = await world.newSession(username)
  const name = `${username}-${++names}`
  const browser = service.subscribe(name)
  const answer = await world.call('POST', '/push/subscriptions', { as: cookie, body: { ...browser, language: 'zh' } })
  expect(answer.status).toBe(204)
  return { cookie, browser, path: `/${name}` }
}
const forget = ({ cookie, browser }: Awaited<ReturnType<typeof telephone>>) =>
  world.call('DELETE', '/push/subscriptions', { as: cookie, body: { endpoint: browser.endpoint } })
const paths = () => service.received.map(({ path }) => path).toSorted()
let alarms = 0
const raise = (place: 'a' | 'b') => world.commit(world.entry({ alarmId: `push-${++alarms}`, place }))

describe('an alarm on its way to telephones', () => {
  it('G9: reaches those whose scope holds the place, encrypted for each, signed by this hub, with what it is and where', async () => {
    const [manager, landlord, warden] = [
      await telephone('manager'),
      await telephone('landlord'),
      await telephone('warden'),
    ]
    await raise('a')
    await until(() => service.received.length === 2)
    expect(paths()).toEqual([landlord.path, manager.path].toSorted())
    const [one] = service.received
    expect(one?.payload).toMatchObject({ alarmId: `push-${alarms}`, priority: 2 })
    expect(String(one?.payload['body'])).toContain('某某出租房')
    expect(one?.headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'high' })
    expect(Number(one?.headers['ttl'])).toBeGreaterThan(3_500)
    expect(one?.claims.sub).toBe('mailto:duty@example.org')
    expect(one?.claims.exp).toBeLessThanOrEqual(Date.now() / 1000 + 86_400)
    const { body: state } = await world.call<PushState>('GET', '/push', { as: manager.cookie })
    expect(one?.sender).toBe(state.key)
    await raise('b')
    await until(() => service.received.length === 3)
    expect(service.received.at(-1)?.path).toBe(warden.path)
    expect(service.problems).toEqual([])
    await Promise.all([manager, landlord, warden].map(forget))
  })

  it('is counted when it was sent and when the telephone says that it came; a receipt is its own user’s', async () => {
    const phone = await telephone('manager')
    const state = async () => (await world.call<PushState>('GET', '/push', { as: phone.cookie })).body
    const before = await state()
    await raise('a')
    await until(async () => (await state()).sent === before.sent + 1)
    const id = service.received.at(-1)?.payload['id'] as string
    const receive = (as: string, delivery: string) =>
      world.call('POST', '/push/received', { as, body: { id: delivery } })
    expect((await receive(await world.as('warden'), id)).status).toBe(404)
    expect((await receive(phone.cookie, 'no-such-delivery')).status).toBe(404)
    expect((await state()).received).toBe(before.received)
    for (let again = 0; again < 2; again++) expect((await receive(phone.cookie, id)).status).toBe(204)
    expect(await state()).toMatchObject({ subscriptions: 1, received: before.received + 1 })
    await forget(phone)
  })

  it('ends with the sign-in: sign-out, an administrator’s word, a disabled or deleted user', async () => {
    const actor = { userId: world.users['admin'] as string, name: 'admin', address: 'test' }
    await world.addUser('leaver', 'manager', { sites: [world.sites.a] })
    await world.addUser('left', 'manager', { sites: [world.sites.a] })
    const id = world.users['leaver'] as string
    const ends: [string, (phone: Awaited<ReturnType<typeof telephone>>) => Promise<unknown>][] = [
      ['leaver', ({ cookie }) => world.call('DELETE', '/session', { as: cookie })],
      ['leaver', () => world.ledger.sessions.endAllOf(actor, id)],
      ['leaver', () => world.ledger.users.update(actor, id, { passwordHash: 'another' })],
      ['leaver', () => world.ledger.users.update(actor, id, { disabled: true })],
      ['left', () => world.ledger.users.delete(actor, world.users['left'] as string)],
    ]
    for (const [user, end] of ends) {
      const phone = await telephone(user)
      expect(await world.ledger.push.subscriptions(Date.now(), world.users[user])).toHaveLength(1)
      await end(phone)
      expect(await world.ledger.push.subscriptions(Date.now(), world.users[user])).toEqual([])
    }
    const stays = await telephone('manager')
    await raise('a')
    await until(() => service.received.length === 1)
    expect(paths()).toEqual([stays.path])
    await forget(stays)
  })

  it('leaves out a moved user, a session whose time is over, and who asked for no more', async () => {
    const phone = await telephone('manager')
    const other = await telephone('landlord')
    await forget(other)
    expect(await world.ledger.push.subscriptions(Date.now() + 40 * 86_400_000)).toEqual([])
    const actor = { userId: world.users['admin'] as string, name: 'admin', address: 'test' }
    await world.ledger.users.update(actor, world.users['manager'] as string, { sites: [world.sites.b] })
    const stays = await telephone('landlord')
    await raise('a')
    await until(() => service.received.length === 1)
    expect(paths()).toEqual([stays.path])
    await world.ledger.users.update(actor, world.users['manager'] as string, { sites: [world.sites.a] })
    await Promise.all([phone, stays].map(forget))
  })

  it('goes to whoever signed in last on a telephone, and forgets one that the push service knows no longer', async () => {
    const first = await telephone('manager')
    const cookie = await world.newSession('warden')
    await world.call('POST', '/push/subscriptions', { as: cookie, body: first.browser })
    expect(await world.ledger.push.subscriptions(Date.now(), world.users['manager'])).toEqual([])
    service.answers.push({ status: 410 })
    await raise('b')
    await until(async () => (await world.ledger.push.subscriptions(Date.now(), world.users['warden'])).length === 0)
  })

  it('of a room with people in it goes to their manager alone; if that cannot be read, to every manager of the place', async () => {
    await world.addUser('second', 'manager', { sites: [world.sites.a] })
    const phones = [await telephone('manager'), await telephone('second'), await telephone('landlord')] as const
    const [first, second, landlord] = phones
    const asBefore = managersFor
    managersFor = async () => [world.users['second'] as string]
    await raise('a')
    await until(() => service.received.length === 2)
    expect(paths()).toEqual([landlord.path, second.path].toSorted())
    managersFor = () => Promise.reject(new Error('the ledger is busy'))
    await raise('a')
    await until(() => service.received.length === 5)
    expect(paths().filter((path) => path === first.path)).toHaveLength(1)
    managersFor = asBefore
    await Promise.all(phones.map(forget))
  })

  it('is tried as a trial by the person alone', async () => {
    const [own, other] = [await telephone('manager'), await telephone('landlord')]
    const { body } = await world.call('POST', '/push/trial', { as: own.cookie })
    expect(body).toEqual({ telephones: 1 })
    await until(() => service.received.length === 1)
    expect(paths()).toEqual([own.path])
    expect(service.received[0]?.payload).toMatchObject({ alarmId: null })
    await Promise.all([own, other].map(forget))
  })

  it('never shows an endpoint or the key in a log', () => {
    expect(logged.join('')).not.toMatch(/https:|localhost|MIGHAgEA/)
  })
})

describe('who may subscribe', () => {
  it('is a person signed in on the telephone, with an address that may be called', async () => {
    const body = service.subscribe('anybody')
    for (const user of ['installer', 'auditor', 'wall'])
      expect((await world.call('POST', '/push/subscriptions', { as: await world.as(user), body })).status).toBe(403)
    const refusing = world.ports()
    await world.stopServing()
    await world.serve({}, refusing)
    const as = await world.as('manager')
    const post = (endpoint: string, more = {}) =>
      world.call('POST', '/push/subscriptions', { as, body: { ...body, endpoint, ...more } })
    expect((await post('https://127.0.0.1/x')).status).toBe(400)
    expect((await post('http://push.example.org/x')).status).toBe(400)
    expect((await post('https://push.example.org/x', { userId: world.users['warden'] })).status).toBe(400)
    expect((await post('https://push.example.org/x')).status).toBe(204)
  })
})
