// Which partitions a worker should take and which it should give away. Pure: what the ledger says of each partition, who
// lives, and when. Every worker decides for itself; the ledger lets only one take each.
import type { PartitionRow } from '../../records/ledger/cluster.ts'

export interface OwnershipView {
  readonly rows: readonly Pick<PartitionRow, 'partition' | 'owner' | 'until'>[]
  /** Time of the ledger's database, ms. */
  readonly now: number
  readonly self: string
  /** Workers that say they take partitions, oneself among them or not; null: it is not known who does. */
  readonly live: readonly string[] | null
  /** What this process holds in memory. */
  readonly held: ReadonlySet<number>
  /** Since when this process has seen a partition free, in the same time. */
  readonly freeSince: ReadonlyMap<number, number>
  /** Of what it holds: nobody else wanted it a moment ago. It is not offered to them. */
  readonly unwanted: ReadonlySet<number>
}

export interface OwnershipMoves {
  readonly take: readonly number[]
  /** Of those: what others left lying. */
  readonly orphans: readonly number[]
  readonly give: readonly number[]
}

/** A partition that is free for so long, ms, is taken by anybody: those whose share it is do not, for whatever reason. */
export const ORPHANED_AFTER_MS = 3_000
/** Given away in one round: each is a short pause for its devices, and all together would be one for everybody. */
export const GIVEN_AT_ONCE = 4

export function decideOwnership(view: OwnershipView): OwnershipMoves {
  const { rows, now, self, live, held, freeSince, unwanted } = view
  const share = shareOf(rows.length, self, live)
  const room = Math.max(0, share - held.size)
  const free = rows.filter(({ partition, until }) => until <= now && !held.has(partition))
  // What this process held before it lost it in a failure is still in its name; nobody else would take it in time.
  const own = rows.filter(({ partition, owner, until }) => owner === self && until > now && !held.has(partition))
  const orphaned = free.filter(({ partition }) => (freeSince.get(partition) ?? now) + ORPHANED_AFTER_MS <= now)
  const wanted = inTurn(free, self).slice(0, Math.max(0, room - own.length))
  const take = new Set([...own, ...wanted, ...orphaned].map(({ partition }) => partition))
  const offered = [...held].filter((partition) => !unwanted.has(partition)).toSorted((a, b) => b - a)
  const surplus = offered.slice(0, Math.max(0, offered.length - share))
  return {
    take: [...take],
    orphans: orphaned.map(({ partition }) => partition),
    give: live === null ? [] : surplus.slice(0, GIVEN_AT_ONCE),
  }
}

/** As many as everybody gets; the last ones get less. Where it is not known who is there, anything free is taken. */
function shareOf(count: number, self: string, live: readonly string[] | null): number {
  if (live === null) return count
  return Math.ceil(count / new Set([...live, self]).size)
}

/** Each worker begins elsewhere, so that they do not all ask for the same partition first. */
function inTurn<T>(items: readonly T[], self: string): T[] {
  if (items.length === 0) return []
  let hash = 0
  for (const letter of self) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
  const start = hash % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
