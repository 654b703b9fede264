// Devices: what is registered, where it is, what lets it in.
import { randomBytes } from 'node:crypto'
import type { Page } from '../contract/http/common.ts'
import { appendAudit } from './audit.ts'
import { importDevices } from './device-import.ts'
import { deviceSearchColumns, idTaken, newDeviceRow, noSuchGateway } from './device-row.ts'
import { deviceOrThrow, findDevice, identitiesAfter, identitiesOf, listDevices } from './device-queries.ts'
import { LedgerError } from './errors.ts'
import { dropFilesOf } from './files.ts'
import type {
  Actor,
  DeviceChange,
  DeviceIdentity,
  DeviceQuery,
  Devices,
  IdentityFilter,
  ImportRow,
  LedgerDevice,
  NewDevice,
} from './ledger.ts'
import { namesOfGiven } from './places.ts'
import { leaveRoom, leaveSite, placeInRoom } from './room-stays.ts'
import type { Scope } from './scope.ts'
import { chunksOf, MAX_IDS } from './store.ts'
import type { Store, Transacting } from './store.ts'

export type HashToken = (token: string) => string

const IDENTITIES_PER_READ = 1_000

/** 256 random bits. */
export function newDeviceToken(): string {
  return randomBytes(32).toString('base64url')
}

export class DeviceRecords implements Devices {
  readonly #store: Store
  readonly #hashToken: HashToken
  constructor(store: Store, hashToken: HashToken) {
    this.#store = store
    this.#hashToken = hashToken
  }

  list(scope: Scope, query: DeviceQuery): Promise<Page<LedgerDevice>> {
    return listDevices(this.#store.read, scope, query)
  }

  get(scope: Scope, id: string): Promise<LedgerDevice | null> {
    return findDevice(this.#store.read, scope, id)
  }

  create(actor: Actor, device: NewDevice): Promise<{ device: LedgerDevice; token: string }> {
    const token = newDeviceToken()
    return this.#store.write(async (trx) => {
      const taken = await trx.selectFrom('device').select('id').where('id', '=', device.id).executeTakeFirst()
      if (taken !== undefined) throw idTaken(device.id)
      await requireSite(trx, device.siteId ?? null)
      await requireGateway(trx, device.gatewayId ?? null, device.id)
      const row = newDeviceRow(device, device.siteId ?? null, this.#hashToken(token), this.#store.now())
      await trx.insertInto('device').values(row).execute()
      // What an earlier device of this id left behind must not be taken for its own.
      await trx.deleteFrom('device_state').where('device_id', '=', device.id).execute()
      await this.#audit(trx, actor, 'device.created', device.id, namesOfGiven(device))
      return { device: await deviceOrThrow(trx, device.id), token }
    })
  }

  import(actor: Actor, rows: readonly ImportRow[]): Promise<{ id: string; token: string }[]> {
    const tokens = rows.map((row) => ({ id: row.id, token: newDeviceToken() }))
    const hashes = tokens.map(({ token }) => this.#hashToken(token))
    return this.#store.write(async (trx) => {
      await importDevices(trx, actor, rows, hashes, this.#store.now())
      return tokens
    })
  }

  update(actor: Actor, id: string, change: DeviceChange): Promise<LedgerDevice> {
    return this.#store.write(async (trx) => {
      const old = await deviceOrThrow(trx, id)
      if (change.siteId !== undefined) await requireSite(trx, change.siteId)
      if (change.gatewayId !== undefined) await requireGateway(trx, change.gatewayId, id)
      const name = change.name ?? old.name
      await trx
        .updateTable('device')
        .set({
          name,
          ...deviceSearchColumns(id, name),
          site_id: change.siteId === undefined ? old.siteId : change.siteId,
          gateway_id: change.gatewayId === undefined ? old.gatewayId : change.gatewayId,
          attributes: JSON.stringify(change.attributes ?? old.attributes),
          lifecycle: change.lifecycle ?? old.lifecycle,
        })
        .where('id', '=', id)
        .execute()
      await this.#placeInRoom(trx, old, change)
      await this.#audit(trx, actor, 'device.updated', id, namesOfGiven(change))
      return deviceOrThrow(trx, id)
    })
  }

  delete(actor: Actor, id: string): Promise<void> {
    return this.#store.write(async (trx) => {
      const device = await deviceOrThrow(trx, id)
      if (device.worst !== null) {
        const text = {
          zh: '设备还有未关闭的报警，处理完毕后才能删除。',
          en: 'The device has open alarms; it can be deleted once they are closed.',
        }
        throw new LedgerError('refused', text, { reason: 'open_alarms' })
      }
      const child = await trx.selectFrom('device').select('id').where('gateway_id', '=', id).executeTakeFirst()
      if (child !== undefined) {
        const text = {
          zh: `网关下还有子设备（如 ${child.id}），请先移走。`,
          en: `The gateway still has children (e.g. ${child.id}); move them first.`,
        }
        throw new LedgerError('refused', text, { reason: 'has_children' })
      }
      await leaveSite(trx, id, this.#store.now())
      await trx.deleteFrom('device').where('id', '=', id).execute()
      await trx.deleteFrom('device_state').where('device_id', '=', id).execute()
      await dropFilesOf(trx, 'device', id)
      await this.#audit(trx, actor, 'device.deleted', id, [])
    })
  }

  newToken(actor: Actor, id: string): Promise<string> {
    const token = newDeviceToken()
    return this.#store.write(async (trx) => {
      await deviceOrThrow(trx, id)
      await trx
        .updateTable('device')
        .set({ token_hash: this.#hashToken(token) })
        .where('id', '=', id)
        .execute()
      await this.#audit(trx, actor, 'device.token_renewed', id, [])
      return token
    })
  }

  async heard(ids: readonly string[]): Promise<void> {
    await this.#store.write(async (trx) => {
      for (const chunk of chunksOf(ids, MAX_IDS)) {
        await trx
          .updateTable('device')
          .set({ lifecycle: 'in_service' })
          .where('id', 'in', chunk)
          .where('lifecycle', '=', 'registered')
          .execute()
      }
    })
  }

  async *identities(filter: IdentityFilter = {}): AsyncIterable<DeviceIdentity> {
    let last = ''
    while (true) {
      const identities = await identitiesAfter(this.#store.read, filter, last, IDENTITIES_PER_READ)
      yield* identities
      const end = identities.at(-1)
      if (end === undefined || identities.length < IDENTITIES_PER_READ) return
      last = end.id
    }
  }

  async identity(id: string): Promise<DeviceIdentity | null> {
    return (await identitiesOf(this.#store.read, 'device.id', id))[0] ?? null
  }

  identitiesOfSite(siteId: string): Promise<DeviceIdentity[]> {
    return identitiesOf(this.#store.read, 'device.site_id', siteId)
  }

  async #placeInRoom(trx: Transacting, old: LedgerDevice, change: DeviceChange): Promise<void> {
    const now = this.#store.now()
    const siteId = change.siteId === undefined ? old.siteId : change.siteId
    if (siteId !== old.siteId) await leaveSite(trx, old.id, now)
    if (change.lifecycle === 'retired') await leaveRoom(trx, old.id, now)
    if (change.roomId !== undefined) await placeInRoom(trx, { id: old.id, kind: old.kind, siteId }, change.roomId, now)
  }

  #audit(trx: Transacting, actor: Actor, action: string, id: string, fields: readonly string[]): Promise<void> {
    return appendAudit(trx, this.#store.now(), [{ actor, action, subject: `device:${id}`, fields }])
  }
}

export async function requireSite(trx: Transacting, siteId: string | null): Promise<void> {
  if (siteId === null) return
  const site = await trx.selectFrom('site').select('id').where('id', '=', siteId).executeTakeFirst()
  if (site !== undefined) return
  throw new LedgerError('invalid', { zh: '没有这个场所。', en: 'There is no such site.' }, { field: 'siteId' })
}

async function requireGateway(trx: Transacting, gatewayId: string | null, ownId: string): Promise<void> {
  if (gatewayId === null) return
  const gateway = await trx.selectFrom('device').select('kind').where('id', '=', gatewayId).executeTakeFirst()
  if (gateway?.kind === 'gateway' && gatewayId !== ownId) return
  throw noSuchGateway(gatewayId, { field: 'gatewayId' })
}
