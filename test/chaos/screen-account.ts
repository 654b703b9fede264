// What a screen was told, held against the ledger.
import type { Screen } from '../support/api.ts'
import type { CommittedTransition } from '../../records/ledger.ts'

export interface ScreenAccount {
  readonly missed: number[]
  readonly doubled: number[]
  readonly outOfOrder: number[]
  /** Events whose `prev` was not the cursor. */
  readonly gaps: Screen['gaps']
  /** Resumes that were answered with a snapshot: a screen that holds a good cursor never needs one. */
  readonly snapshots: number
  /** Told with other words than the ledger's. */
  readonly different: number[]
}

export const FAULTLESS: ScreenAccount = {
  missed: [],
  doubled: [],
  outOfOrder: [],
  gaps: [],
  snapshots: 0,
  different: [],
}

/** The ledger's sequence is 1, 2, 3 … for a screen that sees everything. */
export function account(screen: Screen, ledger: readonly CommittedTransition[]): ScreenAccount {
  const times = new Map<number, number>()
  const outOfOrder: number[] = []
  let previous = 0
  for (const { seq } of screen.seen) {
    times.set(seq, (times.get(seq) ?? 0) + 1)
    if (seq <= previous) outOfOrder.push(seq)
    previous = seq
  }
  const bySeq = new Map(ledger.map(({ transition }) => [transition.seq, transition]))
  return {
    missed: [...bySeq.keys()].filter((seq) => !times.has(seq)),
    doubled: [...times].filter(([, count]) => count > 1).map(([seq]) => seq),
    outOfOrder,
    gaps: screen.gaps,
    snapshots: screen.snapshots,
    different: screen.seen
      .filter(({ seq, type, alarm }) => {
        const known = bySeq.get(seq)
        return known === undefined || known.type !== type || known.alarm.id !== alarm.id
      })
      .map(({ seq }) => seq),
  }
}
