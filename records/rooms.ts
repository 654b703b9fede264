// Rooms of a house.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Page } from '../contract/http/common.ts'
import type { Room } from '../contract/http/rentals.ts'
import type { NumberedRoom } from '../contract/room-numbers.ts'
import { appendAudit } from './audit.ts'
import type { AuditEntry } from './audit.ts'
import { LedgerError } from './errors.ts'
import { dropFilesOf } from './files.ts'
import { upsertRooms } from './import-rooms.ts'
import { currentLeases, summaryOf } from './lease-row.ts'
import type { Actor } from './ledger.ts'
import type { NewRoom, RoomChange, RoomQuery, Rooms, RoomStay } from './ledger/rentals.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import type { PersonalBox } from './personal-box.ts'
import { namesOfGiven } from './places.ts'
import { EVERYTHING, withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { matchesEveryWord } from './search.ts'
import { chunksOf, MAX_IDS, newId } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables } from './tables.ts'
import type { RoomTable } from './tables/rentals.ts'

export class RoomRecords implements Rooms {
  readonly #store: Store
  readonly #box: PersonalBox
  constructor(store: Store, box: PersonalBox) {
    this.#store = store
    this.#box = box
  }

  async list(scope: Scope, siteId: string, { q, building, limit, cursor }: RoomQuery): Promise<Page<Room>> {
    const db = this.#store.read
    const after = decodeCursor(cursor, 'string', 'number', 'string')
    let matching = roomsWithin(db, scope).where('room.site_id', '=', siteId)
    if (building !== undefined) matching = matching.where('room.building', '=', building)
    if (q !== undefined) matching = matching.where(matchesEveryWord(q, ['room.building', 'room.name']))
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching.selectAll('room').orderBy('room.building').orderBy('room.floor').orderBy('room.name')
    if (after !== null)
      page = page.where((eb) => eb(eb.refTuple('room.building', 'room.floor', 'room.name'), '>', eb.tuple(...after)))
    const rows = await page.limit(limit + 1).execute()
    const views = await this.#views(rows.slice(0, limit))
    const keysOf = (row: RoomTable) => [row.building, row.floor, row.name]
    return { ...pageOfRows(rows, limit, total, keysOf, (row) => row.id), items: views }
  }

  async get(scope: Scope, id: string): Promise<Room | null> {
    const row = await roomsWithin(this.#store.read, scope)
      .selectAll('room')
      .where('room.id', '=', id)
      .executeTakeFirst()
    return row === undefined ? null : ((await this.#views([row]))[0] ?? null)
  }

  create(actor: Actor, siteId: string, room: NewRoom): Promise<Room> {
    return this.#change(async (trx) => {
      await refuseTaken(trx, siteId, room, null)
      const row = newRoomRow(siteId, room, this.#store.now())
      await trx.insertInto('room').values(row).execute()
      await this.#audit(trx, actor, { action: 'room.created', subject: `room:${row.id}`, fields: namesOfGiven(room) })
      return row.id
    })
  }

  createMany(actor: Actor, siteId: string, rooms: readonly NewRoom[]): Promise<readonly NumberedRoom[]> {
    return this.#store.write(async (trx) => {
      const there = await takenOf(trx, siteId, rooms)
      const keys = new Set(there.map(keyOf))
      const fresh = rooms.filter((room) => !keys.has(keyOf(room)))
      const { audit } = await upsertRooms(
        trx,
        fresh.map((room) => ({ ...room, siteId })),
        this.#store.now(),
      )
      await appendAudit(
        trx,
        this.#store.now(),
        audit.map((entry) => ({ ...entry, actor })),
      )
      return there
    })
  }

  taken(siteId: string, rooms: readonly NumberedRoom[]): Promise<readonly NumberedRoom[]> {
    return takenOf(this.#store.read, siteId, rooms)
  }

  update(actor: Actor, id: string, change: RoomChange): Promise<Room> {
    return this.#change(async (trx) => {
      const old = await roomOrThrow(trx, id)
      const named = {
        building: change.building ?? old.building,
        floor: change.floor ?? old.floor,
        name: change.name ?? old.name,
      }
      await refuseTaken(trx, old.site_id, named, id)
      await trx
        .updateTable('room')
        .set({
          ...named,
          area_m2: change.area === undefined ? old.area_m2 : change.area,
          power_limit_w: change.powerLimitW === undefined ? old.power_limit_w : change.powerLimitW,
          max_people: change.maxPeople === undefined ? old.max_people : change.maxPeople,
        })
        .where('id', '=', id)
        .execute()
      await this.#audit(trx, actor, { action: 'room.updated', subject: `room:${id}`, fields: namesOfGiven(change) })
      return id
    })
  }

  delete(actor: Actor, id: string): Promise<void> {
    return this.#store.write(async (trx) => {
      await roomOrThrow(trx, id)
      const lease = await trx
        .selectFrom('lease')
        .select('id')
        .where('room_id', '=', id)
        .where('moved_out_at', 'is', null)
        .executeTakeFirst()
      if (lease !== undefined) {
        const text = {
          zh: '房间有人租住，退租后才能删除。',
          en: 'Somebody lives there; it can be deleted once they have gone.',
        }
        throw new LedgerError('refused', text, { reason: 'has_lease' })
      }
      const device = await trx
        .selectFrom('room_stay')
        .select('device_id')
        .where('room_id', '=', id)
        .where('until', 'is', null)
        .executeTakeFirst()
      if (device !== undefined) {
        const text = {
          zh: `房间里还有设备（如 ${device.device_id}），请先移出。`,
          en: `Devices stand in the room (e.g. ${device.device_id}); move them out first.`,
        }
        throw new LedgerError('refused', text, { reason: 'has_devices' })
      }
      await dropFilesOf(trx, 'room', id)
      await trx.deleteFrom('room').where('id', '=', id).execute()
      await this.#audit(trx, actor, { action: 'room.deleted', subject: `room:${id}` })
    })
  }

  async stays(siteId: string, from: number, to: number): Promise<RoomStay[]> {
    const rows = await this.#store.read
      .selectFrom('room_stay')
      .innerJoin('room', 'room.id', 'room_stay.room_id')
      .selectAll('room_stay')
      .where('room.site_id', '=', siteId)
      .where('room_stay.since', '<', to)
      .where((eb) => eb.or([eb('room_stay.until', 'is', null), eb('room_stay.until', '>', from)]))
      .orderBy('room_stay.since')
      .execute()
    const stays = rows.map((row) => ({
      roomId: row.room_id,
      deviceId: row.device_id,
      kind: row.kind,
      since: row.since,
      until: row.until,
    }))
    const replaced = await this.#replacedAt(stays, from, to)
    return stays.flatMap((stay) => partedAt(stay, replaced.get(stay.deviceId) ?? []))
  }

  /** When another set was put in a device's place, by device. */
  async #replacedAt(stays: readonly RoomStay[], from: number, to: number): Promise<Map<string, number[]>> {
    const at = new Map<string, number[]>()
    for (const ids of chunksOf([...new Set(stays.map(({ deviceId }) => deviceId))], MAX_IDS)) {
      const rows = await this.#store.read
        .selectFrom('installation')
        .select(['device_id', 'at'])
        .where('device_id', 'in', ids)
        .where('act', '=', 'replaced')
        .where('at', '>', from)
        .where('at', '<', to)
        .orderBy('at')
        .execute()
      for (const row of rows) at.getOrInsertComputed(row.device_id, () => []).push(row.at)
    }
    return at
  }

  /** Writes, then reads what has become of the room. */
  async #change(work: (trx: Transacting) => Promise<string>): Promise<Room> {
    const id = await this.#store.write(work)
    const room = await this.get(EVERYTHING, id)
    if (room === null) throw noSuchRoom()
    return room
  }

  async #views(rows: readonly RoomTable[]): Promise<Room[]> {
    if (rows.length === 0) return []
    const db = this.#store.read
    const ids = rows.map((row) => row.id)
    const devices = await db
      .selectFrom('room_stay')
      .select((eb) => ['room_id', eb.fn.countAll<number>().as('devices')])
      .where('room_id', 'in', ids)
      .where('until', 'is', null)
      .groupBy('room_id')
      .execute()
    const alarms = await db
      .selectFrom('room_stay')
      .innerJoin('alarm', 'alarm.device_id', 'room_stay.device_id')
      .select((eb) => ['room_id', eb.fn.min('alarm.priority').as('worst')])
      .where('room_id', 'in', ids)
      .where('until', 'is', null)
      .where('alarm.closed_at', 'is', null)
      .groupBy('room_id')
      .execute()
    const counts = new Map(devices.map((row) => [row.room_id, row.devices]))
    const worst = new Map(alarms.map((row) => [row.room_id, row.worst]))
    const leases = await currentLeases(db, ids)
    return rows.map((row) => {
      const lease = leases.get(row.id)
      return {
        id: row.id,
        siteId: row.site_id,
        building: row.building,
        floor: row.floor,
        name: row.name,
        area: row.area_m2,
        powerLimitW: row.power_limit_w,
        maxPeople: row.max_people,
        devices: counts.get(row.id) ?? 0,
        worst: worst.get(row.id) ?? null,
        lease: lease === undefined ? null : summaryOf(lease, this.#box),
        createdAt: row.created_at,
      }
    })
  }

  #audit(trx: Transacting, actor: Actor, entry: AuditEntry): Promise<void> {
    return appendAudit(trx, this.#store.now(), [{ ...entry, actor }])
  }
}

/** Another set counts from where it likes: its stay is one of its own. */
function partedAt(stay: RoomStay, instants: readonly number[]): RoomStay[] {
  const parts: RoomStay[] = []
  let since = stay.since
  for (const at of instants) {
    if (at <= since || at >= (stay.until ?? Infinity)) continue
    parts.push({ ...stay, since, until: at })
    since = at
  }
  return [...parts, { ...stay, since }]
}

export const keyOf = ({ building, floor, name }: NumberedRoom): string => JSON.stringify([building, floor, name])

export const noSuchRoom = (): LedgerError =>
  new LedgerError('not_found', { zh: '没有这个房间。', en: 'There is no such room.' })

export function roomsWithin(db: Kysely<Tables>, scope: Scope) {
  return db
    .selectFrom('room')
    .innerJoin('site', 'site.id', 'room.site_id')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
}

export async function roomOrThrow(trx: Transacting, id: string): Promise<RoomTable> {
  const row = await trx.selectFrom('room').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw noSuchRoom()
  return row
}

export function newRoomRow(siteId: string, room: NewRoom, now: number): RoomTable {
  return {
    id: newId(),
    site_id: siteId,
    building: room.building,
    floor: room.floor,
    name: room.name,
    area_m2: room.area ?? null,
    power_limit_w: room.powerLimitW ?? null,
    max_people: room.maxPeople ?? null,
    created_at: now,
  }
}

async function takenOf(
  db: Kysely<Tables>,
  siteId: string,
  rooms: readonly NumberedRoom[],
): Promise<readonly NumberedRoom[]> {
  const there = await db
    .selectFrom('room')
    .select(['building', 'floor', 'name'])
    .where('site_id', '=', siteId)
    .execute()
  const keys = new Set(there.map(keyOf))
  return rooms.filter((room) => keys.has(keyOf(room)))
}

async function refuseTaken(trx: Transacting, siteId: string, room: NumberedRoom, ownId: string | null): Promise<void> {
  const same = await trx
    .selectFrom('room')
    .select('id')
    .where('site_id', '=', siteId)
    .where('building', '=', room.building)
    .where('floor', '=', room.floor)
    .where('name', '=', room.name)
    .executeTakeFirst()
  if (same === undefined || same.id === ownId) return
  const text = { zh: `该楼层已有房间 ${room.name}。`, en: `The floor already has a room ${room.name}.` }
  throw new LedgerError('exists', text, { field: 'name' })
}
