// An ingest worker: its share of the partitions, and everything that goes with them. Inert until `start`.
import type { Redis } from 'ioredis'
import { Commands } from '../../ingest/commands/commands.ts'
import type { CommandLine } from '../../ingest/commands/ports.ts'
import { partitionOf } from '../../contract/partitions.ts'
import type { Clock, FaultPoint, PipelineListener } from '../../ingest/ports.ts'
import type { ReadingStore } from '../../ingest/readings/port.ts'
import type { NewRejection } from '../../records/ledger.ts'
import { FencedOut } from '../../records/ledger/cluster.ts'
import type { ClusterLedger, PartitionRow, SetAside } from '../../records/ledger/cluster.ts'
import { ChangesForgotten, ChangeTail } from '../change-tail.ts'
import { JournalTail } from '../journal-tail.ts'
import { LineSweep } from '../lines/line-sweep.ts'
import { REPORT_EVERY_MS } from '../node-board.ts'
import type { NodeBoard } from '../node-board.ts'
import { StreamReader } from '../streams/stream-reader.ts'
import type { StreamGap } from '../streams/stream-batch.ts'
import type { StreamWriter } from '../streams/stream-writer.ts'
import { Account } from './account.ts'
import type { Directory } from './directory.ts'
import { Undecidable } from './entries.ts'
import { Hearing } from './hearing.ts'
import { Keeper } from './keeper.ts'
import { LiveReadings } from './live-readings.ts'
import { Partition } from './partition.ts'
import { PresenceBoard } from './presence-board.ts'
import { StoreLoop } from './store-loop.ts'
import { Trimmer } from './trimmer.ts'
import { Witnesses } from './witnesses.ts'
import { WorkerReport } from './worker-report.ts'

export interface WorkerLog {
  info(about: object, line: string): void
  warn(about: object, line: string): void
  error(about: object, line: string): void
}

export interface WorkerOptions {
  readonly ledger: ClusterLedger
  readonly redis: Redis
  /** `blocking`, of its own. */
  readonly blocking: Redis
  readonly writer: StreamWriter
  readonly board: NodeBoard
  readonly store: Pick<ReadingStore, 'append'>
  readonly directory: Directory
  readonly line: CommandLine
  /** The same time in all workers: hub time follows the ledger's database. */
  readonly clock: Clock
  readonly log: WorkerLog
  readonly rejected: (samples: readonly NewRejection[]) => void
  readonly inService: (deviceId: string) => void
  readonly faultPoint?: (point: FaultPoint) => void
  /** Only tests are in a hurry. */
  readonly leaseMs?: number
  readonly renewEveryMs?: number
  readonly lookEveryMs?: number
}

const TRIM_EVERY_MS = 2_000
/** How often an entry is tried: it is decided in memory, or also asks the ledger, which may have been away. */
const TRIES = { message: 2, presence: 2, input: 2, act: 5, command: 5 } as const

interface Suspect {
  readonly position: number
  readonly tries: number
  readonly most: number
  readonly problem: string
}

export class Worker {
  readonly account = new Account()
  readonly keeper: Keeper<Partition>
  readonly hearing: Hearing
  readonly storeLoop: StoreLoop
  readonly directory: Directory
  /** Rejects when what it holds in memory is out of date: the process should end and be started again. */
  readonly failed: Promise<never>
  private readonly options: WorkerOptions
  private readonly reader: StreamReader
  private readonly witnesses: Witnesses
  private readonly presences: PresenceBoard
  private readonly liveReadings: LiveReadings
  private readonly trimmer: Trimmer
  private readonly changes: ChangeTail
  private readonly transitions: JournalTail
  private readonly sweep: LineSweep
  private readonly report: WorkerReport
  private readonly suspects = new Map<number, Suspect>()
  private readonly toLook = new Set<Partition>()
  private timers: NodeJS.Timeout[] = []
  private ledgerProblem: string | null = null
  private readingProblem: string | null = null
  private leaving = false

  constructor(options: WorkerOptions) {
    const { ledger, redis, blocking, writer, board, store, directory, clock, log } = options
    this.options = options
    this.directory = directory
    this.reader = new StreamReader({
      blocking,
      redis,
      wall: clock.wall,
      reading: (problem) => {
        this.readingProblem = problem
        if (problem === null) log.info({}, 'the streams are read again')
        else log.error({ problem }, 'the streams cannot be read: nothing is decided until they can')
      },
    })
    this.hearing = new Hearing({
      redis,
      board,
      clock,
      deaf: (away) => this.deaf(away),
      hearing: (problem) => {
        if (problem === null) log.info({}, 'devices can be heard')
        else log.error({ problem }, 'no device can be heard; nobody is called silent until they can')
      },
    })
    this.keeper = new Keeper<Partition>({
      partitions: ledger.partitions,
      self: board.id,
      live: () => this.live(),
      open: (row) => this.open(row),
      changed: () => this.report.partitions(),
      reached: (problem) => this.reached(problem),
      log: (what, partition, cause) => {
        if (cause === undefined) this.report.moved(what, partition)
        else log.warn({ partition, err: cause }, 'partition lost; its memory counts no more')
      },
      ...given(options, 'leaseMs'),
      ...given(options, 'renewEveryMs'),
      ...given(options, 'lookEveryMs'),
    })
    this.storeLoop = new StoreLoop({
      redis,
      store,
      partitions: ledger.partitions,
      kindOf: (deviceId) => directory.get(deviceId)?.profile.kind,
      wall: clock.wall,
      problem: (problem) => {
        if (problem === null) log.info({}, 'readings reach their store again')
        else log.error({ problem }, 'readings do not reach their store; alarms go on, readings wait in the streams')
        this.report.partitions()
      },
      wrote: (inputs, ms) => this.account.wrote(inputs, ms),
    })
    this.report = new WorkerReport({
      redis,
      board,
      log,
      account: this.account,
      held: () => this.keeper.held(),
      storedOf: (partition) => this.storeLoop.storedOf(partition),
      storeProblem: () => this.storeLoop.problem,
    })
    this.witnesses = new Witnesses({
      partitions: ledger.partitions,
      directory,
      owned: (number) => this.keeper.get(number),
    })
    this.presences = new PresenceBoard(redis, ({ row }) => this.keeper.isSure(row))
    this.liveReadings = new LiveReadings(redis)
    this.trimmer = new Trimmer(redis)
    const outdated = Promise.withResolvers<never>()
    this.failed = outdated.promise
    // Whoever waits hears of it; nobody has to.
    this.failed.catch(() => undefined)
    this.changes = new ChangeTail({
      ledger,
      apply: (changes) => directory.take(changes),
      applied: (seq) => void board.change({ applied: seq }),
      failed: (error) => log.warn({ err: error }, 'changes of the ledger could not be taken in; tried again'),
      reload: async () => outdated.reject(new ChangesForgotten()),
    })
    this.transitions = new JournalTail({
      journal: ledger.journal,
      onWake: ledger.onWake,
      tell: async (committed) => {
        await this.lookAtTaken()
        await this.witnesses.heard(committed)
      },
      failed: (error) => log.warn({ err: error }, 'alarms of other partitions could not be looked at; tried again'),
    })
    this.sweep = new LineSweep({
      redis,
      writer,
      board,
      owned: () => this.keeper.held().map(({ number }) => number),
      now: () => performance.now(),
      wall: clock.wall,
      failed: (error) => log.warn({ err: error }, 'lines of brokers that are gone could not be looked at'),
    })
  }

  /** Rejects when the ledger or Redis cannot be asked. */
  async start(): Promise<void> {
    const { ledger, board, directory } = this.options
    await this.changes.start()
    await directory.load()
    this.transitions.start(await ledger.journal.head())
    await this.hearing.start()
    board.start()
    this.reader.start()
    this.storeLoop.start()
    this.presences.start()
    this.liveReadings.start()
    this.sweep.start()
    this.keeper.start()
    this.timers = [
      setInterval(() => void this.trim(), TRIM_EVERY_MS),
      setInterval(() => void this.report.tell(), REPORT_EVERY_MS),
      setInterval(() => void this.lookAtTaken().catch(() => undefined), TRIM_EVERY_MS),
    ]
  }

  /** Finishes what was read, gives its partitions to the others, and goes. */
  async stop(): Promise<void> {
    this.leaving = true
    for (const timer of this.timers) clearInterval(timer)
    await this.options.board.change({ leaving: true })
    await this.keeper.stop()
    this.report.tellMoves()
    await this.storeLoop.stop()
    await this.reader.stop()
    await Promise.all([this.sweep.stop(), this.hearing.stop(), this.transitions.stop(), this.changes.stop()])
    this.presences.stop()
    this.liveReadings.stop()
    await this.options.board.stop()
  }

  /** Its own, while it is loaded. */
  owned(partition: number): Partition | undefined {
    return this.keeper.get(partition)
  }

  get isReady(): { readonly ledger: boolean; readonly streams: boolean; readonly partitions: boolean } {
    return {
      ledger: this.ledgerProblem === null,
      streams: this.readingProblem === null && this.hearing.reachesRedis,
      partitions: this.keeper.isSettled,
    }
  }

  private open(row: PartitionRow): Partition {
    const { ledger, redis, directory, clock, faultPoint } = this.options
    return new Partition(row, {
      ledger,
      redis,
      reader: this.reader,
      directory,
      clock,
      hearing: this.hearing,
      listenerOf: (partition) => this.listenerOf(partition),
      commandsOf: (devices, time) =>
        new Commands({
          clock: time,
          devices,
          line: this.options.line,
          log: {
            add: async (actor, command) => {
              this.beSure(row)
              await ledger.commands.add(actor, command)
            },
            save: async (command) => {
              this.beSure(row)
              await ledger.commands.save(command)
            },
            open: async () =>
              (await ledger.commands.open()).filter(({ deviceId }) => partitionOf(deviceId) === row.partition),
          },
          changed: () => undefined,
          failed: (error) =>
            this.options.log.warn({ err: error }, 'what became of a command was not written down; it is tried again'),
        }),
      live: (partition) => this.isLive(partition),
      ended: (partition) => this.ended(partition),
      lost: (partition, cause) => this.lost(partition, cause),
      gap: (number, gap) => this.gap(number, gap),
      setAside: (entry) => this.setAside(entry),
      poisoned: (number) => {
        const suspect = this.suspects.get(number)
        return suspect !== undefined && suspect.tries >= suspect.most ? suspect : null
      },
      faultPoint,
    })
  }

  /** A process that stood still must not write over what the partition's new owner has written of a command. */
  private beSure(row: PartitionRow): void {
    if (!this.keeper.isSure(row)) throw new FencedOut(`Partition ${row.partition} may belong to somebody else now.`)
  }

  private listenerOf(partition: Partition): PipelineListener {
    const { rejected, inService } = this.options
    return {
      // Everybody hears of them from the ledger.
      transitions: () => undefined,
      stored: (inputs) => {
        partition.commands.stored(inputs)
        this.liveReadings.decided(inputs)
        for (const { deviceId } of inputs) this.presences.heard(partition, deviceId)
      },
      presence: (deviceId, online, at) => this.presences.changed(partition, { deviceId, online, at }),
      rejected,
      inService,
      storing: () => undefined,
    }
  }

  /** Everything that waited is decided. */
  private isLive(partition: Partition): void {
    const { number, epoch, row } = partition
    this.storeLoop.add({ partition: number, epoch, read: () => partition.position }, row.stored)
    this.toLook.add(partition)
    this.presences.add(partition).catch(() => undefined)
  }

  private ended(partition: Partition): void {
    this.account.retire(partition.pipeline.counters.snapshot())
    this.storeLoop.remove({ partition: partition.number, epoch: partition.epoch })
    this.presences.remove(partition)
    this.toLook.delete(partition)
  }

  /** Partitions that were taken since: whether others' alarms concern theirs. What fails is tried again. */
  private async lookAtTaken(): Promise<void> {
    for (const partition of this.toLook) {
      await this.witnesses.taken(partition)
      this.toLook.delete(partition)
    }
  }

  private lost(partition: Partition, cause: Error): void {
    if (cause instanceof Undecidable) {
      const { position, entry } = cause.placed
      const before = this.suspects.get(partition.number)
      const tries = before?.position === position ? before.tries + 1 : 1
      this.suspects.set(partition.number, { position, tries, most: TRIES[entry.type], problem: cause.message })
    }
    this.keeper.lost(partition, cause)
  }

  private setAside(entry: SetAside): void {
    const { sample, ...about } = entry
    if (!this.account.setAside(entry.partition, entry.position)) return
    this.options.log.error(
      { ...about, sampleBytes: sample.length },
      'an entry was set aside: nobody can read or decide it',
    )
  }

  private gap(partition: number, gap: StreamGap): void {
    this.account.gap()
    const { kind, after, found } = gap
    this.options.log.error(
      { partition, after, found },
      kind === 'older'
        ? 'Redis came back without entries that it had: they are lost'
        : 'entries were removed from a stream before they were decided: they are lost',
    )
  }

  private deaf(away: number): void {
    for (const partition of this.keeper.held()) partition.deaf(away)
  }

  private async live(): Promise<readonly string[] | null> {
    try {
      const nodes = await this.options.board.all()
      return nodes.flatMap(({ id, role, leaving }) => (role === 'ingest' && leaving !== true ? [id] : []))
    } catch {
      return null
    }
  }

  private reached(problem: string | null): void {
    if (problem === this.ledgerProblem) return
    const { log, board } = this.options
    this.ledgerProblem = problem
    if (problem === null) log.info({}, 'the ledger answers')
    else log.error({ problem }, 'the ledger does not answer')
    void board.change({ leaving: this.leaving || problem !== null })
  }

  private async trim(): Promise<void> {
    const partitions = this.keeper.held().map(({ number, pipeline }) => ({
      partition: number,
      decided: () => pipeline.decided,
      stored: () => this.storeLoop.storedOf(number),
    }))
    await this.trimmer.trim(partitions).catch(() => undefined)
  }
}

/** An option that may be left out, as it was given. */
function given<K extends keyof WorkerOptions>(options: WorkerOptions, name: K): Partial<Pick<WorkerOptions, K>> {
  return options[name] === undefined ? {} : ({ [name]: options[name] } as Partial<Pick<WorkerOptions, K>>)
}
