// Finding devices: pages for people, identities for the hub's memory.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Page } from '../contract/http/common.ts'
import type { Attributes, Lifecycle } from '../contract/http/devices.ts'
import type { KindName } from '../contract/kinds/kind.ts'
import type { Regime } from '../contract/site-profile.ts'
import { areaPaths, NOWHERE } from './areas.ts'
import { LedgerError } from './errors.ts'
import type { DeviceIdentity, DeviceQuery, IdentityFilter, LedgerDevice } from './ledger.ts'
import { decodeCursor, encodeCursor } from './page.ts'
import { EVERYTHING, withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { matchesEveryWord } from './search.ts'
import type { DeviceTable, Tables } from './tables.ts'

export async function listDevices(db: Kysely<Tables>, scope: Scope, query: DeviceQuery): Promise<Page<LedgerDevice>> {
  const after = decodeCursor(query.cursor, 'string')?.[0] ?? ''
  const visible = withinScope(scope, sql.ref('device.site_id'), sql.ref('site.area_id'))
  const matching = narrowed(devicesInPlace(db), query).where(visible)
  const { total, ids } =
    query.among === undefined && query.except === undefined
      ? await idsAfter(matching, after, query.limit + 1)
      : await idsHeldAgainst(matching, query, after, query.limit + 1)
  const shown = ids.slice(0, query.limit)
  const rows = await placed(devicesInPlace(db)).where('device.id', 'in', shown).orderBy('device.id').execute()
  const last = shown.at(-1)
  const next = ids.length > shown.length && last !== undefined ? encodeCursor([last]) : null
  return { items: await deviceViews(db, rows), next, total }
}

async function idsAfter(
  matching: DevicesInPlace,
  after: string,
  limit: number,
): Promise<{ total: number; ids: string[] }> {
  const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  const rows = await matching
    .select('device.id')
    .where('device.id', '>', after)
    .orderBy('device.id')
    .limit(limit)
    .execute()
  return { total, ids: rows.map((row) => row.id) }
}

/** Lists in memory (who is online) may be longer than a statement takes parameters: all matching ids are held against them. */
async function idsHeldAgainst(
  matching: DevicesInPlace,
  { among, except }: DeviceQuery,
  after: string,
  limit: number,
): Promise<{ total: number; ids: string[] }> {
  const only = among === undefined ? null : new Set(among)
  const not = new Set(except)
  const rows = await matching.select('device.id').orderBy('device.id').execute()
  const ids = rows.flatMap(({ id }) => ((only?.has(id) ?? true) && !not.has(id) ? id : []))
  return { total: ids.length, ids: ids.filter((id) => id > after).slice(0, limit) }
}

export async function findDevice(db: Kysely<Tables>, scope: Scope, id: string): Promise<LedgerDevice | null> {
  const rows = await placed(devicesInPlace(db))
    .where('device.id', '=', id)
    .where(withinScope(scope, sql.ref('device.site_id'), sql.ref('site.area_id')))
    .execute()
  return (await deviceViews(db, rows))[0] ?? null
}

export async function deviceOrThrow(db: Kysely<Tables>, id: string): Promise<LedgerDevice> {
  const device = await findDevice(db, EVERYTHING, id)
  if (device === null) throw new LedgerError('not_found', { zh: '没有这台设备。', en: 'There is no such device.' })
  return device
}

export async function identitiesAfter(
  db: Kysely<Tables>,
  filter: IdentityFilter,
  id: string,
  limit: number,
): Promise<DeviceIdentity[]> {
  let devices = devicesInPlace(db).where('device.id', '>', id)
  if (filter.partition !== undefined) devices = devices.where('device.partition', '=', filter.partition)
  if (filter.ids !== undefined) devices = devices.where('device.id', 'in', [...filter.ids])
  if (filter.siteId !== undefined) devices = devices.where('device.site_id', '=', filter.siteId)
  if (filter.areaId !== undefined)
    devices = devices.where(
      'site.area_id',
      'in',
      db.selectFrom('area_closure').select('area_closure.area_id').where('ancestor_id', '=', filter.areaId),
    )
  return identityViews(db, await placed(devices).orderBy('device.id').limit(limit).execute())
}

export async function identitiesOf(
  db: Kysely<Tables>,
  column: 'device.id' | 'device.site_id',
  value: string,
): Promise<DeviceIdentity[]> {
  return identityViews(db, await placed(devicesInPlace(db)).where(column, '=', value).orderBy('device.id').execute())
}

interface PlacedDevice extends DeviceTable {
  area_id: string | null
  room_id: string | null
  site_name: string | null
  site_regime: string | null
}

function devicesInPlace(db: Kysely<Tables>) {
  return db
    .selectFrom('device')
    .leftJoin('site', 'site.id', 'device.site_id')
    .leftJoin('room_stay', (join) =>
      join.onRef('room_stay.device_id', '=', 'device.id').on('room_stay.until', 'is', null),
    )
}
type DevicesInPlace = ReturnType<typeof devicesInPlace>

function placed(from: DevicesInPlace) {
  return from
    .selectAll('device')
    .select(['site.area_id', 'site.name as site_name', 'site.regime as site_regime', 'room_stay.room_id'])
}

function narrowed(from: DevicesInPlace, query: DeviceQuery): DevicesInPlace {
  let devices = from
  if (query.q !== undefined)
    devices = devices.where(
      matchesEveryWord(query.q, ['device.search', 'site.search'], ['device.pinyin', 'site.pinyin']),
    )
  if (query.kind !== undefined) devices = devices.where('device.kind', '=', query.kind)
  if (query.siteId !== undefined) devices = devices.where('device.site_id', '=', query.siteId)
  if (query.roomId !== undefined) devices = devices.where('room_stay.room_id', '=', query.roomId)
  if (query.lifecycle !== undefined) devices = devices.where('device.lifecycle', '=', query.lifecycle)
  return devices
}

/** The place of each row, by the id of its area. */
async function pathsOf(db: Kysely<Tables>, rows: readonly PlacedDevice[]) {
  return areaPaths(
    db,
    rows.flatMap((row) => row.area_id ?? []),
  )
}

async function deviceViews(db: Kysely<Tables>, rows: readonly PlacedDevice[]): Promise<LedgerDevice[]> {
  if (rows.length === 0) return []
  const paths = await pathsOf(db, rows)
  const open = await db
    .selectFrom('alarm')
    .select((eb) => ['device_id', eb.fn.min('priority').as('worst')])
    .where('closed_at', 'is', null)
    .where(
      'device_id',
      'in',
      rows.map((row) => row.id),
    )
    .groupBy('device_id')
    .execute()
  const worst = new Map(open.map((row) => [row.device_id, row.worst]))
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind as KindName,
    name: row.name,
    siteId: row.site_id,
    roomId: row.room_id,
    place: [...(paths.get(row.area_id ?? '') ?? NOWHERE).names, ...(row.site_name === null ? [] : [row.site_name])],
    gatewayId: row.gateway_id,
    attributes: JSON.parse(row.attributes) as Attributes,
    lifecycle: row.lifecycle as Lifecycle,
    worst: worst.get(row.id) ?? null,
    createdAt: row.created_at,
  }))
}

async function identityViews(db: Kysely<Tables>, rows: readonly PlacedDevice[]): Promise<DeviceIdentity[]> {
  const paths = await pathsOf(db, rows)
  return rows.map((row) => {
    const area = paths.get(row.area_id ?? '') ?? NOWHERE
    return {
      id: row.id,
      uid: row.uid,
      kind: row.kind as KindName,
      name: row.name,
      tokenHash: row.token_hash,
      lifecycle: row.lifecycle as Lifecycle,
      gatewayId: row.gateway_id,
      attributes: JSON.parse(row.attributes) as Attributes,
      siteId: row.site_id,
      areaIds: area.ids,
      place: [...area.names, ...(row.site_name === null ? [] : [row.site_name])],
      siteRegime: (row.site_regime ?? 'normal') as Regime,
      createdAt: row.created_at,
    }
  })
}
