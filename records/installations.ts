// Devices put up and replaced: who, when, where, kept beside the device itself.
import type { Install, Replace } from '../contract/http/installs.ts'
import type { Attributes } from '../contract/http/devices.ts'
import { KINDS } from '../contract/kinds/table.ts'
import { appendAudit } from './audit.ts'
import { deviceOrThrow, findDevice } from './device-queries.ts'
import { deviceSearchColumns, idTaken, newDeviceRow } from './device-row.ts'
import { newDeviceToken, requireSite } from './devices.ts'
import type { HashToken } from './devices.ts'
import { LedgerError } from './errors.ts'
import type { Actor, LedgerDevice } from './ledger.ts'
import type { Installations } from './ledger/installations.ts'
import { placeInRoom } from './room-stays.ts'
import type { Scope } from './scope.ts'
import { newId } from './store.ts'
import type { Store, Transacting } from './store.ts'

export class InstallationRecords implements Installations {
  readonly #store: Store
  readonly #hashToken: HashToken
  constructor(store: Store, hashToken: HashToken) {
    this.#store = store
    this.#hashToken = hashToken
  }

  install(
    actor: Actor,
    scope: Scope,
    given: Install & { readonly name: string; readonly installedAt: string },
  ): Promise<{ device: LedgerDevice; token: string; claimed: boolean }> {
    const token = newDeviceToken()
    const tokenHash = this.#hashToken(token)
    const { id, kind, name, siteId, position, serial, installedAt } = given
    const attributes: Attributes = { location: position, installedAt, ...(serial === undefined ? {} : { serial }) }
    return this.#store.write(async (trx) => {
      await requireSite(trx, siteId)
      const now = this.#store.now()
      const known = await trx.selectFrom('device').select(['site_id', 'name']).where('id', '=', id).executeTakeFirst()
      if (known === undefined) {
        const row = newDeviceRow({ id, kind, name, attributes }, siteId, tokenHash, now)
        await trx.insertInto('device').values(row).execute()
        await trx.deleteFrom('device_state').where('device_id', '=', id).execute()
      } else {
        const prepared = await this.#prepared(trx, scope, id, known.site_id)
        if (prepared.kind !== kind) throw otherKind(prepared)
        await trx
          .updateTable('device')
          .set({
            site_id: siteId,
            token_hash: tokenHash,
            attributes: JSON.stringify({ ...prepared.attributes, ...attributes }),
            ...deviceSearchColumns(id, known.name),
          })
          .where('id', '=', id)
          .execute()
      }
      if (given.roomId !== undefined) await placeInRoom(trx, { id, kind, siteId }, given.roomId, now)
      await this.#record(trx, actor, { id, kind, siteId }, 'installed', ['siteId', ...Object.keys(attributes)])
      return { device: await deviceOrThrow(trx, id), token, claimed: known !== undefined }
    })
  }

  replace(
    actor: Actor,
    id: string,
    given: Replace & { readonly installedAt: string },
  ): Promise<{ device: LedgerDevice; token: string }> {
    const token = newDeviceToken()
    const tokenHash = this.#hashToken(token)
    return this.#store.write(async (trx) => {
      const old = await deviceOrThrow(trx, id)
      if (old.lifecycle === 'retired') throw retired()
      // What was true of the old set alone does not hold for the new one.
      const kept = Object.entries(old.attributes).filter(([name]) => !OF_THE_SET.has(name))
      const attributes = { ...Object.fromEntries(kept), ...definedOf(given) }
      await trx
        .updateTable('device')
        .set({ token_hash: tokenHash, attributes: JSON.stringify(attributes) })
        .where('id', '=', id)
        .execute()
      await this.#record(trx, actor, old, 'replaced', Object.keys(definedOf(given)))
      return { device: await deviceOrThrow(trx, id), token }
    })
  }

  describe(actor: Actor, id: string, attributes: Attributes): Promise<LedgerDevice> {
    return this.#store.write(async (trx) => {
      const old = await deviceOrThrow(trx, id)
      await trx
        .updateTable('device')
        .set({ attributes: JSON.stringify({ ...old.attributes, ...attributes }) })
        .where('id', '=', id)
        .execute()
      const entry = { actor, action: 'device.updated', subject: `device:${id}`, fields: Object.keys(attributes) }
      await appendAudit(trx, this.#store.now(), [entry])
      return deviceOrThrow(trx, id)
    })
  }

  /** A device that waits to be put up, and may be by whoever has this scope. */
  async #prepared(trx: Transacting, scope: Scope, id: string, siteId: string | null): Promise<LedgerDevice> {
    const inScope = await findDevice(trx, scope, id)
    const device = siteId === null ? await deviceOrThrow(trx, id) : inScope
    if (device !== null && device.lifecycle === 'registered') return device
    // Of a device outside nothing is told but that the id is in use.
    if (inScope === null) throw idTaken(id)
    if (inScope.lifecycle === 'retired') throw retired()
    const text = {
      zh: '这台设备已在使用；换机请用“更换”。',
      en: 'This device is in service already; to put another set in its place, replace it.',
    }
    throw new LedgerError('refused', text, { reason: 'in_service' })
  }

  async #record(
    trx: Transacting,
    actor: Actor,
    { id, kind, siteId }: Pick<LedgerDevice, 'id' | 'kind' | 'siteId'>,
    act: 'installed' | 'replaced',
    fields: readonly string[],
  ): Promise<void> {
    const at = this.#store.now()
    await trx
      .insertInto('installation')
      .values({ id: newId(), device_id: id, site_id: siteId, kind, act, at, user_id: actor.userId })
      .execute()
    await appendAudit(trx, at, [{ actor, action: `device.${act}`, subject: `device:${id}`, fields }])
  }
}

const OF_THE_SET = new Set(['serial', 'maker', 'model', 'firmware', 'simIccid', 'productionDate', 'reportEverySeconds'])

const definedOf = (given: Replace & { readonly installedAt: string }): Attributes =>
  Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined))

function otherKind({ kind }: LedgerDevice): LedgerError {
  const { zh, en } = KINDS[kind].label
  const text = { zh: `这个编号登记的是${zh}。`, en: `This id is registered as another kind: ${en}.` }
  return new LedgerError('refused', text, { reason: 'other_kind', kind })
}

function retired(): LedgerError {
  const text = { zh: '设备已停用报废。', en: 'The device is retired.' }
  return new LedgerError('refused', text, { reason: 'retired' })
}
