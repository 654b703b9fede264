// Device → painted: when a screen says that it shows a transition, how long after the hub received its cause.
import type { CommittedTransition } from '../../../records/ledger.ts'
import { inScope } from '../../../records/scope.ts'
import type { DashboardMetrics } from '../metrics.ts'
import type { Connection } from './connection.ts'

/** Transitions remembered; a report on an older one says nothing about the path now. */
const REMEMBERED = 10_000
/** Reports remembered a connection. */
const REMEMBERED_SHOWN = 2_000

export class ShownLatency {
  readonly #metrics: DashboardMetrics
  /** Insertion order = order of the sequence. */
  readonly #receipts = new Map<number, CommittedTransition & { readonly receivedAt: number }>()

  constructor(metrics: DashboardMetrics) {
    this.#metrics = metrics
  }

  sent(committed: CommittedTransition): void {
    const { receivedAt } = committed
    if (receivedAt === null) return
    this.#receipts.set(committed.transition.seq, { ...committed, receivedAt })
    if (this.#receipts.size <= REMEMBERED) return
    const oldest = this.#receipts.keys().next()
    if (!oldest.done) this.#receipts.delete(oldest.value)
  }

  /** Only what was sent live counts: a replay is as late as the gap was long, and says nothing about the path. */
  painted(connection: Connection, seqs: readonly number[], now: number): void {
    const { liveFrom, prev } = connection.line
    for (const seq of seqs) {
      const receipt = this.#receipts.get(seq)
      if (receipt === undefined || seq <= liveFrom || seq > prev || connection.shown.has(seq)) continue
      if (!inScope(connection.principal.scope, receipt)) continue
      if (connection.shown.size >= REMEMBERED_SHOWN) connection.shown.clear()
      connection.shown.add(seq)
      const { priority } = receipt.transition.alarm
      this.#metrics.shown.observe({ priority: String(priority) }, Math.max(0, now - receipt.receivedAt) / 1000)
    }
  }
}
