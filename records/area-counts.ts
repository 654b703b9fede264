// What lies in each area and below it, as far as a viewer's scope goes.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { CountedArea } from '../contract/http/places.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import type { Tables } from './tables.ts'

type Counts = Pick<CountedArea, 'sites' | 'devices' | 'openAlarms'>

export async function countsOfAreas(db: Kysely<Tables>, scope: Scope): Promise<(areaId: string) => Counts> {
  const sites = await db
    .selectFrom('site')
    .innerJoin('area_closure', 'area_closure.area_id', 'site.area_id')
    .select((eb) => ['area_closure.ancestor_id as id', eb.fn.countAll<number>().as('n')])
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    .groupBy('area_closure.ancestor_id')
    .execute()
  const devices = await db
    .selectFrom('device')
    .innerJoin('site', 'site.id', 'device.site_id')
    .innerJoin('area_closure', 'area_closure.area_id', 'site.area_id')
    .select((eb) => ['area_closure.ancestor_id as id', eb.fn.countAll<number>().as('n')])
    .where('device.lifecycle', '<>', 'retired')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    .groupBy('area_closure.ancestor_id')
    .execute()
  const alarms = await db
    .selectFrom('alarm')
    .innerJoin('area_closure', 'area_closure.area_id', 'alarm.area_id')
    .select((eb) => ['area_closure.ancestor_id as id', eb.fn.countAll<number>().as('n')])
    .where('alarm.closed_at', 'is', null)
    .where(withinScope(scope, sql.ref('alarm.site_id'), sql.ref('alarm.area_id')))
    .groupBy('area_closure.ancestor_id')
    .execute()
  const [ofSites, ofDevices, ofAlarms] = [sites, devices, alarms].map(
    (rows) => new Map(rows.map((row) => [row.id, row.n])),
  )
  return (id) => ({
    sites: ofSites?.get(id) ?? 0,
    devices: ofDevices?.get(id) ?? 0,
    openAlarms: ofAlarms?.get(id) ?? 0,
  })
}
