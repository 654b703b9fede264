// What was looked at in a room when somebody came or went. A list is written once and never changed.
import type { Checklist, ChecklistType } from '../contract/http/rentals.ts'
import type { Page } from '../contract/http/common.ts'
import { appendAudit } from './audit.ts'
import type { Actor, PageQuery } from './ledger.ts'
import type { Checklists, NewChecklist } from './ledger/rentals.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { roomOrThrow, roomsWithin } from './rooms.ts'
import type { Scope } from './scope.ts'
import { newId } from './store.ts'
import type { Store } from './store.ts'
import type { RoomChecklistTable } from './tables/rentals.ts'

type Findings = Pick<Checklist, 'devices' | 'items'>

/** A device is sound if it is heard and its test button answered, to the hub or to a person. */
export const isPassed = ({ devices, items }: Findings): boolean =>
  devices.every(({ online, selfTest, byHand }) => online && (byHand || selfTest?.passed === true)) &&
  items.every(({ ok }) => ok)

export class ChecklistRecords implements Checklists {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async list(scope: Scope, roomId: string, { limit, cursor }: PageQuery): Promise<Page<Checklist>> {
    const before = decodeCursor(cursor, 'number', 'string')
    const matching = roomsWithin(this.#store.read, scope)
      .innerJoin('room_checklist', 'room_checklist.room_id', 'room.id')
      .where('room.id', '=', roomId)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching
      .selectAll('room_checklist')
      .orderBy('room_checklist.at', 'desc')
      .orderBy('room_checklist.id', 'desc')
    if (before !== null)
      page = page.where((eb) => eb(eb.refTuple('room_checklist.at', 'room_checklist.id'), '<', eb.tuple(...before)))
    const rows = await page.limit(limit + 1).execute()
    return pageOfRows(rows, limit, total, (row) => [row.at, row.id], viewOf)
  }

  add(actor: Actor, roomId: string, { type, devices, items }: NewChecklist): Promise<Checklist> {
    return this.#store.write(async (trx) => {
      await roomOrThrow(trx, roomId)
      const row: RoomChecklistTable = {
        id: newId(),
        room_id: roomId,
        type,
        at: this.#store.now(),
        by_id: actor.userId,
        by_name: actor.name,
        items: JSON.stringify({ devices, items } satisfies Findings),
      }
      await trx.insertInto('room_checklist').values(row).execute()
      const entry = {
        actor,
        action: `room.checked_${type}`,
        subject: `room:${roomId}`,
        fields: [`checklist:${row.id}`],
      }
      await appendAudit(trx, row.at, [entry])
      return viewOf(row)
    })
  }
}

function viewOf(row: RoomChecklistTable): Checklist {
  const findings = JSON.parse(row.items) as Findings
  return {
    id: row.id,
    type: row.type as ChecklistType,
    at: row.at,
    by: { id: row.by_id, name: row.by_name },
    ...findings,
    passed: isPassed(findings),
  }
}
