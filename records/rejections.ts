// Samples of what was rejected (G10). The counters are elsewhere; these show an installer what a device really sends.
import type { Page } from '../contract/http/common.ts'
import type { Rejection } from '../contract/http/devices.ts'
import type { RejectionReason } from '../contract/payloads.ts'
import { findDevice } from './device-queries.ts'
import { LedgerError } from './errors.ts'
import type { NewRejection, PageQuery, Rejections } from './ledger.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import type { Scope } from './scope.ts'
import { chunksOf, MAX_IDS, ROWS_PER_INSERT } from './store.ts'
import type { Store, Transacting } from './store.ts'
import type { RejectionTable } from './tables.ts'

export const KEPT_PER_DEVICE = 20
export const KEPT_MS = 7 * 86_400_000
export const MAX_SAMPLE_BYTES = 1024

export class RejectionRecords implements Rejections {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async add(rows: readonly NewRejection[]): Promise<void> {
    if (rows.length === 0) return
    const byDevice = Map.groupBy(rows, (row) => row.deviceId)
    await this.#store.write(async (trx) => {
      for (const ids of chunksOf([...byDevice.keys()], MAX_IDS)) {
        const last = await lastNumbers(trx, ids)
        const kept: RejectionTable[] = []
        for (const [deviceId, number] of last) kept.push(...newestRows(byDevice.get(deviceId) ?? [], number))
        for (const chunk of chunksOf(kept, ROWS_PER_INSERT)) await trx.insertInto('rejection').values(chunk).execute()
        for (const { device_id, number } of endsOf(kept)) {
          await trx
            .deleteFrom('rejection')
            .where('device_id', '=', device_id)
            .where('number', '<=', number - KEPT_PER_DEVICE)
            .execute()
        }
      }
    })
  }

  async list(scope: Scope, deviceId: string, query: PageQuery): Promise<Page<Rejection>> {
    const db = this.#store.read
    if ((await findDevice(db, scope, deviceId)) === null) {
      throw new LedgerError('not_found', { zh: '没有这台设备。', en: 'There is no such device.' })
    }
    const before = decodeCursor(query.cursor, 'number')
    const matching = db
      .selectFrom('rejection')
      .where('device_id', '=', deviceId)
      .where('at', '>=', this.#store.now() - KEPT_MS)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching.selectAll().orderBy('number', 'desc')
    if (before !== null) page = page.where('number', '<', before[0])
    const rows = await page.limit(query.limit + 1).execute()
    return pageOfRows(rows, query.limit, total, (row) => [row.number], rejectionOf)
  }
}

/** The newest number of each registered device among `ids`; 0 before the first. */
async function lastNumbers(trx: Transacting, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await trx
    .selectFrom('device')
    .leftJoin('rejection', 'rejection.device_id', 'device.id')
    .select((eb) => ['device.id', eb.fn.max('rejection.number').as('last')])
    .where('device.id', 'in', ids)
    .groupBy('device.id')
    .execute()
  return new Map(rows.map((row) => [row.id, row.last ?? 0]))
}

function newestRows(rows: readonly NewRejection[], last: number): RejectionTable[] {
  const numbered = rows.map((row, i) => ({
    device_id: row.deviceId,
    number: last + 1 + i,
    at: row.at,
    reason: row.reason,
    topic: cut(row.topic),
    detail: cut(row.detail),
    sample: cut(row.sample),
  }))
  return numbered.slice(-KEPT_PER_DEVICE)
}

function endsOf(rows: readonly RejectionTable[]): Iterable<RejectionTable> {
  return new Map(rows.map((row) => [row.device_id, row])).values()
}

/** At most 1 KiB of UTF-8; a character that the cut would split goes. */
function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_SAMPLE_BYTES) return text
  return new TextDecoder().decode(bytes.subarray(0, MAX_SAMPLE_BYTES), { stream: true })
}

function rejectionOf(row: RejectionTable): Rejection {
  return {
    at: row.at,
    reason: row.reason as RejectionReason,
    topic: row.topic,
    detail: row.detail,
    sample: row.sample,
  }
}
