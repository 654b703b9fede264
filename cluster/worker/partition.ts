// One partition in one process: its devices and their states in memory, its stream read from where the ledger says it is
// decided. Whatever goes wrong, its memory counts no more: it is dropped, and taken anew by whoever owns it then.
import type { Redis } from 'ioredis'
import type { Commands } from '../../ingest/commands/commands.ts'
import { Devices, isSamePlace } from '../../ingest/devices.ts'
import type { Runtime } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import type { Clock, FaultPoint, PipelineListener } from '../../ingest/ports.ts'
import type { ReadingStore } from '../../ingest/readings/port.ts'
import { partitionOf } from '../../contract/partitions.ts'
import type { ClusterLedger, PartitionRow, SetAside } from '../../records/ledger/cluster.ts'
import { readAfter } from '../streams/stream-reader.ts'
import type { StreamReader } from '../streams/stream-reader.ts'
import type { StreamBatch, StreamGap } from '../streams/stream-batch.ts'
import type { Directory, KnownDevice } from './directory.ts'
import { Entries, receiptOf } from './entries.ts'
import type { Hearing } from './hearing.ts'
import { PartitionClock } from './partition-clock.ts'

export interface PartitionParts {
  readonly ledger: Pick<ClusterLedger, 'partitions' | 'answers' | 'setAsides'>
  readonly redis: Redis
  readonly reader: Pick<StreamReader, 'next' | 'cancel'>
  readonly directory: Directory
  readonly clock: Clock
  readonly hearing: Pick<Hearing, 'recentlyAway' | 'newestGap'>
  readonly listenerOf: (partition: Partition) => PipelineListener
  readonly commandsOf: (devices: Devices, clock: Clock) => Commands
  /** Its states are loaded, and everything that waited is decided; once. */
  readonly live: (partition: Partition) => void
  /** Nothing is decided here any more; once, however it came. */
  readonly ended: (partition: Partition) => void
  /** It counts no more; called once, unless `stop` or `drop` came before. */
  readonly lost: (partition: Partition, cause: Error) => void
  /** Entries that are missing in its stream. */
  readonly gap: (partition: number, gap: StreamGap) => void
  readonly setAside: (entry: SetAside) => void
  /** An entry that could not be decided before, twice: it is set aside now. */
  readonly poisoned: (partition: number) => { readonly position: number; readonly problem: string } | null
  readonly faultPoint?: ((point: FaultPoint) => void) | undefined
}

/** Messages that are read and not decided for good; beyond it, nothing more is read. */
const MAX_UNDECIDED = 2_048
const CATCH_UP_ENTRIES = 512
/** An entry that was received so long ago means that others wait behind it, ms. */
const LATE_MS = 2_000
const RETRY_MS = 200

/** The stream itself is the durable copy; its readings go to the store by another way. */
const NO_READINGS: Pick<ReadingStore, 'start' | 'append' | 'after'> = {
  start: () => Promise.resolve({ position: 0 }),
  append: () => Promise.resolve(),
  async *after() {},
}

type Phase = 'loading' | 'catching_up' | 'live' | 'ended'

export class Partition {
  readonly number: number
  readonly epoch: number
  readonly devices: Devices
  readonly pipeline: Pipeline
  readonly commands: Commands
  private readonly parts: PartitionParts
  private readonly clock: PartitionClock
  private readonly entries: Entries
  private phase: Phase = 'loading'
  private wasLive = false
  private undecided = 0
  private roomAgain: (() => void) | null = null
  private running: Promise<void> = Promise.resolve()
  private unlisten: () => void = () => undefined
  /** Every entry up to here is read. */
  private read: number
  /** Wall time of receipt of the newest entry that was read, ms. */
  private readReceipt: number | null = null
  /** To be given to its devices once everything is decided that waits, ms. */
  private away = 0
  private gapGiven = ''
  readonly row: PartitionRow

  constructor(row: PartitionRow, parts: PartitionParts) {
    const { ledger, directory, clock, faultPoint } = parts
    this.row = row
    this.number = row.partition
    this.epoch = row.epoch
    this.parts = parts
    this.read = row.decided
    this.clock = new PartitionClock(clock)
    this.devices = new Devices((kind) => directory.rulesOf(kind))
    this.commands = parts.commandsOf(this.devices, this.clock)
    this.pipeline = new Pipeline({
      clock: this.clock,
      devices: this.devices,
      readings: NO_READINGS,
      journal: ledger.partitions.journal({ partition: row.partition, epoch: row.epoch }),
      listener: parts.listenerOf(this),
      replies: this.commands,
      lost: (cause) => this.fail(cause),
      ...(faultPoint === undefined ? {} : { faultPoint }),
    })
    this.entries = new Entries({
      pipeline: this.pipeline,
      devices: this.devices,
      commands: this.commands,
      clock: this.clock,
      answers: ledger.answers,
      settled: () => this.settled(),
    })
  }

  /** Reads its states; then goes on by itself. Rejects when they cannot be read. */
  async start(): Promise<void> {
    const { directory } = this.parts
    for (const device of directory.ofPartition(this.number)) this.adopt(device)
    this.unlisten = directory.onChange({
      changed: (device) => this.changed(device),
      removed: (deviceId) => this.devices.remove(deviceId),
      rules: (kinds) => {
        this.devices.recompile()
        for (const runtime of this.devices.all())
          if (kinds.has(runtime.profile.kind)) this.pipeline.input(runtime, { type: 'tick' })
      },
    })
    try {
      await this.commands.start()
      await this.pipeline.start(0)
    } catch (error) {
      this.end()
      throw error
    }
    // Dropped while it was read.
    if (this.phase === 'ended') return this.pipeline.abandon(new Error('dropped'))
    this.phase = 'catching_up'
    this.running = this.run().catch((error: unknown) => this.fail(error as Error))
  }

  /** Decides what it has read, writes every state, and takes nothing more. */
  async stop(): Promise<void> {
    if (this.phase === 'ended') return
    this.end()
    await this.running
    await this.pipeline.stop()
    await this.commands.stop()
    this.parts.ended(this)
  }

  /** Forgets everything at once: it belongs to somebody else. */
  drop(cause: Error): void {
    const first = this.phase !== 'ended'
    this.end()
    this.pipeline.abandon(cause)
    void this.commands.stop()
    if (first) this.parts.ended(this)
  }

  /** Nobody could be heard for so long, ms. What waits to be decided was said before that, or after. */
  deaf(away: number): void {
    if (this.phase === 'live') this.pipeline.deaf(away)
    else this.away += away
  }

  private get isEnded(): boolean {
    return this.phase === 'ended'
  }

  get isLive(): boolean {
    return this.phase === 'live'
  }

  get position(): number {
    return this.read
  }

  /** Wall time of receipt of the newest entry that was read while others wait behind it; null: nothing waits. */
  get lateSince(): number | null {
    return this.phase === 'live' ? null : this.readReceipt
  }

  private async run(): Promise<void> {
    const { reader } = this.parts
    while (!this.isEnded) {
      if (!(await this.catchUp())) continue
      while (this.isLive) {
        const batch = await reader.next(this.number, this.read)
        if (batch === null) {
          this.fallBehind()
          break
        }
        if (this.isLate(batch)) this.fallBehind()
        await this.feed(batch)
        if (this.isFull) this.fallBehind()
      }
    }
  }

  /** Reads on until nothing waits. Answers whether that was so. */
  private async catchUp(): Promise<boolean> {
    const { redis, clock } = this.parts
    while (this.phase === 'catching_up') {
      await this.room()
      let batch: StreamBatch
      try {
        batch = await readAfter(redis, this.number, this.read, { count: CATCH_UP_ENTRIES, wall: clock.wall() })
      } catch {
        // Redis is away: the clock of the partition stands still until it is back.
        await pause(RETRY_MS)
        continue
      }
      if (batch.upTo === this.read) return this.caughtUp()
      await this.feed(batch)
    }
    return false
  }

  private caughtUp(): boolean {
    if (this.phase !== 'catching_up') return false
    this.phase = 'live'
    if (!this.wasLive) this.parts.live(this)
    this.wasLive = true
    this.clock.caughtUp()
    const away = Math.max(this.away, this.ungivenGap())
    this.away = 0
    if (away > 0) this.pipeline.deaf(away)
    this.pipeline.keepTime()
    return true
  }

  /**
   * What was decided just now may have been said before nobody could be heard; and whoever had the partition before may have had
   * no time to write down what he gave its devices for it. Given once: too much of it only makes silence a little later.
   */
  private ungivenGap(): number {
    const { hearing } = this.parts
    if (hearing.newestGap === this.gapGiven) return 0
    this.gapGiven = hearing.newestGap
    return hearing.recentlyAway()
  }

  private async feed(batch: StreamBatch): Promise<void> {
    const { gap, ledger, setAside, poisoned } = this.parts
    for (const one of batch.gaps) gap(this.number, one)
    for (const one of batch.unreadable) {
      await ledger.setAsides.add(one)
      setAside(one)
    }
    const poison = poisoned(this.number)
    for (const placed of batch.entries) {
      if (this.phase === 'ended') return
      const receivedAt = receiptOf(placed.entry)
      if (this.phase === 'catching_up' && receivedAt !== null) this.clock.reach(receivedAt)
      if (placed.position === poison?.position) {
        const aside = this.entries.aside(placed, this.number, poison.problem)
        await ledger.setAsides.add(aside)
        setAside(aside)
        this.pipeline.pass(placed.position)
      } else {
        if (placed.entry.type === 'message') this.undecided++
        const taken = this.entries.take(placed)
        if (taken !== undefined) await taken
      }
      this.read = placed.position
      this.readReceipt = receivedAt ?? this.readReceipt
    }
    if (this.phase === 'ended') return
    this.read = batch.upTo
    this.pipeline.pass(batch.upTo)
  }

  private isLate({ entries: [first] }: StreamBatch): boolean {
    const receivedAt = first === undefined ? null : receiptOf(first.entry)
    return receivedAt !== null && this.parts.clock.now() - receivedAt > LATE_MS
  }

  /** More waits than can be decided at once: until that is done, its time is that of what is decided. */
  private fallBehind(): void {
    if (this.phase !== 'live') return
    this.phase = 'catching_up'
    this.clock.reach(this.readReceipt ?? this.clock.now())
  }

  private get isFull(): boolean {
    return this.undecided >= MAX_UNDECIDED
  }

  private settled(): void {
    this.undecided--
    if (!this.isFull) {
      this.roomAgain?.()
      this.roomAgain = null
    }
  }

  private room(): Promise<void> {
    if (!this.isFull || this.phase === 'ended') return Promise.resolve()
    return new Promise((resolve) => (this.roomAgain = resolve))
  }

  private adopt({ profile, placement, placeOf }: KnownDevice): Runtime {
    const runtime = this.devices.put(profile, placement, this.clock.now())
    if (placeOf !== undefined) runtime.placeOf = placeOf
    return runtime
  }

  private changed(device: KnownDevice): void {
    if (partitionOf(device.profile.deviceId) !== this.number) return
    const before = this.devices.get(device.profile.deviceId)?.placement
    const runtime = this.adopt(device)
    if (before !== undefined && !isSamePlace(before, device.placement)) this.pipeline.input(runtime, { type: 'moved' })
    // Its rules may decide otherwise now, and an alarm whose rule is gone must say so.
    this.pipeline.input(runtime, { type: 'tick' })
  }

  private fail(cause: Error): void {
    if (this.phase === 'ended') return
    this.drop(cause)
    this.parts.lost(this, cause)
  }

  private end(): void {
    this.phase = 'ended'
    this.unlisten()
    this.parts.reader.cancel(this.number)
    this.roomAgain?.()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
