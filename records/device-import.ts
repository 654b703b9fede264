// An import of devices: all rows or none, and an error names the line that it is about.
import { appendAudit } from './audit.ts'
import type { AuditEntry } from './audit.ts'
import { idTaken, newDeviceRow, noSuchGateway } from './device-row.ts'
import { LedgerError } from './errors.ts'
import type { Actor, ImportRow } from './ledger.ts'
import { sitesOfRows } from './import-places.ts'
import { namesOfGiven } from './places.ts'
import { chunksOf, MAX_IDS, ROWS_PER_INSERT } from './store.ts'
import type { Transacting } from './store.ts'

/** `hashes[i]` is the token hash of `rows[i]`. */
export async function importDevices(
  trx: Transacting,
  actor: Actor,
  rows: readonly ImportRow[],
  hashes: readonly string[],
  now: number,
): Promise<void> {
  refuseRepeatedIds(rows)
  await refuseTakenIds(trx, rows)
  await requireGateways(trx, rows)
  const audit: AuditEntry[] = []
  const siteIds = await sitesOfRows(trx, rows, now, audit)
  const devices = rows.map((row, i) => newDeviceRow(row, siteIds[i] ?? null, hashes[i] ?? '', now))
  for (const chunk of chunksOf(devices, ROWS_PER_INSERT)) await trx.insertInto('device').values(chunk).execute()
  for (const ids of chunksOf(idsOf(rows), MAX_IDS)) {
    await trx.deleteFrom('device_state').where('device_id', 'in', ids).execute()
  }
  for (const { line: _, ...row } of rows) {
    audit.push({ action: 'device.imported', subject: `device:${row.id}`, fields: namesOfGiven(row) })
  }
  await appendAudit(
    trx,
    now,
    audit.map((entry) => ({ ...entry, actor })),
  )
}

const idsOf = (rows: readonly ImportRow[]) => rows.map((row) => row.id)

function refuseRepeatedIds(rows: readonly ImportRow[]): void {
  const first = new Map<string, number>()
  for (const { id, line } of rows) {
    const earlier = first.get(id)
    if (earlier !== undefined) {
      const text = {
        zh: `第 ${line} 行的设备编号 ${id} 与第 ${earlier} 行重复。`,
        en: `Line ${line}: the device id ${id} is already on line ${earlier}.`,
      }
      throw new LedgerError('invalid', text, { line, field: 'id' })
    }
    first.set(id, line)
  }
}

async function refuseTakenIds(trx: Transacting, rows: readonly ImportRow[]): Promise<void> {
  const taken = new Set<string>()
  for (const ids of chunksOf(idsOf(rows), MAX_IDS)) {
    for (const { id } of await trx.selectFrom('device').select('id').where('id', 'in', ids).execute()) taken.add(id)
  }
  const row = rows.find(({ id }) => taken.has(id))
  if (row !== undefined) throw idTaken(row.id, { line: row.line, field: 'id' })
}

/** A gateway may stand in the same file, before or after its children. */
async function requireGateways(trx: Transacting, rows: readonly ImportRow[]): Promise<void> {
  const known = new Set(rows.flatMap((row) => (row.kind === 'gateway' ? row.id : [])))
  const asked = [...new Set(rows.flatMap((row) => row.gatewayId ?? []))].filter((id) => !known.has(id))
  for (const ids of chunksOf(asked, MAX_IDS)) {
    const found = await trx
      .selectFrom('device')
      .select('id')
      .where('kind', '=', 'gateway')
      .where('id', 'in', ids)
      .execute()
    for (const { id } of found) known.add(id)
  }
  for (const { gatewayId, id, line } of rows) {
    if (gatewayId === undefined || gatewayId === null) continue
    if (!known.has(gatewayId) || gatewayId === id) throw noSuchGateway(gatewayId, { line, field: 'gatewayId' })
  }
}
