// An installer's work over HTTP: register, claim, replace in place, the learned interval.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Installed, ReportingInterval } from '../../../contract/http/installs.ts'
import { learnInterval, suggestInterval } from '../../../dashboard/server/learned-interval.ts'
import { CONSOLE, World } from './world.ts'

interface Refused {
  error: { code: string; details?: { reason?: string } }
}

describe('putting devices up', () => {
  let world: World
  let installer: string
  beforeAll(async () => {
    world = await World.start()
    installer = await world.as('installer')
  })
  afterAll(() => world.stop())

  const install = (body: object) =>
    world.call<Installed & Refused>('POST', '/installations', {
      as: installer,
      body: { kind: 'gas', siteId: world.sites.b, position: '厨房灶台上方', ...body },
    })

  it('registers a new device at a site of the installer, with where and when; who, is on record', async () => {
    const { status, body } = await install({ id: 'GAS-NEW', serial: 'SN-1' })
    expect([status, body.claimed, body.name]).toEqual([201, false, '燃气报警 厨房灶台上方'])
    expect(body.token.length).toBeGreaterThan(30)
    expect(body.attributes).toMatchObject({
      location: '厨房灶台上方',
      serial: 'SN-1',
      installedAt: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string,
    })
    const audit = await world.ledger.audit.list({ limit: 5, subject: 'device:GAS-NEW' })
    expect(audit.items[0]).toMatchObject({ action: 'device.installed', actorId: world.users['installer'] })
  })

  it('claims a device that was prepared without a place, under a token of its own', async () => {
    const { token } = await world.ledger.devices.create(CONSOLE, { id: 'GAS-PREP', kind: 'gas', name: '备好的' })
    const { status, body } = await install({ id: 'GAS-PREP' })
    expect([status, body.claimed, body.name, body.siteId]).toEqual([201, true, '备好的', world.sites.b])
    expect(body.token).not.toBe(token)
  })

  it('G9: neither places nor devices outside the scope are touched, and nothing is told of them', async () => {
    expect((await install({ id: 'GAS-X', siteId: world.sites.a })).status).toBe(404)
    const taken = await install({ id: 'DEV-A', kind: 'electricity' })
    expect([taken.status, taken.body.error.code]).toEqual([409, 'exists'])
    expect(JSON.stringify(taken.body)).not.toContain(world.sites.a)
    await world.ledger.devices.create(CONSOLE, { id: 'PREP-A', kind: 'gas', name: '甲的', siteId: world.sites.a })
    expect((await install({ id: 'PREP-A' })).status).toBe(409)
    expect((await world.call('POST', '/devices/DEV-A/replace', { as: installer, body: {} })).status).toBe(404)
  })

  it('refuses a device in service, one of another kind, and what it does not know', async () => {
    await world.ledger.devices.create(CONSOLE, { id: 'GAS-ON', kind: 'gas', name: '在用', siteId: world.sites.b })
    await world.ledger.devices.heard(['GAS-ON'])
    expect((await install({ id: 'GAS-ON' })).body.error.details?.reason).toBe('in_service')
    await world.ledger.devices.create(CONSOLE, { id: 'SMK-PREP', kind: 'smoke', name: '烟感' })
    expect((await install({ id: 'SMK-PREP' })).body.error.details?.reason).toBe('other_kind')
    expect((await install({ id: 'GAS-2', lifecycle: 'in_service' })).status).toBe(400)
    expect((await install({ id: 'hub' })).status).toBe(400)
    expect((await install({ id: 'GAS-3', position: '  ' })).status).toBe(400)
  })

  it('replaces a dead set in place: id, place and name stay, the token and what was of the old set do not', async () => {
    const before = await world.ledger.devices.create(CONSOLE, {
      id: 'GAS-DEAD',
      kind: 'gas',
      name: '厨房',
      siteId: world.sites.b,
      attributes: {
        serial: 'OLD',
        maker: '旧厂',
        gas: 'propane',
        reportEverySeconds: 30,
        productionDate: '2015-01-01',
      },
    })
    const identity = await world.ledger.devices.identity('GAS-DEAD')
    const { status, body } = await world.call<Installed>('POST', '/devices/GAS-DEAD/replace', {
      as: installer,
      body: { serial: 'NEW' },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id: 'GAS-DEAD',
      name: '厨房',
      siteId: world.sites.b,
      attributes: { serial: 'NEW', gas: 'propane' },
    })
    expect(body.attributes).not.toHaveProperty('maker')
    expect(body.attributes).not.toHaveProperty('productionDate')
    const after = await world.ledger.devices.identity('GAS-DEAD')
    expect([after?.uid, after?.tokenHash === identity?.tokenHash]).toEqual([identity?.uid, false])
    expect(body.token).not.toBe(before.token)
    const audit = await world.ledger.audit.list({ limit: 5, subject: 'device:GAS-DEAD' })
    expect(audit.items[0]).toMatchObject({ action: 'device.replaced' })
    expect(JSON.stringify(audit.items)).not.toContain('NEW')
  })

  it('takes a reporting interval with one touch, and leaves every other attribute', async () => {
    const path = '/devices/GAS-NEW/interval'
    const asked = await world.call<ReportingInterval>('GET', path, { as: installer })
    expect(asked.body).toEqual({ deviceId: 'GAS-NEW', set: null, usual: 60, learned: null, suggested: null })
    const set = await world.call<ReportingInterval>('PUT', path, { as: installer, body: { seconds: 300 } })
    expect(set.body.set).toBe(300)
    const device = await world.call<Installed>('GET', '/devices/GAS-NEW', { as: installer })
    expect(device.body.attributes).toMatchObject({ reportEverySeconds: 300, serial: 'SN-1' })
    expect((await world.call('PUT', path, { as: installer, body: { seconds: 0 } })).status).toBe(400)
  })
})

describe('the learned interval', () => {
  const every = (seconds: number, n: number) =>
    Array.from({ length: n }, (_, i) => ({ t: i * seconds * 1_000, count: 1 }))

  it('is the median of the gaps: one outage teaches nothing', () => {
    expect(learnInterval(every(60, 10), 600)).toBe(60)
    expect(learnInterval([...every(60, 5), { t: 9_000_000, count: 1 }, { t: 9_060_000, count: 1 }], 600)).toBe(60)
  })
  it('knows gaps that are shorter than a bucket', () => {
    const buckets = Array.from({ length: 20 }, (_, i) => ({ t: i * 36_000, count: 18 }))
    expect(learnInterval(buckets, 36_000)).toBe(2)
  })
  it('says nothing after too few arrivals', () => {
    expect(learnInterval(every(60, 3), 600)).toBeNull()
    expect(suggestInterval(null, 60)).toBeNull()
  })
  it('is offered when it is off by more than a quarter', () => {
    expect([
      suggestInterval(75, 60),
      suggestInterval(76, 60),
      suggestInterval(44, 60),
      suggestInterval(60, null),
    ]).toEqual([null, 76, 44, 60])
  })
})
