// Areas, inspections and coverage over HTTP: who may do what, what is refused, what leaves as a file.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from '../../../contract/http/common.ts'
import type { Inspection } from '../../../contract/http/inspections.ts'
import type { CountedArea } from '../../../contract/http/places.ts'
import type { Site } from '../../../contract/http/sites.ts'
import { World } from './world.ts'

describe('places', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.stop())

  const call = async <T>(user: string, method: string, path: string, body?: unknown) =>
    world.call<T>(method, path, { as: await world.as(user), body })

  it('G9: the tree counts what lies in the scope', async () => {
    await world.raiseThree()
    const tree = async (user: string) => (await call<Page<CountedArea>>(user, 'GET', '/areas')).body.items
    const county = (await tree('admin')).find(({ parentId }) => parentId === null)
    expect(county).toMatchObject({ name: '示范县', sites: 2, devices: 2, openAlarms: 2 })
    const mine = await tree('town')
    expect(mine.map(({ name }) => name).toSorted()).toEqual(['槐荫社区', '青禾街道'])
    expect(mine.every(({ sites, devices, openAlarms }) => sites === 1 && devices === 1 && openAlarms === 1)).toBe(true)
  })

  it('a site keeps what is said of it, and refuses what cannot be', async () => {
    const path = `/sites/${world.sites.a}`
    const regime = { name: 'suspended', since: '2026-11-01', basis: '安监停 7 号' }
    const said = { category: 'rental_house', risk: 2, regime, coordinates: { lat: 29, lon: 119 }, facilities: ['gas'] }
    const changed = await call<Site>('admin', 'PATCH', path, {
      ...said,
      responsible: { name: '钱', phone: '13800000021' },
    })
    expect(changed.body).toMatchObject({ category: 'rental_house', risk: 2, regime: { ...regime, until: null } })
    for (const wrong of [
      { coordinates: { lat: 91, lon: 0 } },
      { coordinates: { lat: 0 } },
      { category: 'factory' },
      { risk: 5 },
      { regime: { name: 'normal', since: '2026-02-30' } },
      { regime: { name: 'suspended', since: '2026-11-02', until: '2026-11-01' } },
      { facilities: ['nuclear'] },
      { id: 'x' },
    ])
      expect([wrong, (await call('admin', 'PATCH', path, wrong)).status]).toEqual([wrong, 400])
    const seen = (await call<Site>('town', 'GET', path)).body
    expect(seen.responsible).toEqual({ name: '钱', phone: '138****0021', masked: true })
    const listed = await call<Page<Site>>('town', 'GET', '/sites?regime=suspended&risk=2&category=rental_house')
    expect(listed.body.total).toBe(1)
    expect((await call<Page<Site>>('grid', 'GET', '/sites?regime=suspended')).body.total).toBe(0)
    expect((await call('town', 'GET', '/sites?risk=7')).status).toBe(400)
  })

  it('a town and a grid member report and recheck, and may not penalise', async () => {
    const site = { town: world.sites.a, grid: world.sites.b } as const
    for (const user of ['town', 'grid'] as const) {
      const path = `/sites/${site[user]}/inspections`
      const found = await call<Inspection>(user, 'POST', path, { kind: 'special', result: 'hazard', text: '线路老化' })
      expect([user, found.status]).toEqual([user, 201])
      expect(found.body.inspector.name).toBe(`${user} 某`)
      expect(
        (await call<Inspection>(user, 'POST', `/inspections/${found.body.id}/report`)).body.reported,
      ).not.toBeNull()
      const penalty = { kind: 'special', result: 'penalty', text: '罚款' }
      const refused = await call<{ error: { details: { reason: string } } }>(user, 'POST', path, penalty)
      expect([refused.status, refused.body.error.details.reason]).toEqual([403, 'penalise'])
      const recheck = { kind: 'recheck', result: 'rechecked_ok', rechecks: found.body.id }
      expect((await call(user, 'POST', path, recheck)).status).toBe(201)
      expect((await call<Inspection>(user, 'GET', `/inspections/${found.body.id}`)).body.settled).toBe(true)
    }
    const penalty = { kind: 'special', result: 'penalty', text: '罚款' }
    expect((await call('leader', 'POST', `/sites/${world.sites.a}/inspections`, penalty)).status).toBe(201)
    expect((await call('duty', 'POST', `/sites/${world.sites.a}/inspections`, penalty)).status).toBe(403)
    // Of the other's inspections neither hears.
    const grid = (await call<Page<Inspection>>('grid', 'GET', '/inspections')).body
    expect(grid.items.every(({ siteId }) => siteId === world.sites.b)).toBe(true)
    expect(grid.total).toBe(grid.items.length)
  })

  it('refuses an inspection that does not say what it is', async () => {
    const path = `/sites/${world.sites.a}/inspections`
    for (const wrong of [
      { kind: 'routine', result: 'hazard' },
      { kind: 'routine', result: 'rechecked_ok', text: 'x' },
      { kind: 'recheck', result: 'rechecked_ok' },
      { kind: 'routine', result: 'passed', rechecks: world.inspections.a },
      { kind: 'routine', result: 'passed', inspector: 'somebody' },
      { kind: 'routine', result: 'passed', at: Date.now() + 3_600_000 },
      { kind: 'recheck', result: 'rechecked_ok', rechecks: world.inspections.b },
    ])
      expect([wrong, (await call('town', 'POST', path, wrong)).status]).toEqual([wrong, 400])
  })

  it('exports what is missing as a table that a spreadsheet shows and never runs', async () => {
    await call('admin', 'POST', '/sites', { name: '=HYPERLINK("x")', area: '示范县/青禾街道', category: 'catering' })
    const exported = await call<string>('town', 'GET', '/coverage/export?what=missing')
    expect(exported.headers.get('content-type')).toContain('text/csv')
    expect(exported.body).toContain(`"'=HYPERLINK(""x"")"`)
    expect(exported.body).not.toContain('云溪镇')
    for (const what of ['towns', 'installs'])
      expect((await call<string>('auditor', 'GET', `/coverage/export?what=${what}`)).body).toContain('青禾街道')
    const { items } = await world.ledger.audit.list({ subject: 'coverage', limit: 1 })
    expect(items[0]).toMatchObject({ action: 'coverage.exported', fields: ['installs'] })
  })

  it('a leader sets a quota; a town does not', async () => {
    const areaId = world.areaIds.a.at(-2)
    const quota = { areaId, year: 2026, kind: 'electricity', target: 40 }
    expect((await call('leader', 'PUT', '/quotas', quota)).status).toBe(204)
    expect((await call('town', 'PUT', '/quotas', quota)).status).toBe(403)
    const installs = await call<{ target: number }>('town', 'GET', '/coverage/installs?year=2026')
    expect(installs.body.target).toBe(40)
  })

  it('G9: an area that moves changes what its people see, and merging hands it over', async () => {
    const [town, village] = [world.areaIds.a.at(-2) as string, world.areaIds.a.at(-1) as string]
    const other = world.areaIds.b.at(-2) as string
    expect((await call('grid', 'PATCH', `/areas/${village}`, { parentId: other })).status).toBe(403)
    expect((await call('admin', 'PATCH', `/areas/${village}`, { parentId: other })).status).toBe(200)
    expect((await call('town', 'GET', `/sites/${world.sites.a}`)).status).toBe(404)
    expect((await call('admin', 'PATCH', `/areas/${village}`, { parentId: village })).status).toBe(422)
    expect((await call('admin', 'PATCH', `/areas/${village}`, { parentId: town })).status).toBe(200)
    expect((await call('town', 'GET', `/sites/${world.sites.a}`)).status).toBe(200)
    const merged = await call<{ path: string[] }>('admin', 'POST', `/areas/${town}/merge`, { into: other })
    expect(merged.body.path).toEqual(['示范县', '云溪镇'])
    expect((await call<Page<Site>>('town', 'GET', '/sites')).body.items.map(({ id }) => id)).toContain(world.sites.b)
  })
})
