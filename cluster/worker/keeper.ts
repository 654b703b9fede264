// Keeps a worker's fair share of the partitions: takes what is free, renews what it has, gives away what is too much, and drops
// what the ledger says is no longer its own.
import type { Held, PartitionRow, Partitions } from '../../records/ledger/cluster.ts'
import { FencedOut } from '../../records/ledger/cluster.ts'
import { decideOwnership } from './ownership.ts'

/** A partition in this process; see `Partition`. */
export interface Kept {
  readonly number: number
  readonly epoch: number
  start(): Promise<void>
  stop(): Promise<void>
  drop(cause: Error): void
}

export interface KeeperOptions<T extends Kept> {
  readonly partitions: Pick<Partitions, 'all' | 'take' | 'renew' | 'release'>
  readonly self: string
  /** Ids of the workers that take partitions; null while that is not known. */
  readonly live: () => Promise<readonly string[] | null>
  readonly open: (row: PartitionRow) => T
  /** It is loaded, or is no longer held. After each of both. */
  readonly changed: () => void
  /** The ledger answers, or does not (why). */
  readonly reached: (problem: string | null) => void
  readonly log: (what: 'taken' | 'given' | 'lost', partition: number, cause?: Error) => void
  readonly leaseMs?: number
  readonly renewEveryMs?: number
  readonly lookEveryMs?: number
}

export const LEASE_MS = 10_000
const RENEW_EVERY_MS = 3_000
const LOOK_EVERY_MS = 1_000
/** Loaded at the same time: each reads the states of its devices. */
const LOADED_AT_ONCE = 8
/** Pauses before a partition that was lost is taken again, ms; the last is kept to. */
const PAUSES_MS = [0, 250, 1_000, 3_000] as const
/** A partition that was held for so long was not taken in vain, ms. */
const HELD_WELL_MS = 30_000

/** How long what nobody else wanted is not offered to them again, ms. */
const UNWANTED_MS = 15_000

interface Failures {
  readonly count: number
  /** Monotonic, ms: not before. */
  readonly notBefore: number
  readonly since: number
}

export class Keeper<T extends Kept> {
  private readonly options: KeeperOptions<T>
  private readonly keeping = new Map<number, T>()
  private readonly loaded = new Set<T>()
  private readonly failures = new Map<number, Failures>()
  /** When the lease was asked for that a partition is held by, monotonic, ms. */
  private readonly askedAt = new Map<number, number>()
  private readonly freeSince = new Map<number, number>()
  /** Taken because nobody else did; when, monotonic, ms. */
  private readonly unwanted = new Map<number, number>()
  /** Those that there were at the last look. */
  private workers = ''
  private timers: NodeJS.Timeout[] = []
  private looking: Promise<void> | null = null
  private renewing: Promise<void> | null = null
  private stopping = false
  private ownerChanges = 0

  constructor(options: KeeperOptions<T>) {
    this.options = options
  }

  start(): void {
    const { lookEveryMs = LOOK_EVERY_MS, renewEveryMs = RENEW_EVERY_MS } = this.options
    this.timers = [setInterval(() => void this.look(), lookEveryMs), setInterval(() => void this.renew(), renewEveryMs)]
    void this.look()
  }

  /**
   * Whether it is certainly one's own still: by the process's own clock, which goes on while the process stands still. For what
   * is written where no epoch is asked for.
   */
  isSure({ partition, epoch }: Held): boolean {
    const { leaseMs = LEASE_MS } = this.options
    const asked = this.askedAt.get(partition)
    return this.keeping.get(partition)?.epoch === epoch && asked !== undefined && performance.now() < asked + leaseMs
  }

  /** Those that are loaded. */
  held(): readonly T[] {
    return [...this.loaded]
  }

  get(partition: number): T | undefined {
    const kept = this.keeping.get(partition)
    return kept !== undefined && this.loaded.has(kept) ? kept : undefined
  }

  /** How often a partition was taken or lost. */
  get changes(): number {
    return this.ownerChanges
  }

  /** Every partition that it took is loaded. */
  get isSettled(): boolean {
    return this.loaded.size === this.keeping.size
  }

  /** Its memory counts no more. */
  lost(kept: T, cause: Error): void {
    const { number } = kept
    if (this.keeping.get(number) !== kept) return
    this.forget(kept)
    const now = performance.now()
    const before = this.failures.get(number)
    const count = before !== undefined && now - before.since < HELD_WELL_MS ? before.count + 1 : 0
    // One that belongs to somebody else is taken when it is free, not because it was lost.
    const wait = PAUSES_MS[Math.min(count, PAUSES_MS.length - 1)] as number
    if (!(cause instanceof FencedOut))
      this.failures.set(number, { count, notBefore: now + wait * (0.5 + Math.random()), since: now })
    this.options.log('lost', number, cause)
    void this.look()
  }

  /** Gives everything back, so that others may take it at once. */
  async stop(): Promise<void> {
    this.stopping = true
    for (const timer of this.timers) clearInterval(timer)
    await this.looking
    const renewal = setInterval(() => void this.renew(), this.options.renewEveryMs ?? RENEW_EVERY_MS)
    try {
      await eachOf([...this.keeping.values()], LOADED_AT_ONCE, (kept) => this.give(kept))
    } finally {
      clearInterval(renewal)
      await this.renewing
    }
  }

  /** Looks now rather than in a second. */
  look(): Promise<void> {
    if (this.stopping) return Promise.resolve()
    return (this.looking ??= this.lookOnce().finally(() => (this.looking = null)))
  }

  private async lookOnce(): Promise<void> {
    const { partitions, live, self, reached } = this.options
    try {
      const [rows, workers] = await Promise.all([partitions.all(), live()])
      reached(null)
      const now = rows[0]?.now ?? 0
      this.noteFree(rows, now)
      const { freeSince } = this
      this.noteWorkers(workers)
      const held = new Set(this.keeping.keys())
      const unwanted = this.recentlyUnwanted()
      const moves = decideOwnership({ rows, now, self, live: workers, held, freeSince, unwanted })
      for (const number of moves.orphans) this.unwanted.set(number, performance.now())
      const ready = moves.take.filter((number) => (this.failures.get(number)?.notBefore ?? 0) <= performance.now())
      await Promise.all([
        eachOf(ready, LOADED_AT_ONCE, (number) => this.take(number)),
        ...moves.give.map((number) => this.give(this.keeping.get(number))),
      ])
    } catch (error) {
      reached((error as Error).message)
    }
  }

  /** Other workers may want what those before them did not. */
  private noteWorkers(workers: readonly string[] | null): void {
    const key = workers?.toSorted().join(' ') ?? ''
    if (key === this.workers) return
    this.workers = key
    this.unwanted.clear()
  }

  /** Who stood still for a moment only is there again: after a while they are offered once more. */
  private recentlyUnwanted(): ReadonlySet<number> {
    const now = performance.now()
    for (const [number, since] of this.unwanted) if (now - since >= UNWANTED_MS) this.unwanted.delete(number)
    return new Set(this.unwanted.keys())
  }

  private noteFree(rows: readonly PartitionRow[], now: number): void {
    for (const { partition, until } of rows) {
      if (until > now) this.freeSince.delete(partition)
      else if (!this.freeSince.has(partition)) this.freeSince.set(partition, now)
    }
  }

  private async take(number: number): Promise<void> {
    const { partitions, self, open, leaseMs = LEASE_MS, changed, log } = this.options
    if (this.stopping || this.keeping.has(number)) return
    const asked = performance.now()
    const row = await partitions.take(number, self, leaseMs)
    if (row === null) return
    const kept = open(row)
    this.keeping.set(number, kept)
    this.askedAt.set(number, asked)
    this.ownerChanges++
    try {
      await kept.start()
    } catch (error) {
      kept.drop(error as Error)
      this.lost(kept, error as Error)
      return
    }
    // Lost while it was being read.
    if (this.keeping.get(number) !== kept) return
    this.loaded.add(kept)
    log('taken', number)
    changed()
  }

  /** Finishes what was read; then anybody may have it. */
  private async give(kept: T | undefined): Promise<void> {
    if (kept === undefined || !this.loaded.has(kept)) return
    const { number, epoch } = kept
    this.loaded.delete(kept)
    try {
      await kept.stop()
    } finally {
      if (this.keeping.get(number) === kept) {
        this.forget(kept)
        this.options.log('given', number)
        await this.options.partitions.release({ partition: number, epoch }).catch(() => undefined)
      }
    }
  }

  private forget(kept: T): void {
    this.keeping.delete(kept.number)
    this.loaded.delete(kept)
    this.ownerChanges++
    this.options.changed()
  }

  private renew(): Promise<void> {
    return (this.renewing ??= this.renewOnce().finally(() => (this.renewing = null)))
  }

  private async renewOnce(): Promise<void> {
    const { partitions, leaseMs = LEASE_MS, reached } = this.options
    const asked = [...this.keeping.values()]
    if (asked.length === 0) return
    try {
      const since = performance.now()
      const held: readonly Held[] = asked.map(({ number, epoch }) => ({ partition: number, epoch }))
      const still = new Set((await partitions.renew(held, leaseMs)).map(({ partition }) => partition))
      reached(null)
      for (const kept of asked) {
        if (this.keeping.get(kept.number) !== kept) continue
        if (still.has(kept.number)) {
          this.askedAt.set(kept.number, since)
          continue
        }
        const cause = new FencedOut(`Partition ${kept.number} belongs to somebody else now.`)
        kept.drop(cause)
        this.lost(kept, cause)
      }
    } catch (error) {
      // While the ledger is away nobody takes them either.
      reached((error as Error).message)
    }
  }
}

async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  await Promise.all(
    Array.from({ length: Math.min(atOnce, queue.length) }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
    }),
  )
}
