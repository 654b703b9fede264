// Telling telephones where several processes could: one of them has it as a duty, reads the journal from where the last one had
// told everybody, and marks how far it has come. What was sent and not marked is sent again.
import { JournalTail } from '../../cluster/journal-tail.ts'
import type { AtWork } from '../../cluster/duty.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import type { Push } from './push.ts'

export interface TellingParts {
  readonly ledger: Pick<ClusterLedger, 'journal' | 'onWake'>
  readonly push: Pick<Push, 'heard' | 'begin' | 'leave' | 'oldestOpen'>
  /** Wall time, ms. */
  readonly now: () => number
  readonly failed: (error: unknown) => void
}

/** Nobody is rung for what began longer ago than this, ms: a cluster that was down for a night does not wake the county. */
const OLDEST_TOLD_MS = 3_600_000

/** `mark`: the newest transition that is told; null: nobody has ever told, and what is past stays past. */
export async function tellTelephones(parts: TellingParts, mark: number | null): Promise<AtWork> {
  const { ledger, push, now, failed } = parts
  const from = mark ?? (await ledger.journal.head())
  push.begin()
  const tail = new JournalTail({
    journal: ledger.journal,
    onWake: (listener) => ledger.onWake(listener),
    tell: (committed) => push.heard(committed.filter(({ transition }) => now() - transition.at < OLDEST_TOLD_MS)),
    failed,
  })
  tail.start(from)
  return {
    mark: () => (push.oldestOpen === null ? tail.told : push.oldestOpen - 1),
    async stop() {
      await tail.stop()
      push.leave()
    },
  }
}
