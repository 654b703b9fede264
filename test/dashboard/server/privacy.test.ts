// What is owed to a person about their data: given whole, erased for good, and the audit's chain verifies afterwards (G8).
import type { Command } from '../../../contract/http/commands.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ErasedPerson, FoundPerson, PersonPackage } from '../../../contract/http/privacy.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { Lease } from '../../../contract/http/rentals.ts'
import { ERASED_NAME, withoutName } from '../../../records/erasures.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { PNG } from './pictures.ts'
import { CONSOLE, World } from './world.ts'

describe('personal data', () => {
  let world: World
  let room = ''
  beforeAll(async () => {
    world = await World.start()
    room = (await world.ledger.rooms.create(CONSOLE, world.sites.a, { building: '', floor: 2, name: '205' })).id
  })
  afterAll(() => world.stop())

  const as = (user = 'admin') => world.as(user)
  const find = async (q: string) =>
    (await world.call<Page<FoundPerson>>('GET', `/privacy/people?q=${encodeURIComponent(q)}`, { as: await as() })).body
      .items
  const given = async (ref: string) =>
    (await world.call<PersonPackage>('GET', `/privacy/person?ref=${ref}`, { as: await as() })).body
  const erase = async (ref: string, body: object = {}) =>
    world.call<ErasedPerson>('POST', '/privacy/erase', {
      as: await as(),
      body: { ref, reason: 'requested', confirm: '删除', ...body },
    })
  const moveIn = (name: string, phone: string): Promise<Lease> =>
    world.ledger.leases.moveIn(CONSOLE, room, {
      tenant: { name, phone, people: 1 },
      from: '2026-01-01',
      until: null,
      landlord: { name: '房东钱某', phone: '13800000077' },
    })
  const rowsOf = ({ sections }: PersonPackage, name: string) => sections.find((one) => one.name === name)?.rows ?? []
  it('of a tenant is given whole, kept while they live there, and erased afterwards', async () => {
    const lease = await moveIn('租客赵某', '13800000031')
    const file = { subject: `room:${room}`, name: '合同.png', type: 'image/png', content: PNG } as const
    const { id: fileId } = await world.ledger.files.add(CONSOLE, file)
    const ref = `lease:${lease.id}`
    expect(await find('赵某')).toMatchObject([{ ref, type: 'lease', name: '租客赵某', about: '槐荫 12 号 205' }])
    expect((await find('138-0000-0031')).map((one) => one.ref)).toEqual([ref])
    expect((await find('138-0000-0031'))[0]?.kept).toBe('current_lease')
    await world.ledger.leases.disclose({ ...CONSOLE, userId: world.users['duty'] ?? '' }, lease.id)

    const whole = await given(ref)
    expect(rowsOf(whole, 'lease')[0]).toMatchObject({
      tenant_name: '租客赵某',
      tenant_phone: '13800000031',
      room: '205',
    })
    expect(rowsOf(whole, 'audit').map(({ actor_id }) => actor_id)).toContain(world.users['duty'])
    expect(rowsOf(whole, 'files')).toMatchObject([{ id: fileId }])

    const early = await erase(ref)
    expect([early.status, JSON.stringify(early.body)]).toEqual([422, expect.stringMatching(/current_lease/)])
    await world.ledger.leases.moveOut(CONSOLE, lease.id)
    const erased = await erase(ref)
    expect(erased.body).toMatchObject({ fields: ['tenant.name', 'tenant.phone'], files: [{ id: fileId }] })
    expect(await find('赵某')).toEqual([])
    expect((await world.ledger.leases.get(EVERYTHING, lease.id))?.tenant).toMatchObject({ name: null, phone: null })
    expect((await erase(ref)).status).toBe(404)
  })

  it('of a user stays while they can sign in; then the name goes everywhere, the acts stay, and the chain verifies', async () => {
    const { id } = await world.addUser('leaver', 'duty')
    await world.ledger.users.update(CONSOLE, id, { name: '离职周某' })
    const by = { id, name: '离职周某' }
    await world.commit(world.entry({ alarmId: 'told', place: 'a' }))
    await world.commit(world.entry({ alarmId: 'told', place: 'a', type: 'acknowledged', by }))
    await world.ledger.files.add(
      { ...CONSOLE, userId: id },
      {
        subject: 'device:DEV-A',
        name: 'x.png',
        type: 'image/png',
        content: PNG,
      },
    )
    const evidence = { watts: 2_100, limitWatts: 1_500, from: 1, to: 2 }
    const question = { type: 'overload', siteId: world.sites.a, deviceId: 'DEV-A', evidence } as const
    await world.ledger.prompts.ask([id], question, 1, 0)
    await world.ledger.commands.add({ ...CONSOLE, userId: id }, commandBy(by))
    const whole = await given(`user:${id}`)
    expect(rowsOf(whole, 'prompts')).toHaveLength(1)
    expect(rowsOf(whole, 'commands')[0]).toMatchObject({ device_id: 'DEV-A', name: 'locate', reason: '找设备' })
    expect(rowsOf(whole, 'account')[0]).toMatchObject({ username: 'leaver', name: '离职周某' })
    expect(JSON.stringify(whole)).not.toMatch(/argon2/)
    expect(rowsOf(whole, 'files')).toHaveLength(1)

    expect(JSON.stringify((await erase(`user:${id}`)).body)).toMatch(/still_signs_in/)
    await world.ledger.users.update(CONSOLE, id, { disabled: true })
    const erased = await erase(`user:${id}`)
    expect(erased.status).toBe(200)
    expect(erased.body.fields).toContain('journal.name')
    expect(await world.ledger.users.get(id)).toMatchObject({ name: ERASED_NAME, disabled: true, passwordHash: null })
    const told = JSON.stringify(await world.ledger.alarms.get(EVERYTHING, 'told'))
    expect(told).toContain(JSON.stringify({ id, name: ERASED_NAME }))
    expect(told).not.toContain('离职周某')
    expect(await find('离职周')).toEqual([])
    expect(await world.ledger.prompts.of(id, EVERYTHING)).toEqual([])
    const { items } = await world.ledger.commands.list(EVERYTHING, 'DEV-A', { limit: 10 })
    expect(items.map(({ by: asker }) => asker)).toEqual([{ id, name: ERASED_NAME }])
    expect(await world.ledger.audit.verify()).toMatchObject({ ok: true })
    // An alarm that still remembered the name tells it once more, and it goes again.
    await world.commit(world.entry({ alarmId: 'told', place: 'a', type: 'commented', by }))
    await world.ledger.maintain(Date.now())
    const again = JSON.stringify(await world.ledger.alarms.get(EVERYTHING, 'told'))
    expect(again).not.toContain('离职周某')
    expect(again).toContain(id)
  })

  it('of whoever is reached under a number is found in every site, and goes from all but where they answer for it', async () => {
    const { places } = world.ledger
    const contact = { name: '老板孙某', phone: '138-0000-0055', role: '老板' }
    const one = await places.createSite(CONSOLE, { name: '面馆一', area: '示范县/青禾街道', contacts: [contact] })
    const two = await places.createSite(CONSOLE, {
      name: '面馆二',
      area: '示范县/青禾街道',
      contacts: [
        { ...contact, phone: '+8613800000055' },
        { name: '别人', phone: '13800000056' },
      ],
      responsible: contact,
    })
    const ref = 'contact:13800000055'
    expect((await find('孙某')).map((found) => found.ref)).toEqual([ref])
    expect(rowsOf(await given(ref), 'contacts')).toHaveLength(3)
    expect(JSON.stringify((await erase(ref)).body)).toMatch(/责任人/)
    await places.updateSite(CONSOLE, two.id, { responsible: null })
    expect((await erase(ref)).status).toBe(200)
    expect((await places.site(EVERYTHING, one.id))?.contacts).toEqual([])
    expect((await places.site(EVERYTHING, two.id))?.contacts.map(({ name }) => name)).toEqual(['别人'])
    expect(await find('孙某')).toEqual([])

    const lease = await moveIn('租客李某', '13800000032')
    const landlord = 'contact:13800000077'
    expect(JSON.stringify((await erase(landlord)).body)).toMatch(/current_lease/)
    await world.ledger.leases.moveOut(CONSOLE, lease.id)
    expect((await erase(landlord)).body.fields.filter((field) => field.includes('landlord')).length).toBeGreaterThan(0)
    expect((await world.ledger.leases.get(EVERYTHING, lease.id))?.landlord).toBeNull()
  })

  it('G8: the trail says who looked and who erased, and holds no name and no number', async () => {
    const { items } = await world.ledger.audit.list({ limit: 500 })
    const acts = items.filter(({ action }) => action.startsWith('privacy.'))
    expect(new Set(acts.map(({ action }) => action))).toEqual(
      new Set(['privacy.searched', 'privacy.exported', 'privacy.erased']),
    )
    expect(acts.every(({ actorId }) => actorId === world.users['admin'])).toBe(true)
    expect(acts.some(({ fields }) => fields.includes('reason=requested'))).toBe(true)
    expect(JSON.stringify(items)).not.toMatch(/赵某|周某|孙某|李某|钱某|1380{3,}\d/)
  })

  it('is an administrator’s, needs the word typed, and as a table runs no formula', async () => {
    for (const user of ['duty', 'leader', 'manager', 'auditor'])
      expect((await world.call('GET', '/privacy/people?q=甲某', { as: await as(user) })).status).toBe(403)
    expect((await erase('lease:none', { confirm: 'yes' })).status).toBe(400)
    expect((await erase('lease:none', { reason: '因为' })).status).toBe(400)
    expect((await erase('lease:none')).status).toBe(404)
    const lease = await moveIn('=HYPERLINK("x")', '13800000033')
    const table = await world.call<string>('GET', `/privacy/person?ref=lease:${lease.id}&format=csv`, {
      as: await as(),
    })
    expect(table.headers.get('content-type')).toMatch(/text\/csv/)
    expect(table.body).toContain(`"'=HYPERLINK(""x"")"`)
  })
})

describe('a name in the journal', () => {
  it('goes wherever the person stands, and nobody else’s', () => {
    const body = JSON.stringify({
      by: { id: 'u1', name: '甲' },
      alarm: { ack: { by: { id: 'u1', name: '甲' }, note: '甲' }, verdict: { by: { id: 'u2', name: '乙' } }, id: 'u1' },
    })
    expect(JSON.parse(withoutName(body, 'u1'))).toEqual({
      by: { id: 'u1', name: ERASED_NAME },
      alarm: {
        ack: { by: { id: 'u1', name: ERASED_NAME }, note: '甲' },
        verdict: { by: { id: 'u2', name: '乙' } },
        id: 'u1',
      },
    })
  })
})

const commandBy = (by: Command['by']): Command => ({
  id: 'c-1',
  deviceId: 'DEV-A',
  name: 'locate',
  args: {},
  state: 'expired',
  requestedAt: Date.now(),
  sentAt: null,
  deliveredAt: null,
  repliedAt: null,
  seenAt: null,
  endedAt: Date.now(),
  expires: Date.now(),
  by,
  reason: '找设备',
  ending: 'not_sent',
  result: null,
  error: null,
  effect: null,
})
