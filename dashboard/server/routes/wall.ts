// The command wall's figures and its map.
import { API_ROOT } from '../../../contract/http/common.ts'
import {
  MAX_MAP_BYTES,
  putWallMapQuerySchema,
  putWallMapSchema,
  wallMapSchema,
  wallSchema,
} from '../../../contract/http/wall.ts'
import { EVERYTHING, inScope } from '../../../records/scope.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { featuresOf, mapOf } from '../wall-map.ts'
import { errors } from './answers.ts'

const NONE = { total: 0, online: 0, silent: 0 }

export function wallRoutes(app: App, { ports, now }: Context): void {
  const { wall } = ports.records
  const tags = ['wall']

  app.get(
    `${API_ROOT}/wall`,
    {
      config: { access: role('wall:show', 'filtered') },
      schema: {
        summary:
          '大屏数字：设备总数、在线、报警、故障，今日报警与昨日、上年同期，接警用时，各镇街在线。 The wall’s figures.',
        response: { 200: wallSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { scope } = principalOf(request)
      const at = now()
      const heard = ports.presence.tally((place) => inScope(scope, place))
      const [towns, inAlarm, raised, ack] = await Promise.all([
        wall.towns(scope),
        wall.devicesInAlarm(scope),
        wall.raised(scope, at),
        wall.ackTimes(scope, at),
      ])
      return {
        at,
        devices: { ...heard.all, ...inAlarm },
        ...raised,
        ack,
        towns: towns.map((town) => ({ ...town, ...(heard.byArea.get(town.id) ?? NONE) })),
      }
    },
  )

  app.get(
    `${API_ROOT}/wall/map`,
    {
      config: { access: role('wall:show', 'filtered') },
      schema: { summary: '大屏地图。 The wall’s map.', response: { 200: wallMapSchema, ...errors }, tags },
    },
    async (request) => {
      const { scope } = principalOf(request)
      return mapOf(await wall.map(), await wall.towns(scope), scope.all)
    },
  )

  app.put(
    `${API_ROOT}/wall/map`,
    {
      config: { access: role('wall:write', 'whole_hub') },
      bodyLimit: MAX_MAP_BYTES,
      schema: {
        summary:
          '以 GeoJSON 更换大屏地图，按名称对应镇街；preview=true 只看对应结果。 Replaces the map; preview=true only says what matches.',
        querystring: putWallMapQuerySchema,
        body: putWallMapSchema.strict(),
        response: { 200: wallMapSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { version, datum, geojson } = request.body
      const features = featuresOf(geojson.features)
      const towns = await wall.towns(EVERYTHING)
      if (request.query.preview) return mapOf({ version, datum, features }, towns, true)
      const actor = actorOf(principalOf(request), request.from.address)
      return mapOf(await wall.putMap(actor, version, datum, features), towns, true)
    },
  )
}
