// The fake hub's routes for the command wall: its figures, counted over the invented county, and its map.
import type { FastifyInstance } from 'fastify'
import { putWallMapSchema, wallMapSchema, wallSchema } from '../../../contract/http/wall.ts'
import type { WallMap } from '../../../contract/http/wall.ts'
import { userOf } from './fake-call.ts'
import type { FakeHub } from './fake-hub.ts'

const DAY_MS = 86_400_000

export function addWallApi(app: FastifyInstance, hub: FakeHub): void {
  const names = [...new Set(hub.world.sites.map((site) => site.area.slice(0, 2).join('/')))]
  const towns = names.map((path, index) => ({ id: `town-${index}`, path: path.split('/') }))
  let map: WallMap | null = null

  app.get('/api/v1/wall', (request) => {
    userOf(hub, request)
    const open = [...hub.journal.alarms.values()].filter(({ closedAt }) => closedAt === null)
    const devicesWith = (...categories: string[]) =>
      new Set(open.filter(({ category }) => categories.includes(category)).map(({ deviceId }) => deviceId))
    const alarm = devicesWith('fire', 'gas', 'electrical', 'security')
    const fault = devicesWith('fault', 'offline').difference(alarm)
    const at = hub.now()
    const hour = Math.floor(((at + 8 * 3_600_000) % DAY_MS) / 3_600_000)
    const curve = (height: number) => Array.from({ length: 24 }, (_, h) => Math.round(height * (1 + Math.sin(h / 3))))
    const today = curve(4).map((count, h) => (h > hour ? 0 : count))
    const counted = (devices: typeof hub.world.devices) => ({
      total: devices.length,
      online: devices.filter(({ online }) => online).length,
      silent: devices.filter(({ online, lastHeardAt }) => !online && lastHeardAt !== null).length,
    })
    return wallSchema.parse({
      at,
      devices: { ...counted(hub.world.devices), alarm: alarm.size, fault: fault.size },
      raised: { today: today.reduce((sum, count) => sum + count, 0), yesterday: 88, lastYear: 0 },
      hours: { today, yesterday: curve(5) },
      ack: { count: 23, median: 41_000, p90: 156_000 },
      towns: towns.map(({ id, path }) => ({
        id,
        path,
        name: path.at(-1),
        ...counted(hub.world.devices.filter(({ place }) => place[1] === path[1])),
      })),
    })
  })

  app.get('/api/v1/wall/map', (request) => {
    userOf(hub, request)
    return (
      map ?? { version: 0, datum: 'wgs84', features: [], missing: towns.map(({ id, path }) => ({ id, name: path[1] })) }
    )
  })

  app.put('/api/v1/wall/map', { bodyLimit: 5 * 1024 * 1024 }, (request) => {
    userOf(hub, request)
    const { datum, geojson, version } = putWallMapSchema.strict().parse(request.body)
    const features = geojson.features.map(({ properties, geometry }) => ({
      name: properties.name,
      areaId: towns.find(({ path }) => path[1] === properties.name)?.id ?? null,
      geometry,
    }))
    const drawn = new Set(features.map(({ areaId }) => areaId))
    const missing = towns.filter(({ id }) => !drawn.has(id)).map(({ id, path }) => ({ id, name: path[1] }))
    const preview = (request.query as { preview?: string }).preview === 'true'
    const made = wallMapSchema.parse({ version: preview ? version : version + 1, datum, features, missing })
    if (!preview) map = made
    return made
  })
}
