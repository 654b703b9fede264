// What every process of the cluster says of itself, for the others: that it lives, what it holds, how far it has come.
import type { Redis } from 'ioredis'
import type { BridgesReport } from './bridges.ts'
import { NODES_KEY, nodeKey } from './keys.ts'

export type NodeRole = 'broker' | 'ingest' | 'dashboard'

export interface NodeReport {
  /** Another one after every start. */
  readonly id: string
  readonly role: NodeRole
  /** Wall time, ms. */
  readonly startedAt: number
  /** Newest change of the ledger that its memory has taken in (`LedgerChanges`). */
  readonly applied: number
  /** Ingest: what it owns. */
  readonly partitions?: readonly number[]
  /** Ingest: it takes no partitions, because it is leaving or does not reach the ledger; the others share them. */
  readonly leaving?: boolean
  /** Ingest: why readings do not reach the store; null: they do. */
  readonly storeProblem?: string | null
  /** Ingest: entries that wait to be decided, and to be stored; wall time of the oldest undecided one's receipt, ms. */
  readonly undecided?: number
  readonly unstored?: number
  readonly oldestUndecidedAt?: number | null
  /** Ingest: data points since its start; received = stored + rejected. */
  readonly points?: {
    readonly received: number
    readonly stored: number
    readonly rejected: number
    readonly byReason: Readonly<Record<string, number>>
  }
  /** Broker: open connections of devices, and what it refused since its start, by reason. */
  readonly connections?: number
  readonly refused?: Readonly<Record<string, number>>
  /** Broker: external brokers that are to be read, and what those do that it reads. */
  readonly bridges?: BridgesReport
  /** Dashboard: desks whose horn is armed. */
  readonly desksArmed?: number
}

/** A report is believed this long, ms; a process says its word every third of it. */
export const BELIEVED_MS = 6_000
export const REPORT_EVERY_MS = BELIEVED_MS / 3

export class NodeBoard {
  private readonly redis: Redis
  private report: NodeReport
  private timer: NodeJS.Timeout | null = null
  private stopped = false

  constructor(redis: Redis, own: Pick<NodeReport, 'id' | 'role' | 'startedAt'>) {
    this.redis = redis
    this.report = { ...own, applied: 0 }
  }

  get id(): string {
    return this.report.id
  }

  start(): void {
    this.timer ??= setInterval(() => void this.say(), REPORT_EVERY_MS)
    void this.say()
  }

  /** Says so at once: others may be waiting for it. */
  async change(change: Partial<Omit<NodeReport, 'id' | 'role' | 'startedAt'>>): Promise<void> {
    this.report = { ...this.report, ...change }
    await this.say()
  }

  /** All that are alive, by their own word. Rejects while Redis is away. */
  async all(): Promise<NodeReport[]> {
    const ids = await this.redis.smembers(NODES_KEY)
    if (ids.length === 0) return []
    const said = await this.redis.mget(ids.map(nodeKey))
    const gone = ids.filter((_, i) => said[i] === null)
    if (gone.length > 0) await this.redis.srem(NODES_KEY, ...gone)
    return said.flatMap((text) => (text == null ? [] : [JSON.parse(text) as NodeReport]))
  }

  /** Takes its name off the board: nobody waits for it any more. */
  async stop(): Promise<void> {
    this.stopped = true
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
    await Promise.allSettled([this.redis.del(nodeKey(this.id)), this.redis.srem(NODES_KEY, this.id)])
  }

  private async say(): Promise<void> {
    if (this.stopped) return
    // While Redis is away nobody can read it either; the next round says it.
    await Promise.allSettled([
      this.redis.set(nodeKey(this.id), JSON.stringify(this.report), 'PX', BELIEVED_MS),
      this.redis.sadd(NODES_KEY, this.id),
    ])
  }
}
