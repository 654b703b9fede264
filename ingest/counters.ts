// received = stored + rejected, always (G10): an account of data points, of the hub since its start and of each device since
// the hub knows it. Kept in memory only: what is written now and then would not be exact after a crash.
import { REJECTION_REASONS } from '../contract/payloads.ts'
import type { RejectionReason } from '../contract/payloads.ts'
import type { Rejected } from './codecs/codec.ts'

export interface IntakeCounts {
  readonly messages: number
  /** Data points received, stored and rejected; the first is the sum of the other two and of what is being committed. */
  readonly received: number
  readonly stored: number
  readonly rejected: number
  /** Taken, not yet durable. */
  readonly pending: number
  /** Taken, then refused because the commit failed: never acknowledged, so the device sends it again. */
  readonly notCommitted: number
  readonly byReason: Readonly<Record<RejectionReason, number>>
}

export class Counters {
  private messages = 0
  private received = 0
  private stored = 0
  private rejectedTotal = 0
  private pending = 0
  private notCommitted = 0
  /** Most devices never have anything rejected, and there are ten thousand of them. */
  private byReason: Map<RejectionReason, number> | null = null

  message(points: number, rejected: readonly Rejected[]): void {
    this.messages++
    this.received += points
    this.pending += points - rejected.length
    for (const { reason } of rejected) this.reject(reason)
  }

  committed(points: number): void {
    this.pending -= points
    this.stored += points
  }

  failed(points: number): void {
    this.pending -= points
    this.received -= points
    this.notCommitted += points
  }

  get rejected(): number {
    return this.rejectedTotal
  }

  snapshot(): IntakeCounts {
    return {
      messages: this.messages,
      received: this.received,
      stored: this.stored,
      rejected: this.rejectedTotal,
      pending: this.pending,
      notCommitted: this.notCommitted,
      byReason: Object.fromEntries(
        REJECTION_REASONS.map((reason) => [reason, this.byReason?.get(reason) ?? 0]),
      ) as Record<RejectionReason, number>,
    }
  }

  private reject(reason: RejectionReason): void {
    this.rejectedTotal++
    this.byReason ??= new Map()
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1)
  }
}
