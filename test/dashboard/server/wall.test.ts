// The wall's routes and the search, over a real ledger: what each role gets of them, and which files are a map.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SearchResult } from '../../../contract/http/search.ts'
import type { WallFigures, WallMap } from '../../../contract/http/wall.ts'
import { World } from './world.ts'

const square = (lon: number, lat: number): number[][] => [
  [lon, lat],
  [lon + 0.1, lat],
  [lon + 0.1, lat + 0.1],
  [lon, lat + 0.1],
  [lon, lat],
]
const feature = (name: unknown, coordinates: unknown = [square(119, 29)], type = 'Polygon') => ({
  type: 'Feature',
  properties: { name, code: 330825 },
  geometry: { type, coordinates },
})
const collection = (...features: unknown[]) => ({ type: 'FeatureCollection', features })

describe('the command wall over HTTP', () => {
  let world: World
  let admin: string
  const put = (geojson: unknown, { version = 0, query = '' } = {}) =>
    world.call<WallMap>('PUT', `/api/v1/wall/map${query}`, { as: admin, body: { version, datum: 'gcj02', geojson } })

  beforeAll(async () => {
    world = await World.start()
    await world.raiseThree()
    world.online.add('DEV-A')
    admin = await world.as('admin')
  })
  afterAll(() => world.stop())

  it('gives the wall its figures, and nobody without the right', async () => {
    const { status, body } = await world.call<WallFigures>('GET', '/api/v1/wall', { as: await world.as('wall') })
    expect(status).toBe(200)
    expect(body.devices).toMatchObject({ total: 3, online: 1, silent: 2 })
    expect(body.devices.alarm + body.devices.fault).toBeGreaterThan(0)
    expect(body.towns.map(({ name, total, online, silent }) => [name, total, online, silent])).toEqual([
      ['青禾街道', 1, 1, 0],
      ['云溪镇', 1, 0, 1],
    ])
    for (const user of ['manager', 'town', 'installer', 'auditor'])
      expect((await world.call('GET', '/api/v1/wall', { as: await world.as(user) })).status).toBe(403)
  })

  it('looks at a map before it keeps it, matches towns by name, and keeps nothing but names and borders', async () => {
    const geojson = collection(
      feature('云溪镇'),
      feature('青禾', [[square(119.2, 29)]], 'MultiPolygon'),
      feature('邻县'),
    )
    const preview = await put(geojson, { query: '?preview=true' })
    expect(preview.status).toBe(200)
    const towns = (await world.call<WallFigures>('GET', '/api/v1/wall', { as: admin })).body.towns
    const idOf = (name: string) => towns.find((town) => town.name === name)?.id
    const matched = [idOf('云溪镇'), idOf('青禾街道'), null]
    expect(preview.body.features.map(({ areaId }) => areaId)).toEqual(matched)
    expect(preview.body.missing).toEqual([])
    const map = async () => (await world.call<WallMap>('GET', '/api/v1/wall/map', { as: admin })).body
    expect(await map()).toMatchObject({ version: 0, features: [], missing: [{ name: '青禾街道' }, { name: '云溪镇' }] })
    expect((await put(geojson)).body.version).toBe(1)
    expect(await map()).toMatchObject({ version: 1, datum: 'gcj02' })
    expect(JSON.stringify(await map())).not.toContain('330825')
    expect((await put(geojson)).status).toBe(409)
    expect((await put(collection(feature('云溪镇')), { version: 1 })).body).toMatchObject({
      version: 2,
      missing: [{ name: '青禾街道' }],
    })
  })

  it('refuses what is no map of towns', async () => {
    const open = square(119, 29).slice(0, 4)
    const wrong = [
      {},
      collection(),
      collection(feature('')),
      collection(feature(undefined)),
      collection(feature('x', [119, 29], 'Point')),
      collection(feature('x', [open])),
      collection(feature('x', [square(190, 29)])),
      collection(feature('x', [square(119, 89.95)])),
      collection(...Array.from({ length: 501 }, () => feature('x'))),
      collection(feature('x', [[...square(119, 29), ...Array.from({ length: 200_000 }, () => [119, 29])]])),
    ]
    for (const [index, geojson] of wrong.entries())
      expect([index, (await put(geojson, { version: 2 })).status]).toEqual([index, 400])
    const large = collection(feature('x', [Array.from({ length: 300_000 }, () => [119.12345678, 29.12345678])]))
    expect((await put(large, { version: 2 })).status).toBe(413)
  })

  it('G9: finds and counts within the caller’s scope, and people only for who may read them', async () => {
    const find = async (user: string, q: string) => {
      const as = await world.as(user)
      const { status, body } = await world.call<SearchResult>('GET', `/api/v1/search?q=${encodeURIComponent(q)}`, {
        as,
      })
      expect(status).toBe(200)
      return body
    }
    const names = (result: SearchResult) =>
      [result.sites, result.devices].map((found) => found?.items.map(({ name }) => name))
    expect(names(await find('duty', 'sfx'))).toEqual([
      ['东村 3 号', '槐荫 12 号'],
      ['厨房', '总进线'],
    ])
    expect(names(await find('manager', 'sfx'))).toEqual([['槐荫 12 号'], ['总进线']])
    expect(names(await find('grid', 'sfx'))).toEqual([['东村 3 号'], ['厨房']])
    expect((await find('manager', 'dong')).sites).toEqual({ items: [], total: 0 })
    expect((await find('admin', 'manager')).users?.items.map(({ username }) => username)).toContain('manager')
    for (const user of ['duty', 'manager', 'landlord']) expect((await find(user, 'manager')).users).toBeUndefined()
    expect((await find('installer', 'sfx')).rooms).toBeDefined()
    for (const [q, status] of [
      ['', 400],
      ['%20', 400],
      ['x'.repeat(101), 400],
      ['%25', 200],
    ] as const)
      expect((await world.call('GET', `/api/v1/search?q=${q}`, { as: admin })).status).toBe(status)
    expect((await world.call('GET', '/api/v1/search?q=x', { as: await world.as('wall') })).status).toBe(403)
  })
})
