// What the ledger keeps for the scaled-out form, beside what it keeps for both: who owns which partition and how far it has
// come, what became of requests, and what changed so that every process's memory can follow. PostgreSQL only.
import type { CommittedTransition, DeviceState, Journal, Ledger } from '../ledger.ts'

/** The partition belongs to somebody else now: nothing was written, and nothing in memory counts any more. */
export class FencedOut extends Error {
  override readonly name = 'FencedOut'
}

export interface PartitionRow {
  readonly partition: number
  /** Rises with every change of owner: the fence. */
  readonly epoch: number
  /** Id of a process; null before the first. */
  readonly owner: string | null
  /** Until when it is owned unless it is renewed, the database's wall time, ms; and that clock's time now. */
  readonly until: number
  readonly now: number
  /** Every entry up to these positions is decided, and its readings are in the store. */
  readonly decided: number
  readonly stored: number
}

export interface Held {
  readonly partition: number
  readonly epoch: number
}

export interface Partitions {
  /** Makes the rows at the first start of a cluster; throws LedgerUnusable when it was made with another number. */
  ensure(count: number): Promise<void>
  all(): Promise<PartitionRow[]>
  /** null: somebody else holds it. One's own is taken anew, with a new epoch. */
  take(partition: number, owner: string, leaseMs: number): Promise<PartitionRow | null>
  /** Answers those that are still one's own. */
  renew(held: readonly Held[], leaseMs: number): Promise<readonly Held[]>
  /** Ends the lease now, so that another may take it at once. */
  release(held: Held): Promise<void>
  /** The mark of the store; false when it is no longer one's own. Never goes back. */
  markStored(held: Held, position: number): Promise<boolean>
  /**
   * The journal of one partition: states, open alarms and positions are those of its devices; `append` is fenced by the epoch
   * (FencedOut), moves `decided` to the batch's checkpoint, and writes the batch's answers, all in the one transaction.
   */
  journal(held: Held): Journal
  /** What the ledger has of these devices, whoever owns them. */
  statesOf(deviceIds: readonly string[]): Promise<DeviceState[]>
}

/** What became of a request that travelled in a stream; kept for a day. */
export interface Answer {
  readonly requestId: string
  /** JSON, in the words of whoever asked. */
  readonly body: string
}

/** An answer written in the transaction of what it tells of: the transitions have their sequence numbers by then. */
export interface AnswerOfBatch {
  readonly requestId: string
  /** `committed`: the entries of the very same `append`, in their order. */
  readonly body: (committed: readonly CommittedTransition[]) => string
}

export interface Answers {
  find(requestId: string): Promise<string | null>
  /** Of a request that changed nothing in the journal. The first answer stays. */
  add(answer: Answer): Promise<void>
}

export type ChangedThing = 'device' | 'site' | 'area' | 'rules' | 'user' | 'session' | 'token' | 'setting' | 'command'

/** Something in the ledger became another; whoever keeps it in memory reads it again. Written in the change's transaction. */
export interface LedgerChange {
  readonly seq: number
  readonly what: ChangedThing
  /** Of a rule: its kind; of a session: the hash of its cookie; of a bearer token: its id. */
  readonly id: string
}

export interface LedgerChanges {
  newest(): Promise<number>
  /** Ascending, gapless unless they are older than a day. */
  after(seq: number, limit: number): Promise<LedgerChange[]>
}

/** An entry that no code here could read or decide, set aside so that those behind it go on (G10). */
export interface SetAside {
  readonly partition: number
  readonly position: number
  /** Wall time, ms. */
  readonly at: number
  readonly problem: string
  /** '' where it could not be read. */
  readonly deviceId: string
  /** Redacted and cut, as samples of rejections are. */
  readonly sample: string
}
export interface SetAsides {
  add(entry: SetAside): Promise<void>
  /** Newest first. */
  list(query: { readonly limit: number; readonly before?: number | undefined }): Promise<{
    readonly items: readonly (SetAside & { readonly id: number })[]
    readonly total: number
  }>
}

/** Work of which a cluster has one at a time: whoever holds it does it, and says how far it has come. */
export interface Duties {
  /** null: somebody else holds it. `mark`: how far whoever held it before had come; null before the first word. */
  hold(name: string, holder: string, leaseMs: number): Promise<{ readonly mark: number | null } | null>
  /** False when somebody else holds it by now. The mark never goes back; null leaves it. */
  renew(name: string, holder: string, leaseMs: number, mark: number | null): Promise<boolean>
  /** Ends one's own lease now. */
  release(name: string, holder: string): Promise<void>
}

export type Wake = 'transition' | 'change' | 'answer'

export interface ClusterLedger extends Ledger {
  readonly partitions: Partitions
  readonly answers: Answers
  readonly changes: LedgerChanges
  readonly setAsides: SetAsides
  readonly duties: Duties
  /**
   * Something new may be there to be read. Only wakes: after a lost connection it is called for everything once, and
   * whoever must not miss anything also looks by itself now and then.
   */
  onWake(listener: (what: Wake) => void): () => void
}
