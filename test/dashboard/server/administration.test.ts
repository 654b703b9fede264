import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ErrorBody } from '../../../contract/errors.ts'
import type { AlarmDetail } from '../../../contract/http/alarms.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { User } from '../../../contract/http/people.ts'
import type { Area } from '../../../contract/http/places.ts'
import type { Site } from '../../../contract/http/sites.ts'
import type { Alarm, ActRefusal } from '../../../contract/alarms.ts'
import type { VersionedRule } from '../../../contract/rules.ts'
import { PASSWORD, World } from './world.ts'

describe('administration and alarms', () => {
  let world: World
  let admin: string
  let duty: string
  beforeAll(async () => {
    world = await World.start()
    await world.raiseThree()
    admin = await world.as('admin')
    duty = await world.as('duty')
  })
  afterAll(() => world.stop())

  describe('places', () => {
    it('creates a site with the areas it names, changes and deletes it', async () => {
      const made = await world.call<Site>('POST', '/sites', {
        as: admin,
        body: { name: '西街 9 号', area: '示范县/云溪镇/西街', contacts: [{ name: '房东', phone: '0571-88880000' }] },
      })
      expect(made.status).toBe(201)
      expect(made.body).toMatchObject({ name: '西街 9 号', area: ['示范县', '云溪镇', '西街'], devices: 0 })
      const path = `/sites/${made.body.id}`
      expect((await world.call('GET', path, { as: admin })).body).toEqual(made.body)
      const moved = await world.call<Site>('PATCH', path, { as: admin, body: { area: '示范县/云溪镇/东村' } })
      expect(moved.body.areaId).toBe(world.areaB)
      const areas = await world.call<Page<Area>>('GET', '/areas', { as: admin })
      expect(areas.body.items.some((area) => area.path.join('/') === '示范县/云溪镇/西街')).toBe(true)
      expect(areas.body.total).toBe(areas.body.items.length)
      expect((await world.call('DELETE', path, { as: admin })).status).toBe(204)
      expect((await world.call('GET', path, { as: admin })).status).toBe(404)
    })

    it.each([
      [{ name: 'x' }],
      [{ name: 'x', area: '//' }],
      [{ name: '', area: '县' }],
      [{ name: 'x', area: '县', contacts: [{ name: 'y', phone: 'call me' }] }],
      [{ name: 'x', area: '县', devices: 7 }],
    ])('refuses the site %j', async (body) => {
      expect((await world.call('POST', '/sites', { as: admin, body })).status).toBe(400)
    })

    it('does not delete a site with devices', async () => {
      const answer = await world.call<ErrorBody>('DELETE', `/sites/${world.sites.a}`, { as: admin })
      expect([409, 422]).toContain(answer.status)
    })
  })

  describe('users', () => {
    it('creates one who must change the password, changes and deletes them', async () => {
      const body = { username: 'li.si', name: '李四', role: 'manager', password: PASSWORD, sites: [world.sites.a] }
      const made = await world.call<User>('POST', '/users', { as: admin, body })
      expect(made.status).toBe(201)
      expect(made.body).toMatchObject({ username: 'li.si', role: 'manager', sites: [world.sites.a], disabled: false })
      expect(JSON.stringify(made.body)).not.toMatch(/password|argon/i)
      const signedIn = await world.call('POST', '/session', { body: { username: 'li.si', password: PASSWORD } })
      expect(signedIn.body).toMatchObject({ mustChangePassword: true, scope: { all: false, sites: [world.sites.a] } })
      const path = `/users/${made.body.id}`
      expect((await world.call<User>('GET', path, { as: admin })).body).toEqual(made.body)
      const promoted = await world.call<User>('PATCH', path, { as: admin, body: { role: 'duty' } })
      expect(promoted.body.role).toBe('duty')
      const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0]
      expect((await world.call('GET', '/me', { as: cookie })).status).toBe(401)
      expect((await world.call('POST', '/users', { as: admin, body })).status).toBe(409)
      expect((await world.call('DELETE', path, { as: admin })).status).toBe(204)
      expect((await world.call('GET', path, { as: admin })).status).toBe(404)
    })

    it('takes `mustChange: false` for a first password, and never a hash or an id', async () => {
      const body = { username: 'wang.wu', name: '王五', role: 'duty', password: PASSWORD, mustChange: false }
      expect((await world.call('POST', '/users', { as: admin, body })).status).toBe(201)
      const signedIn = await world.call('POST', '/session', { body: { username: 'wang.wu', password: PASSWORD } })
      expect(signedIn.body).toMatchObject({ mustChangePassword: false })
      for (const extra of [{ id: 'x' }, { passwordHash: 'x' }, { disabled: true }, { createdAt: 1 }])
        expect((await world.call('POST', '/users', { as: admin, body: { ...body, ...extra } })).status).toBe(400)
      for (const wrong of [{ username: 'Big' }, { role: 'root' }, { password: 'short' }])
        expect((await world.call('POST', '/users', { as: admin, body: { ...body, ...wrong } })).status).toBe(400)
    })

    it('keeps the last administrator', async () => {
      const path = `/users/${world.users['admin']}`
      for (const body of [{ role: 'duty' }, { disabled: true }])
        expect((await world.call<ErrorBody>('PATCH', path, { as: admin, body })).status).toBeGreaterThanOrEqual(400)
      expect((await world.call('DELETE', path, { as: admin })).status).toBeGreaterThanOrEqual(400)
      expect((await world.call('GET', '/me', { as: admin })).status).toBe(200)
    })

    it('lists users page by page', async () => {
      const first = await world.call<Page<User>>('GET', '/users?limit=2', { as: admin })
      expect(first.body.items.length).toBe(2)
      expect(first.body.total).toBeGreaterThanOrEqual(4)
      expect(first.body.next).not.toBeNull()
    })
  })

  describe('tokens', () => {
    it('makes, lists and revokes one’s own, which act with one’s own scope', async () => {
      const manager = await world.as('manager')
      const made = await world.call<{ id: string; token: string }>('POST', '/tokens', {
        as: manager,
        body: { name: '采集脚本', days: 30 },
      })
      expect(made.status).toBe(201)
      const bearer = `Bearer ${made.body.token}`
      const alarms = await world.call<Page<Alarm>>('GET', '/alarms', { as: bearer })
      expect(alarms.body.items.map(({ id }) => id)).toEqual(['alarm-a'])
      const listed = await world.call<Page<{ id: string }>>('GET', '/tokens', { as: bearer })
      expect(listed.body.items.map(({ id }) => id)).toEqual([made.body.id])
      expect(JSON.stringify(listed.body)).not.toContain(made.body.token)
      expect((await world.call('POST', '/tokens', { as: bearer, body: { name: 'child' } })).status).toBe(403)
      expect((await world.call('DELETE', `/tokens/${made.body.id}`, { as: duty })).status).toBe(404)
      expect((await world.call('DELETE', `/tokens/${made.body.id}`, { as: manager })).status).toBe(204)
      expect((await world.call('GET', '/alarms', { as: bearer })).status).toBe(401)
    })

    it('needs no body', async () => {
      const made = await world.call('POST', '/tokens', { as: duty, headers: { 'content-type': 'application/json' } })
      expect(made.status).toBe(201)
      expect(made.body).toMatchObject({ name: 'token', expiresAt: null })
    })
  })

  describe('alarms', () => {
    it('lists with filters and shows one with its transitions and contacts', async () => {
      const list = async (query: string) =>
        (await world.call<Page<Alarm>>('GET', `/alarms?${query}`, { as: duty })).body.items.map(({ id }) => id)
      expect(await list('open=true&deviceId=DEV-B')).toEqual(['alarm-b'])
      expect(await list(`siteId=${world.sites.a}`)).toEqual(['alarm-a'])
      expect(await list('priority=1')).toEqual([])
      expect(await list('open=false')).toEqual([])
      expect((await world.call('GET', '/alarms?priority=5', { as: duty })).status).toBe(400)
      const one = await world.call<AlarmDetail>('GET', '/alarms/alarm-a', { as: duty })
      expect(one.body.transitions.map(({ type }) => type)).toEqual(['raised'])
      expect(one.body.contacts).toEqual([{ name: '房东甲', phone: '13800000001', role: '房东' }])
      expect((await world.call('GET', '/alarms/none', { as: duty })).status).toBe(404)
    })

    it('submits acts with who, from where and what they answer', async () => {
      const acked = await world.call('POST', '/alarms/alarm-a/ack', {
        as: duty,
        body: { seq: 1, reason: 'calling', comment: '已联系房东' },
      })
      expect(acked.status).toBe(200)
      expect(acked.body).toMatchObject({
        type: 'acknowledged',
        by: { id: world.users['duty'] },
        alarm: { id: 'alarm-a' },
      })
      await world.call('POST', '/alarms/alarm-a/comment', { as: await world.as('manager'), body: { text: '在路上' } })
      await world.call('POST', '/alarms/alarm-a/reset', { as: duty, body: { seq: 2 } })
      await world.call('POST', '/alarms/alarm-a/field_verified', { as: duty, body: { seq: 2, reason: '现场正常' } })
      const verdict = { seq: 2, verdict: 'false', cause: '油烟', comment: '房东已到场' }
      await world.call('POST', '/alarms/alarm-a/verdict', { as: duty, body: verdict })
      const by = { id: world.users['duty'], name: 'duty 某' }
      expect(world.acts).toEqual([
        {
          act: {
            name: 'ack',
            level: 'county',
            alarmId: 'alarm-a',
            by,
            seq: 1,
            reason: 'calling',
            comment: '已联系房东',
          },
          address: '127.0.0.1',
        },
        {
          act: {
            name: 'comment',
            alarmId: 'alarm-a',
            by: { id: world.users['manager'], name: 'manager 某' },
            seq: null,
            reason: null,
            comment: '在路上',
          },
          address: '127.0.0.1',
        },
        { act: { name: 'reset', alarmId: 'alarm-a', by, seq: 2, reason: null, comment: null }, address: '127.0.0.1' },
        {
          act: { name: 'field_verified', alarmId: 'alarm-a', by, seq: 2, reason: '现场正常', comment: null },
          address: '127.0.0.1',
        },
        { act: { name: 'verdict', alarmId: 'alarm-a', by, reason: null, ...verdict }, address: '127.0.0.1' },
      ])
    })

    it.each([
      ['stale', 409, 'stale'],
      ['not_found', 404, 'not_found'],
      ['closed', 422, 'refused'],
      ['already_acknowledged', 422, 'refused'],
      ['not_latched', 422, 'refused'],
      ['still_active', 422, 'refused'],
      ['unacknowledged', 422, 'refused'],
      ['not_frozen', 422, 'refused'],
    ] satisfies [ActRefusal, number, string][])('answers the refusal %s with %i', async (refusal, status, code) => {
      world.refusal = refusal
      const answer = await world.call<ErrorBody>('POST', '/alarms/alarm-b/ack', { as: duty, body: { seq: 1 } })
      world.refusal = null
      expect(answer.status).toBe(status)
      expect(answer.body.error).toMatchObject({ code, details: { reason: refusal } })
      expect(answer.body.error.message).toMatch(/^[\u4e00-\u9fff]/)
    })

    it.each([
      ['ack', {}],
      ['ack', { seq: 1, reason: 'bored' }],
      ['ack', { seq: 1, by: { id: 'x', name: 'x' } }],
      ['comment', { text: '  ' }],
      ['field_verified', { seq: 1 }],
      ['verdict', { seq: 1 }],
      ['verdict', { seq: 1, verdict: 'perhaps' }],
      ['verdict', { verdict: 'real' }],
      ['verdict', { seq: 1, verdict: 'false', cause: '' }],
      ['reset', { seq: -1 }],
    ])('refuses the act %s %j', async (act, body) => {
      const before = world.acts.length
      expect((await world.call('POST', `/alarms/alarm-b/${act}`, { as: duty, body })).status).toBe(400)
      expect(world.acts.length).toBe(before)
    })

    it('knows no other act', async () => {
      expect((await world.call('POST', '/alarms/alarm-b/shelve', { as: duty, body: { seq: 1 } })).status).toBe(404)
    })
  })

  describe('rules', () => {
    it('lists them, and takes a new version of one from whoever has seen the newest', async () => {
      const all = await world.call<Page<VersionedRule>>('GET', '/rules', { as: duty })
      expect(all.body.total).toBe(all.body.items.length)
      const rule = all.body.items.find(({ type }) => type === 'threshold') as VersionedRule
      const path = `/rules/${rule.kind}/${rule.id}`
      const edited = { ...rule, title: { zh: '改过的名称', en: 'Renamed' } }
      const changed = await world.call<VersionedRule>('PUT', path, { as: admin, body: edited })
      expect(changed.status).toBe(200)
      expect(changed.body).toMatchObject({ version: rule.version + 1, title: edited.title })
      const stale = await world.call<ErrorBody>('PUT', path, { as: admin, body: edited })
      expect(stale.status).toBe(409)
      expect(stale.body.error).toMatchObject({ code: 'stale', details: { version: rule.version + 1 } })
      expect((await world.call<VersionedRule>('GET', path, { as: duty })).body.version).toBe(rule.version + 1)
      const old = await world.call<VersionedRule>('GET', `${path}?version=${rule.version}`, { as: duty })
      expect(old.body).toEqual(rule)
      const other = { ...edited, version: rule.version + 1, id: 'other.rule' }
      expect((await world.call('PUT', path, { as: admin, body: other })).status).toBe(400)
      expect((await world.call('PUT', path, { as: admin, body: { ...edited, variants: [] } })).status).toBe(400)
      expect((await world.call('GET', '/rules/electricity/no.such', { as: duty })).status).toBe(404)
      expect((await world.call('PUT', path, { as: duty, body: edited })).status).toBe(403)
    })
  })

  it('shows the audit trail and verifies its chain', async () => {
    const rows = await world.call<Page<{ action: string; seq: number }>>('GET', '/audit?limit=5', { as: admin })
    expect(rows.body.items.length).toBe(5)
    expect(rows.body.items[0]?.seq).toBeGreaterThan(rows.body.items[4]?.seq as number)
    expect((await world.call('GET', '/audit/verify', { as: admin })).body).toMatchObject({ ok: true })
    expect((await world.call('GET', '/audit', { as: duty })).status).toBe(403)
  })

  it('G10: shows what was received, stored and rejected', async () => {
    const counters = await world.call<{ received: number; stored: number; rejected: number }>('GET', '/counters', {
      as: duty,
    })
    expect(counters.body.received).toBe(counters.body.stored + counters.body.rejected)
    expect((await world.call('GET', '/counters', { as: await world.as('manager') })).status).toBe(403)
  })
})
