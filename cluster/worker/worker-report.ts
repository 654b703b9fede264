// What a worker says of itself: on the node board, for everybody to see, and in its log when partitions change hands.
import type { Redis } from 'ioredis'
import type { NodeBoard, NodeReport } from '../node-board.ts'
import type { Account } from './account.ts'
import { countBehind } from './lag.ts'
import type { Partition } from './partition.ts'

export interface WorkerReportOptions {
  readonly redis: Redis
  readonly board: NodeBoard
  readonly log: { info(about: object, line: string): void }
  readonly account: Account
  readonly held: () => readonly Partition[]
  /** Everything up to here of a partition is in the store. */
  readonly storedOf: (partition: number) => number
  readonly storeProblem: () => string | null
}

export class WorkerReport {
  private readonly options: WorkerReportOptions
  /** Partitions taken and given since it was last told. */
  private moves: [what: string, partition: number][] = []

  constructor(options: WorkerReportOptions) {
    this.options = options
  }

  moved(what: string, partition: number): void {
    this.moves.push([what, partition])
  }

  /** Which ones it has, and whether their readings reach the store. */
  partitions(): void {
    const { board, held, storeProblem } = this.options
    const partitions = held().map(({ number }) => number)
    void board.change({ partitions, storeProblem: storeProblem() })
  }

  tellMoves(): void {
    const moves = this.moves.splice(0)
    if (moves.length === 0) return
    const of = (what: string): number[] => moves.flatMap(([how, partition]) => (how === what ? [partition] : []))
    this.options.log.info({ taken: of('taken'), given: of('given') }, 'partitions changed hands')
  }

  /** How much waits. */
  async tell(): Promise<void> {
    const { redis, board, account, held, storedOf } = this.options
    this.tellMoves()
    try {
      account.lags = await Promise.all(
        held().map(async (partition) => {
          const { number, position, pipeline, lateSince } = partition
          const [unread, unstored] = await Promise.all([
            countBehind(redis, number, position),
            countBehind(redis, number, storedOf(number)),
          ])
          return { partition: number, undecided: unread + pipeline.backlog.messages, unstored, lateSince }
        }),
      )
      const { undecided, unstored, oldestUndecidedAt } = account.waiting()
      await board.change({ undecided, unstored, oldestUndecidedAt, points: this.points() })
    } catch {
      // Redis is away: nobody can be told either.
    }
  }

  /** What is taken and not yet decided for good counts as not received: the equation holds at every instant. */
  private points(): NonNullable<NodeReport['points']> {
    const { account, held } = this.options
    const counts = account.counts(held().map(({ pipeline }) => pipeline.counters.snapshot()))
    const { received, pending, stored, rejected } = counts
    const byReason = Object.fromEntries(Object.entries(counts.byReason).filter(([, count]) => count > 0))
    return { received: received - pending, stored, rejected, byReason }
  }
}
