// The map of the wall: a county's GeoJSON becomes outlines of its towns, told apart by name.
import { MAX_MAP_POINTS } from '../../contract/http/wall.ts'
import type { MapGeometry, WallMap } from '../../contract/http/wall.ts'
import type { MapFeature, StoredMap, Town } from '../../records/ledger/wall.ts'
import { ApiError } from './errors.ts'

/** Of a degree: about a metre. Finer is noise on a wall that shows a county. */
const DECIMALS = 5

type Ring = readonly (readonly [number, number, ...number[]])[]

interface GivenFeature {
  readonly properties: { readonly name: string }
  readonly geometry: MapGeometry
}

/** Throws `invalid` for a file with more points than a wall has pixels. */
export function featuresOf(given: readonly GivenFeature[]): MapFeature[] {
  const points = given.reduce((sum, { geometry }) => sum + pointsIn(geometry), 0)
  if (points > MAX_MAP_POINTS)
    throw new ApiError(
      'invalid',
      { field: 'geojson', reason: 'too_many_points', points },
      `边界有 ${points} 个点，最多 ${MAX_MAP_POINTS} 个，请先简化。 The borders have ${points} points; simplify them to ${MAX_MAP_POINTS}.`,
    )
  return given.map(({ properties, geometry }) => ({ name: properties.name, geometry: plain(geometry) }))
}

/** Which town each feature is of, and which towns have none. Only of the towns that are given. */
export function mapOf(stored: StoredMap | null, towns: readonly Town[], withUnmatched: boolean): WallMap {
  const { version, datum, features } = stored ?? { version: 0, datum: 'wgs84' as const, features: [] }
  const matched = features.map((feature) => ({ ...feature, areaId: townNamed(feature.name, towns)?.id ?? null }))
  const drawn = new Set(matched.map(({ areaId }) => areaId))
  return {
    version,
    datum,
    features: matched.filter(({ areaId }) => withUnmatched || areaId !== null),
    missing: towns.filter(({ id }) => !drawn.has(id)).map(({ id, name }) => ({ id, name })),
  }
}

/** The same name, or the only one that differs in what kind of town it is: files say 青禾 and mean 青禾街道. */
function townNamed(name: string, towns: readonly Town[]): Town | null {
  const exact = towns.find((town) => town.name === name)
  if (exact !== undefined) return exact
  const alike = towns.filter((town) => stem(town.name) === stem(name))
  return alike.length === 1 ? (alike[0] ?? null) : null
}

const stem = (name: string): string => (name.length > 2 ? name.replace(/(?:街道|镇|乡)$/u, '') : name)

const ringsOf = ({ type, coordinates }: MapGeometry): readonly Ring[] =>
  type === 'Polygon' ? coordinates : coordinates.flat()

const pointsIn = (geometry: MapGeometry): number => ringsOf(geometry).reduce((sum, ring) => sum + ring.length, 0)

/** Without heights, and without points nearer to the one before than the grain. */
function plain(geometry: MapGeometry): MapGeometry {
  const polygon = (rings: readonly Ring[]) => rings.map(coarse)
  return geometry.type === 'Polygon'
    ? { type: 'Polygon', coordinates: polygon(geometry.coordinates) }
    : { type: 'MultiPolygon', coordinates: geometry.coordinates.map(polygon) }
}

function coarse(ring: Ring): [number, number][] {
  const rounded = ring.map(([lon, lat]): [number, number] => [onGrain(lon), onGrain(lat)])
  const apart = rounded.filter(([lon, lat], i) => i === 0 || lon !== rounded[i - 1]?.[0] || lat !== rounded[i - 1]?.[1])
  // What shrinks to a point stays a ring.
  return apart.length < 4 ? rounded : apart
}

const onGrain = (degrees: number): number => Number(degrees.toFixed(DECIMALS))
