// A new device's row, and what may be wrong with it.
import { partitionOf } from '../contract/partitions.ts'
import { LedgerError } from './errors.ts'
import type { NewDevice } from './ledger.ts'
import { folded, pinyinText } from './pinyin.ts'
import { newId } from './store.ts'
import type { DeviceTable } from './tables.ts'

export function newDeviceRow(device: NewDevice, siteId: string | null, tokenHash: string, now: number): DeviceTable {
  return {
    id: device.id,
    uid: newId(),
    kind: device.kind,
    name: device.name,
    site_id: siteId,
    gateway_id: device.gatewayId ?? null,
    attributes: JSON.stringify(device.attributes ?? {}),
    lifecycle: 'registered',
    token_hash: tokenHash,
    ...deviceSearchColumns(device.id, device.name),
    created_at: now,
    partition: partitionOf(device.id),
  }
}

export function idTaken(id: string, details: Readonly<Record<string, unknown>> = { field: 'id' }): LedgerError {
  const text = { zh: `设备编号 ${id} 已被使用。`, en: `The device id ${id} is already in use.` }
  return new LedgerError('exists', text, details)
}

export function noSuchGateway(id: string, details: Readonly<Record<string, unknown>>): LedgerError {
  const text = { zh: `没有编号为 ${id} 的网关。`, en: `There is no gateway with the id ${id}.` }
  return new LedgerError('invalid', text, details)
}

export function deviceSearchColumns(id: string, name: string): Pick<DeviceTable, 'search' | 'pinyin'> {
  return { search: folded(`${id} ${name}`), pinyin: pinyinText([name]) }
}
