// What a screen was told, held against the ledger.
import { MAX_REPLAY } from '../../contract/feed.ts'
import type { Screen, TakenSnapshot } from '../support/api.ts'
import type { CommittedTransition } from '../../records/ledger.ts'

export interface ScreenAccount {
  /** Neither told nor, further back than a resume replays, within a snapshot. */
  readonly missed: number[]
  readonly doubled: number[]
  readonly outOfOrder: number[]
  /** Events whose `prev` was not the cursor. */
  readonly gaps: Screen['gaps']
  /** Resumes that were answered with a snapshot: a screen that holds a good cursor needs one only when it was away for long. */
  readonly snapshots: number
  /** The heads of those that listed other alarms, or others' states, than were open at that head. */
  readonly wrongSnapshots: number[]
  /** Told with other words than the ledger's. */
  readonly different: number[]
}

export const FAULTLESS: ScreenAccount = {
  missed: [],
  doubled: [],
  outOfOrder: [],
  gaps: [],
  snapshots: 0,
  wrongSnapshots: [],
  different: [],
}

/** The ledger's sequence is 1, 2, 3 … for a screen that sees everything. */
export function account(
  screen: Pick<Screen, 'seen' | 'gaps' | 'snapshots'>,
  ledger: readonly CommittedTransition[],
): ScreenAccount {
  const times = new Map<number, number>()
  const outOfOrder: number[] = []
  let previous = 0
  for (const { seq } of screen.seen) {
    times.set(seq, (times.get(seq) ?? 0) + 1)
    if (seq <= previous) outOfOrder.push(seq)
    previous = seq
  }
  const bySeq = new Map(ledger.map(({ transition }) => [transition.seq, transition]))
  const spared = screen.snapshots.filter(isDue)
  const isSpared = (seq: number): boolean => spared.some(({ cursor, head }) => seq > (cursor ?? 0) && seq <= head)
  return {
    missed: [...bySeq.keys()].filter((seq) => !times.has(seq) && !isSpared(seq)),
    doubled: [...times].filter(([, count]) => count > 1).map(([seq]) => seq),
    outOfOrder,
    gaps: screen.gaps,
    snapshots: screen.snapshots.length,
    wrongSnapshots: wrongOf(screen.snapshots, ledger),
    different: screen.seen
      .filter(({ seq, type, alarm }) => {
        const known = bySeq.get(seq)
        return known === undefined || known.type !== type || known.alarm.id !== alarm.id
      })
      .map(({ seq }) => seq),
  }
}

/** A nearer cursor is owed every transition that followed it. */
const isDue = ({ cursor, head }: TakenSnapshot): boolean => cursor === null || head - cursor > MAX_REPLAY

function wrongOf(snapshots: readonly TakenSnapshot[], ledger: readonly CommittedTransition[]): number[] {
  const open = new Map<string, number>()
  let at = 0
  const wrong: number[] = []
  for (const { head, alarms } of snapshots.toSorted((a, b) => a.head - b.head)) {
    for (; at < ledger.length; at++) {
      const { seq, alarm } = (ledger[at] as CommittedTransition).transition
      if (seq > head) break
      if (alarm.closedAt === null) open.set(alarm.id, seq)
      else open.delete(alarm.id)
    }
    const same = alarms.length === open.size && alarms.every(({ id, seq }) => open.get(id) === seq)
    if (!same) wrong.push(head)
  }
  return wrong
}
