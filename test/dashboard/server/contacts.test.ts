// G9, G8: who is given a telephone number, and that every giving is in the audit trail. Whatever is answered or sent is searched
// for the number itself, wherever it might stand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlarmDetail } from '../../../contract/http/alarms.ts'
import type { AuditRow } from '../../../contract/http/audit.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { Contact } from '../../../contract/http/places.ts'
import { maskedPhone } from '../../../records/masking.ts'
import type { Ports } from '../../../dashboard/server/ports.ts'
import { World, live, next } from './world.ts'

const PHONE = '13800000001'
const FULL = [{ name: '房东甲', phone: PHONE, role: '房东' }]
const MASKED = [{ name: '房东甲', phone: '138****0001', role: '房东', masked: true }]

describe('a masked number', () => {
  it('keeps what recognises it, and never enough to call it', () => {
    expect(['13800000012', '138-0000-0012', '+86 138 0000 0012', '0086-13800000012'].map(maskedPhone)).toEqual(
      Array.from({ length: 4 }, () => '138****0012'),
    )
    expect(['0571-88880000', '88880000', '123456', '12345', '119', '95598'].map(maskedPhone)).toEqual([
      '057****0000',
      '8****00',
      '1****56',
      '12345',
      '119',
      '95598',
    ])
  })
})

describe('contacts', () => {
  let world: World
  const disclosures = async (alarmId: string) => {
    const as = await world.as('admin')
    const { body } = await world.call<Page<AuditRow>>('GET', `/audit?subject=alarm:${alarmId}&limit=100`, { as })
    return body.items.filter(({ action }) => action.startsWith('alarm.contacts_')).toReversed()
  }
  const detail = async (user: string, alarmId: string) =>
    (await world.call<AlarmDetail>('GET', `/alarms/${alarmId}`, { as: await world.as(user) })).body.contacts
  const raise = (alarmId: string, priority: 1 | 2 | 3 | 4) =>
    world.commit(world.entry({ alarmId, place: 'a', priority }))

  beforeAll(async () => {
    world = await World.start()
    for (const priority of [1, 2, 3, 4] as const) await raise(`open-${priority}`, priority)
    await raise('closed-1', 1)
    await world.commit(
      world.entry({ alarmId: 'closed-1', place: 'a', priority: 1, type: 'closed', closedAt: Date.now() }),
    )
  })
  afterAll(() => world.stop())

  it('G9: whole for the administrator and the manager of the place, whole for duty only where it is urgent', async () => {
    const urgent = new Set(['open-1', 'open-2'])
    for (const alarmId of ['open-1', 'open-2', 'open-3', 'open-4', 'closed-1']) {
      expect([alarmId, await detail('admin', alarmId)]).toEqual([alarmId, FULL])
      expect([alarmId, await detail('manager', alarmId)]).toEqual([alarmId, FULL])
      expect([alarmId, await detail('duty', alarmId)]).toEqual([alarmId, urgent.has(alarmId) ? FULL : MASKED])
    }
    // Only what was given to whoever does not have it anyway.
    expect((await disclosures('open-1')).map(({ actorId }) => actorId)).toEqual([world.users['duty']])
  })

  it('G9: never in a list of sites, a site, a list of alarms, an export or an event for duty; never elsewhere’s for a manager', async () => {
    const duty = await world.as('duty')
    const site = await world.call('GET', `/sites/${world.sites.a}`, { as: duty })
    expect(site.body['contacts']).toEqual(MASKED)
    const { client, answer } = await live(world, duty)
    const coming = next(client, 'alarm')
    await raise('told-1', 1)
    const sent = [answer, await coming]
    client.close()
    for (const path of ['/sites', '/devices', '/devices/DEV-A', '/alarms', '/alarms/export', '/areas', '/me'])
      sent.push((await world.call('GET', path, { as: duty })).body as never)
    expect(JSON.stringify(sent)).not.toContain(PHONE)

    const manager = await world.as('manager')
    expect((await world.call('GET', `/sites/${world.sites.a}`, { as: manager })).body['contacts']).toEqual(FULL)
    const foreign = await world.as('warden')
    for (const [method, path] of [
      ['GET', '/sites'],
      ['GET', `/sites/${world.sites.a}`],
      ['GET', '/alarms/open-1'],
      ['POST', '/alarms/open-1/contacts'],
    ] as const)
      expect(JSON.stringify((await world.call(method, path, { as: foreign })).body)).not.toContain(PHONE)
    expect((await world.call('POST', '/alarms/open-1/contacts', { as: foreign })).status).toBe(404)
  })

  it('G8: a disclosure is audited before it is answered: who, which alarm, which contacts, when; once, not once a repaint', async () => {
    await world.addUser('second', 'duty')
    await raise('audited', 1)
    const before = Date.now()
    expect(await Promise.all([detail('duty', 'audited'), detail('duty', 'audited')])).toEqual([FULL, FULL])
    await world.commit(world.entry({ alarmId: 'audited', place: 'a', priority: 1, type: 'commented' }))
    expect(await detail('duty', 'audited')).toEqual(FULL)
    expect(await detail('second', 'audited')).toEqual(FULL)
    const rows = await disclosures('audited')
    expect(rows.map(({ actorId, action, subject, fields }) => ({ actorId, action, subject, fields }))).toEqual(
      ['duty', 'second'].map((user) => ({
        actorId: world.users[user],
        action: 'alarm.contacts_disclosed',
        subject: 'alarm:audited',
        fields: [`site:${world.sites.a}/contacts/0/phone`],
      })),
    )
    expect(rows[0]?.at).toBeGreaterThanOrEqual(before)
    // The next shift is given it anew; a desk asks often enough not to be idle until then.
    const began = Date.now()
    try {
      for (const hours of [4, 7.9, 8.1]) {
        world.clock = () => began + hours * 3_600_000
        expect(await detail('duty', 'audited')).toEqual(FULL)
      }
    } finally {
      world.clock = undefined
    }
    expect((await disclosures('audited')).length).toBe(3)
    expect(await world.ledger.audit.verify()).toMatchObject({ ok: true })
  })

  it('G8: a new number is a new disclosure', async () => {
    await raise('moved-in', 2)
    expect(await detail('duty', 'moved-in')).toEqual(FULL)
    const tenant = [{ name: '租客乙', phone: '13900000002' }]
    const admin = await world.as('admin')
    await world.call('PATCH', `/sites/${world.sites.a}`, { as: admin, body: { contacts: tenant } })
    expect(await detail('duty', 'moved-in')).toEqual(tenant)
    expect((await disclosures('moved-in')).length).toBe(2)
    await world.call('PATCH', `/sites/${world.sites.a}`, { as: admin, body: { contacts: FULL } })
  })

  it('G8: 显示号码 gives them for any alarm, and each asking is audited', async () => {
    const as = await world.as('duty')
    for (const alarmId of ['open-3', 'closed-1']) {
      for (let asking = 1; asking <= 2; asking += 1) {
        const answer = await world.call<{ contacts: Contact[] }>('POST', `/alarms/${alarmId}/contacts`, { as })
        expect(answer.body).toEqual({ contacts: FULL })
        expect((await disclosures(alarmId)).map(({ action }) => action)).toEqual(
          Array.from({ length: asking }, () => 'alarm.contacts_asked'),
        )
      }
      // What was asked for once is not left open behind the person.
      expect(await detail('duty', alarmId)).toEqual(MASKED)
    }
  })

  it('G8: the trail holds no number and no name', async () => {
    const as = await world.as('admin')
    const { body } = await world.call<Page<AuditRow>>('GET', '/audit?limit=500', { as })
    expect(JSON.stringify(body)).not.toMatch(/13800000001|13900000002|房东甲|租客乙/)
  })

  it('a trail that cannot be written keeps no number from who has to call, and says so in the log', async () => {
    await raise('disk-full', 1)
    const ports = world.ports()
    const audit: Ports['records']['audit'] = {
      record: async () => Promise.reject(new Error('disk full')),
      list: (query) => ports.records.audit.list(query),
      pages: (filter) => ports.records.audit.pages(filter),
      verify: () => ports.records.audit.verify(),
    }
    const records = { ...ports.records, audit }
    await world.stopServing()
    await world.serve({}, { ...ports, records })
    try {
      expect(await detail('duty', 'disk-full')).toEqual(FULL)
      const complaint = world.log.find(({ line }) => line.includes('audit trail'))
      expect(complaint?.fields).toMatchObject({ userId: world.users['duty'], alarmId: 'disk-full' })
      const asked = await world.call('POST', '/alarms/disk-full/contacts', { as: await world.as('duty') })
      expect(asked.status).toBe(500)
      expect(JSON.stringify(asked.body)).not.toContain(PHONE)
    } finally {
      await world.stopServing()
      await world.serve()
    }
  })
})
