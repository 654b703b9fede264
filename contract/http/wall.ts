// The command wall: its figures, and the map of towns that it is drawn on.
import * as z from 'zod'
import { idSchema, instantSchema } from '../ids.ts'

const count = z.number().int().min(0)

/** A town with how many of its devices the hub hears. Whoever was never heard is not silent: it was not put up yet. */
export const wallTownSchema = z.object({
  id: idSchema,
  name: z.string(),
  /** Names from large to small, its own last: what the place of an alarm there begins with. */
  path: z.array(z.string()),
  total: count,
  online: count,
  silent: count,
})
export type WallTown = z.infer<typeof wallTownSchema>

/** Alarms raised in each hour of a day of Beijing, 24 figures, of fire, gas, electricity and security. */
const hours = z.array(count).length(24)

export const wallSchema = z.object({
  at: instantSchema,
  /**
   * GB/T 45839 总数, 在线数, 报警数, 故障数: a device with an open alarm counts as 报警, else one with an open fault or a lost
   * link as 故障. `silent`: in service and not heard.
   */
  devices: z.object({ total: count, online: count, alarm: count, fault: count, silent: count }),
  /** Today, and the other two days up to the same time of day. */
  raised: z.object({ today: count, yesterday: count, lastYear: count }),
  hours: z.object({ today: hours, yesterday: hours }),
  /** From raise to 接警, of alarms raised today, ms; null while nobody has taken one. */
  ack: z.object({ count, median: z.number().min(0).nullable(), p90: z.number().min(0).nullable() }),
  towns: z.array(wallTownSchema),
})
export type WallFigures = z.infer<typeof wallSchema>

/** A file larger than this is refused, bytes. */
export const MAX_MAP_BYTES = 5 * 1024 * 1024
export const MAX_MAP_FEATURES = 500
/** Towns have borders of some thousand points; a file with more was made for a plotter. */
export const MAX_MAP_POINTS = 200_000

const position = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]).rest(z.number())
/** Closed: its last point is its first. */
const ring = z
  .array(position)
  .min(4)
  .refine((points) => {
    const [first, last] = [points[0], points.at(-1)]
    return first?.[0] === last?.[0] && first?.[1] === last?.[1]
  }, 'a ring ends where it began')
const polygon = z.array(ring).min(1)

const geometrySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Polygon'), coordinates: polygon }),
  z.object({ type: z.literal('MultiPolygon'), coordinates: z.array(polygon).min(1) }),
])
export type MapGeometry = z.infer<typeof geometrySchema>

/** GeoJSON (RFC 7946) as people have it: of a feature's properties only the name is kept. */
const geojsonSchema = z.object({
  type: z.literal('FeatureCollection'),
  features: z
    .array(
      z.object({
        type: z.literal('Feature'),
        properties: z.object({ name: z.string().trim().min(1).max(60) }),
        geometry: geometrySchema,
      }),
    )
    .min(1)
    .max(MAX_MAP_FEATURES),
})

/** In what the file was measured. Borders alone are drawn, so nothing is converted; it is kept for what is laid over them. */
export const MAP_DATUMS = ['wgs84', 'gcj02'] as const
const datumSchema = z.enum(MAP_DATUMS)
export type MapDatum = z.infer<typeof datumSchema>

export const putWallMapSchema = z.object({
  /** The version it replaces; 0: there is none. */
  version: z.number().int().min(0),
  datum: datumSchema,
  geojson: geojsonSchema,
})
/** `preview`: says what would be matched, and keeps nothing. */
export const putWallMapQuerySchema = z.object({ preview: z.stringbool().default(false) })

export const wallMapSchema = z.object({
  version: z.number().int().min(0),
  datum: datumSchema,
  /** `areaId`: the town of that name, null if there is none. */
  features: z.array(z.object({ name: z.string(), areaId: idSchema.nullable(), geometry: geometrySchema })),
  /** Towns that no feature is named for. */
  missing: z.array(z.object({ id: idSchema, name: z.string() })),
})
export type WallMap = z.infer<typeof wallMapSchema>
