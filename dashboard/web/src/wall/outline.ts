// Borders as paths of a drawing of this size. Planar: a county is so small that a map is its longitudes shortened by its
// latitude, and GeoJSON from everywhere winds its rings either way, which a spherical projection takes for the rest of the world.
import { geoIdentity, geoPath } from 'd3-geo'
import type { MapGeometry, WallMap } from '../../../../contract/http/wall.ts'

export interface Outline {
  readonly name: string
  readonly areaId: string | null
  /** Of an SVG path. */
  readonly d: string
  /** Where its label stands, in the drawing's units. */
  readonly x: number
  readonly y: number
}

const MARGIN = 16

export function outlinesOf(features: WallMap['features'], width: number, height: number): Outline[] {
  if (features.length === 0) return []
  const shrink = Math.cos((middleLatitude(features) * Math.PI) / 180)
  const flat = features.map((feature) => ({ ...feature, geometry: flattened(feature.geometry, shrink) }))
  const projection = geoIdentity()
    .reflectY(true)
    .fitExtent(
      [
        [MARGIN, MARGIN],
        [width - MARGIN, height - MARGIN],
      ],
      { type: 'GeometryCollection', geometries: flat.map(({ geometry }) => geometry) },
    )
  const path = geoPath(projection).digits(1)
  return flat.map(({ name, areaId, geometry }) => {
    const [x, y] = path.centroid(geometry)
    return { name, areaId, d: path(geometry) ?? '', x, y }
  })
}

type Position = readonly [number, number, ...number[]]

function middleLatitude(features: WallMap['features']): number {
  let [south, north] = [90, -90]
  for (const { geometry } of features)
    for (const ring of geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat())
      for (const [, latitude] of ring as readonly Position[]) {
        south = Math.min(south, latitude)
        north = Math.max(north, latitude)
      }
  return (south + north) / 2
}

function flattened(geometry: MapGeometry, shrink: number) {
  const ring = (points: readonly Position[]) => points.map(([longitude, latitude]) => [longitude * shrink, latitude])
  return geometry.type === 'Polygon'
    ? { type: 'Polygon' as const, coordinates: geometry.coordinates.map(ring) }
    : { type: 'MultiPolygon' as const, coordinates: geometry.coordinates.map((rings) => rings.map(ring)) }
}
