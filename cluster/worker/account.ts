// A worker's account of itself: data points over all partitions that it ever had (received = stored + rejected, G10), what
// waits, what was set aside.
import type { IntakeCounts } from '../../ingest/counters.ts'
import type { RejectionReason } from '../../contract/payloads.ts'

export interface PartitionLag {
  readonly partition: number
  /** Entries that wait to be decided for good, and to reach the store. */
  readonly undecided: number
  readonly unstored: number
  /** Wall time of receipt of the oldest that waits, where it is late, ms. */
  readonly lateSince: number | null
}

export interface AccountCounts {
  readonly messages: number
  readonly received: number
  readonly stored: number
  readonly rejected: number
  readonly pending: number
  readonly notCommitted: number
  readonly byReason: Readonly<Partial<Record<RejectionReason, number>>>
}

const NOTHING: AccountCounts = {
  messages: 0,
  received: 0,
  stored: 0,
  rejected: 0,
  pending: 0,
  notCommitted: 0,
  byReason: {},
}

export class Account {
  lags: readonly PartitionLag[] = []
  setAsides = 0
  gaps = 0
  /** Inputs that the store has taken, and the time that took, ms; and in how many writes. */
  written = { inputs: 0, ms: 0, writes: 0 }
  private past: AccountCounts = NOTHING
  private readonly newestAside = new Map<number, number>()

  /** A partition that this worker no longer has. */
  retire(counts: IntakeCounts): void {
    this.past = sum([this.past, counts])
  }

  counts(now: readonly IntakeCounts[]): AccountCounts {
    return sum([this.past, ...now])
  }

  /** Answers whether it is the first time: what is read again is set aside again. */
  setAside(partition: number, position: number): boolean {
    if (position <= (this.newestAside.get(partition) ?? 0)) return false
    this.newestAside.set(partition, position)
    this.setAsides++
    return true
  }

  gap(): void {
    this.gaps++
  }

  wrote(inputs: number, ms: number): void {
    const { written } = this
    this.written = { inputs: written.inputs + inputs, ms: written.ms + ms, writes: written.writes + 1 }
  }

  waiting(): { undecided: number; unstored: number; oldestUndecidedAt: number | null } {
    let [undecided, unstored, oldest] = [0, 0, Infinity]
    for (const lag of this.lags) {
      undecided += lag.undecided
      unstored += lag.unstored
      oldest = Math.min(oldest, lag.lateSince ?? Infinity)
    }
    return { undecided, unstored, oldestUndecidedAt: oldest === Infinity ? null : oldest }
  }
}

function sum(all: readonly AccountCounts[]): AccountCounts {
  const byReason: Partial<Record<RejectionReason, number>> = {}
  let [messages, received, stored, rejected, pending, notCommitted] = [0, 0, 0, 0, 0, 0]
  for (const counts of all) {
    messages += counts.messages
    received += counts.received
    stored += counts.stored
    rejected += counts.rejected
    pending += counts.pending
    notCommitted += counts.notCommitted
    for (const [reason, count] of Object.entries(counts.byReason) as [RejectionReason, number][])
      byReason[reason] = (byReason[reason] ?? 0) + count
  }
  return { messages, received, stored, rejected, pending, notCommitted, byReason }
}
