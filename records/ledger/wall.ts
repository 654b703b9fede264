// What the command wall shows of the ledger, as its callers see it.
import type { MapDatum, MapGeometry, WallFigures } from '../../contract/http/wall.ts'
import type { Actor } from '../ledger.ts'
import type { Scope } from '../scope.ts'

export interface MapFeature {
  readonly name: string
  readonly geometry: MapGeometry
}
export interface StoredMap {
  readonly version: number
  readonly datum: MapDatum
  readonly features: readonly MapFeature[]
}
export interface Town {
  readonly id: string
  readonly name: string
  readonly path: string[]
}

export interface Wall {
  /** Areas right below the top with something in the scope: 镇 and 街道 of a county. In the order they were founded. */
  towns(scope: Scope): Promise<Town[]>
  /** Devices with an open alarm, and those with none but an open fault or a lost link. */
  devicesInAlarm(scope: Scope): Promise<{ alarm: number; fault: number }>
  raised(scope: Scope, now: number): Promise<Pick<WallFigures, 'raised' | 'hours'>>
  ackTimes(scope: Scope, now: number): Promise<WallFigures['ack']>
  /** null: nobody has given one. */
  map(): Promise<StoredMap | null>
  /** `version`: the one it replaces, 0 for none; refuses `stale` if another came between. */
  putMap(actor: Actor, version: number, datum: MapDatum, features: readonly MapFeature[]): Promise<StoredMap>
}
