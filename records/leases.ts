// Who lives where, and who looks after them. Names and numbers are sealed at rest, masked when shown, and disclosed one lease
// at a time, audited before they are answered.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Page } from '../contract/http/common.ts'
import type { DisclosedTenant, Lease } from '../contract/http/rentals.ts'
import type { Role } from '../contract/role-names.ts'
import { recipientsOf } from './alarm-routing.ts'
import type { ManagerOnDuty } from './alarm-routing.ts'
import { areaPaths } from './areas.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import { currentLeases, disclosedOf, maskedPerson, personIn, sealedPerson, summaryOf } from './lease-row.ts'
import type { Actor, PageQuery } from './ledger.ts'
import type { LeaseChange, Leases, NewLease, RoomOfAlarm } from './ledger/rentals.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import type { PersonalBox } from './personal-box.ts'
import { namesOfGiven } from './places.ts'
import { roomOrThrow } from './rooms.ts'
import { EVERYTHING, inScope, scopeOf, withinScope } from './scope.ts'
import type { PlaceOfThing, Scope } from './scope.ts'
import { newId } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables } from './tables.ts'
import type { LeaseTable } from './tables/rentals.ts'

export class LeaseRecords implements Leases {
  readonly #store: Store
  readonly #box: PersonalBox
  constructor(store: Store, box: PersonalBox) {
    this.#store = store
    this.#box = box
  }

  async list(scope: Scope, roomId: string, { limit, cursor }: PageQuery): Promise<Page<Lease>> {
    const before = decodeCursor(cursor, 'number', 'string')
    const matching = leasesWithin(this.#store.read, scope).where('lease.room_id', '=', roomId)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = placed(matching).orderBy('lease.moved_in_at', 'desc').orderBy('lease.id', 'desc')
    if (before !== null)
      page = page.where((eb) => eb(eb.refTuple('lease.moved_in_at', 'lease.id'), '<', eb.tuple(...before)))
    const rows = await page.limit(limit + 1).execute()
    return pageOfRows(
      rows,
      limit,
      total,
      (row) => [row.moved_in_at, row.id],
      (row) => this.#view(row),
    )
  }

  async get(scope: Scope, id: string): Promise<Lease | null> {
    const row = await placed(leasesWithin(this.#store.read, scope)).where('lease.id', '=', id).executeTakeFirst()
    return row === undefined ? null : this.#view(row)
  }

  moveIn(actor: Actor, roomId: string, lease: NewLease): Promise<Lease> {
    return this.#change(async (trx) => {
      const room = await roomOrThrow(trx, roomId)
      if ((await currentLeases(trx, [roomId])).size > 0) {
        const text = { zh: '房间已有租客，请先办退租。', en: 'Somebody lives there already; let them move out first.' }
        throw new LedgerError('refused', text, { reason: 'has_lease' })
      }
      const now = this.#store.now()
      const id = newId()
      const nobody = { tenant_name: null, tenant_phone: null, landlord_name: null, landlord_phone: null }
      const row: LeaseTable = {
        ...nobody,
        id,
        room_id: roomId,
        ...sealedPerson(this.#box, id, 'tenant', lease.tenant),
        ...sealedPerson(this.#box, id, 'landlord', lease.landlord ?? {}),
        people: lease.tenant.people,
        manager_id: await managerFor(trx, room.site_id, lease.managerId),
        starts: lease.from,
        ends: lease.until,
        moved_in_at: now,
        moved_out_at: null,
      }
      await trx.insertInto('lease').values(row).execute()
      await this.#audit(trx, actor, 'lease.moved_in', id, [`room:${roomId}`, ...namesOfGiven(lease)])
      return id
    })
  }

  update(actor: Actor, id: string, change: LeaseChange): Promise<Lease> {
    return this.#change(async (trx) => {
      const { old, siteId } = await leaseOrThrow(trx, id)
      const { tenant = {}, landlord, managerId, until } = change
      const ends = until === undefined ? old.ends : until
      if (ends !== null && ends < old.starts) {
        const text = { zh: '租期结束早于开始。', en: 'It ends before it begins.' }
        throw new LedgerError('invalid', text, { field: 'until' })
      }
      const landlordGone = landlord === null ? { landlord_name: null, landlord_phone: null } : {}
      await trx
        .updateTable('lease')
        .set({
          ...sealedPerson(this.#box, id, 'tenant', tenant),
          ...sealedPerson(this.#box, id, 'landlord', landlord ?? {}),
          ...landlordGone,
          people: tenant.people ?? old.people,
          manager_id:
            managerId === undefined
              ? old.manager_id
              : managerId === null
                ? null
                : await managerFor(trx, siteId, managerId),
          ends,
        })
        .where('id', '=', id)
        .execute()
      const fields = [
        ...namesOfGiven(tenant).map((name) => `tenant.${name}`),
        ...namesOfGiven({ landlord, managerId, until }),
      ]
      await this.#audit(trx, actor, 'lease.updated', id, fields)
      return id
    })
  }

  moveOut(actor: Actor, id: string): Promise<Lease> {
    return this.#change(async (trx) => {
      const { old } = await leaseOrThrow(trx, id)
      if (old.moved_out_at !== null) {
        const text = { zh: '租客已经退租。', en: 'They have moved out already.' }
        throw new LedgerError('refused', text, { reason: 'ended' })
      }
      await trx.updateTable('lease').set({ moved_out_at: this.#store.now() }).where('id', '=', id).execute()
      await this.#audit(trx, actor, 'lease.moved_out', id, [`room:${old.room_id}`])
      return id
    })
  }

  async disclose(actor: Actor, id: string): Promise<DisclosedTenant> {
    const disclosed = await this.#store.write(async (trx) => {
      const { old } = await leaseOrThrow(trx, id)
      const told = disclosedOf(old, this.#box)
      const fields = (['tenant', 'landlord'] as const).flatMap((who) =>
        told[who] === null ? [] : [`${who}.name`, `${who}.phone`],
      )
      await this.#audit(trx, actor, 'lease.tenant_disclosed', id, fields)
      return told
    })
    return disclosed
  }

  async managersOf(siteId: string): Promise<{ id: string; name: string }[]> {
    return (await managersAt(this.#store.read, siteId)).map(({ id, name }) => ({ id, name }))
  }

  async roomOfAlarm(alarm: { readonly deviceId: string; readonly siteId: string | null }): Promise<RoomOfAlarm | null> {
    const db = this.#store.read
    const room = await roomOfDevice(db, alarm.deviceId)
    if (room === undefined || room.site_id !== alarm.siteId) return null
    const lease = (await currentLeases(db, [room.id])).get(room.id)
    return {
      room: { id: room.id, building: room.building, floor: room.floor, name: room.name },
      lease: lease === undefined ? null : summaryOf(lease, this.#box),
    }
  }

  async recipientsOf(alarm: { readonly deviceId: string } & PlaceOfThing): Promise<readonly string[]> {
    const db = this.#store.read
    const room = await roomOfDevice(db, alarm.deviceId)
    // A device that has moved house since: its alarm is still the old house's.
    const roomId = room !== undefined && room.site_id === alarm.siteId ? room.id : null
    const lease = roomId === null ? undefined : (await currentLeases(db, [roomId])).get(roomId)
    return recipientsOf(alarm, lease === undefined ? null : { managerId: lease.manager_id }, await allManagers(db))
  }

  async #change(work: (trx: Transacting) => Promise<string>): Promise<Lease> {
    const id = await this.#store.write(work)
    const lease = await this.get(EVERYTHING, id)
    if (lease === null) throw noSuchLease()
    return lease
  }

  #view(row: PlacedLease): Lease {
    const landlord = personIn(this.#box, row, 'landlord')
    return {
      ...summaryOf(row, this.#box),
      roomId: row.room_id,
      siteId: row.site_id,
      manager:
        row.manager_id === null || row.manager_name === null ? null : { id: row.manager_id, name: row.manager_name },
      landlord: landlord === null ? null : maskedPerson(landlord),
      movedInAt: row.moved_in_at,
      movedOutAt: row.moved_out_at,
    }
  }

  #audit(trx: Transacting, actor: Actor, action: string, id: string, fields: readonly string[]): Promise<void> {
    return appendAudit(trx, this.#store.now(), [{ actor, action, subject: `lease:${id}`, fields }])
  }
}

interface PlacedLease extends LeaseTable {
  site_id: string
  manager_name: string | null
}

const noSuchLease = () => new LedgerError('not_found', { zh: '没有这份租约。', en: 'There is no such lease.' })

function leasesWithin(db: Kysely<Tables>, scope: Scope) {
  return db
    .selectFrom('lease')
    .innerJoin('room', 'room.id', 'lease.room_id')
    .innerJoin('site', 'site.id', 'room.site_id')
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
}

function placed(from: ReturnType<typeof leasesWithin>) {
  return from
    .leftJoin('app_user', 'app_user.id', 'lease.manager_id')
    .selectAll('lease')
    .select(['room.site_id', 'app_user.name as manager_name'])
}

async function leaseOrThrow(trx: Transacting, id: string): Promise<{ old: LeaseTable; siteId: string }> {
  const row = await trx
    .selectFrom('lease')
    .innerJoin('room', 'room.id', 'lease.room_id')
    .selectAll('lease')
    .select('room.site_id')
    .where('lease.id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw noSuchLease()
  return { old: row, siteId: row.site_id }
}

function roomOfDevice(db: Kysely<Tables>, deviceId: string) {
  return db
    .selectFrom('room_stay')
    .innerJoin('room', 'room.id', 'room_stay.room_id')
    .selectAll('room')
    .where('room_stay.device_id', '=', deviceId)
    .where('room_stay.until', 'is', null)
    .executeTakeFirst()
}

async function allManagers(db: Kysely<Tables>): Promise<(ManagerOnDuty & { readonly name: string })[]> {
  const rows = await db
    .selectFrom('app_user')
    .select(['id', 'name', 'role', 'sites', 'areas', 'disabled'])
    .where('role', '=', 'manager')
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    enabled: row.disabled === 0,
    scope: scopeOf({
      role: row.role as Role,
      sites: JSON.parse(row.sites) as string[],
      areas: JSON.parse(row.areas) as string[],
    }),
  }))
}

async function managersAt(db: Kysely<Tables>, siteId: string) {
  const site = await db.selectFrom('site').select('area_id').where('id', '=', siteId).executeTakeFirst()
  const areaIds = site === undefined ? [] : ((await areaPaths(db, [site.area_id])).get(site.area_id)?.ids ?? [])
  return (await allManagers(db)).filter(({ enabled, scope }) => enabled && inScope(scope, { siteId, areaIds }))
}

/** The one that is asked for, if the house is theirs; without asking, the house's only one. */
async function managerFor(trx: Transacting, siteId: string, asked: string | undefined): Promise<string | null> {
  const managers = await managersAt(trx, siteId)
  if (asked === undefined) return managers.length === 1 ? (managers[0]?.id ?? null) : null
  if (managers.some(({ id }) => id === asked)) return asked
  const text = { zh: '这位管理员不负责此场所。', en: 'That manager does not look after this site.' }
  throw new LedgerError('invalid', text, { field: 'managerId' })
}
