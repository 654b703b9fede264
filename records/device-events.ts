// Events and statuses of devices, kept for a store of readings that holds numbers only.
import type { DeviceEvent, DeviceEvents } from './ledger/device-events.ts'
import { chunksOf, ROWS_PER_INSERT } from './store.ts'
import type { Store } from './store.ts'
import type { DeviceEventTable } from './tables/events.ts'

/** Rows of one look at who opened doors. */
const PAGE = 500
/** What a door says of who opened it, as `JSON.stringify` wrote it. */
const PERSON = 'person'

export class DeviceEventRecords implements DeviceEvents {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async add(events: readonly DeviceEvent[]): Promise<void> {
    if (events.length === 0) return
    // Part of taking messages in: it does not wait for people's writes.
    await this.#store.journal(async (trx) => {
      for (const chunk of chunksOf(events.map(rowOf), ROWS_PER_INSERT))
        await trx
          .insertInto('device_event')
          .values(chunk)
          .onConflict((conflict) => conflict.columns(['device_id', 'ts', 'type', 'name']).doNothing())
          .execute()
    })
  }

  async events({ deviceId, from, to, limit }: Parameters<DeviceEvents['events']>[0]): Promise<DeviceEvent[]> {
    if (to <= from || limit < 1) return []
    const rows = await this.#store.read
      .selectFrom('device_event')
      .selectAll()
      .where('device_id', '=', deviceId)
      .where('ts', '>=', from)
      .where('ts', '<', to)
      .orderBy('ts', 'desc')
      .orderBy('position', 'desc')
      .orderBy('name')
      .limit(limit)
      .execute()
    return rows.map(eventOf)
  }

  async retain(before: number, personsBefore: number): Promise<void> {
    await this.#store.write((trx) => trx.deleteFrom('device_event').where('ts', '<', before).execute())
    for (;;) {
      const rows = await this.#store.read
        .selectFrom('device_event')
        .selectAll()
        .where('kind', '=', 'access')
        .where('ts', '<', personsBefore)
        .where('data', 'like', `%"${PERSON}":%`)
        .limit(PAGE)
        .execute()
      if (rows.length === 0) return
      await this.#store.write(async (trx) => {
        for (const row of rows)
          await trx
            .updateTable('device_event')
            .set({ data: withoutPerson(row.data) })
            .where('device_id', '=', row.device_id)
            .where('ts', '=', row.ts)
            .where('type', '=', row.type)
            .where('name', '=', row.name)
            .execute()
      })
    }
  }
}

/** The member alone goes, at whatever depth and however it is cased: what the search finds must be gone. */
function withoutPerson(data: string): string {
  return JSON.stringify(JSON.parse(data, (key, value: unknown) => (key.toLowerCase() === PERSON ? undefined : value)))
}

function rowOf(event: DeviceEvent): DeviceEventTable {
  return {
    device_id: event.deviceId,
    kind: event.kind,
    type: event.type,
    ts: event.ts,
    received_at: event.receivedAt,
    quality: event.quality,
    name: event.name,
    data: JSON.stringify(event.data),
    position: event.position,
  }
}

function eventOf(row: DeviceEventTable): DeviceEvent {
  return {
    type: row.type as DeviceEvent['type'],
    position: row.position,
    deviceId: row.device_id,
    kind: row.kind,
    ts: row.ts,
    receivedAt: row.received_at,
    quality: row.quality as DeviceEvent['quality'],
    name: row.name,
    data: JSON.parse(row.data) as DeviceEvent['data'],
  }
}
