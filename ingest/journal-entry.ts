// A decided transition as the journal takes it: with the names and the place of its moment.
import type { EngineTransition } from './alarms/types.ts'
import type { JournalEntry } from '../records/ledger.ts'
import type { Placement } from './devices.ts'

export function journalEntry(
  transition: EngineTransition,
  placement: Placement,
  at: number,
  receivedAt: number | null,
  address: string | null,
): JournalEntry {
  const { deviceName, siteId, areaIds, place } = placement
  return {
    transition: {
      at,
      sampleTs: transition.sampleTs,
      type: transition.type,
      reason: transition.reason,
      by: transition.by,
      comment: transition.comment,
      alarm: { ...transition.alarm, deviceName, siteId, place: [...place] },
    },
    siteId,
    areaIds,
    receivedAt,
    address,
  }
}
