// Adding to the streams: in the order of the calls, gathered into one write a turn of the event loop, and answered when Redis
// (and as many of its replicas as are asked for) has it.
//
// The order of one device's entries is the order of the calls, because there is one connection. What cannot be added now fails
// now. An answer that is missing for 5 s ends the connection and fails all that waits for one.
import type { Redis } from 'ioredis'
import { PARTITIONS } from '../../contract/partitions.ts'
import { streamOf } from '../keys.ts'
import { openStreams, positionOf } from './opening.ts'
import { Refusal } from './refusal.ts'
import type { Opening } from './opening.ts'

/** It is not known to be in the stream: nobody may be told that it is. */
export class NotAdded extends Error {
  override readonly name = 'NotAdded'
}

/** `position` is 0 with an error, and where the script of an `addIf` added nothing. */
export type Added = (error: Error | null, position: number) => void

export interface StreamWriterOptions {
  /** A connection of its own, `batched`. */
  readonly redis: Redis
  /** Replicas that must have an entry before it counts as added. */
  readonly replicas: number
  /** The highest position that the ledger knows of. */
  readonly known: number
  /** The streams were opened for another run of Redis than the last: what Redis kept outside of them may be older, too. */
  readonly opened?: (opening: Opening, loss: StreamLoss | null) => void
  /** Adding fails (why), or works again (null). */
  readonly adding?: (problem: string | null) => void
  /** Entries that were written together, and how long that took, ms. */
  readonly wrote?: (entries: number, ms: number) => void
}

/** Redis came back without entries that it had answered for. */
export interface StreamLoss {
  /** By partition: from behind which position, up to which. */
  readonly lost: readonly { readonly partition: number; readonly after: number; readonly upTo: number }[]
}

interface Job {
  readonly partition: number
  readonly command: readonly (string | Buffer)[]
  readonly done: Added
}

/** Entries of one pipeline: what comes behind them in the same turn goes with the next. */
const LONGEST_BATCH = 512
const REPLICAS_WITHIN_MS = 2_000
const RETRY_OPEN_MS = 200
const OPEN_WITHIN_MS = 5_000

export class StreamWriter {
  private readonly options: StreamWriterOptions
  private opening: Opening | null = null
  /** Highest position that was answered, by partition, and of all. */
  private readonly answered = new Array<number>(PARTITIONS).fill(0)
  private known: number
  /** Of the newest opening that this process has seen. */
  private floor = 0
  private queue: Job[] = []
  private scheduled = false
  private inFlightCount = 0
  private problemText: string | null = 'not connected'
  private readonly refused: Refusal
  private retry: NodeJS.Timeout | null = null
  private drained: (() => void) | null = null
  private firstOpened: () => void = () => undefined
  private stopped = false
  /** Counts connections: an answer of an older one opens nothing. */
  private connection = 0

  constructor(options: StreamWriterOptions) {
    this.options = options
    this.known = options.known
    const { redis, replicas, adding } = options
    this.refused = new Refusal({
      redis,
      replicas,
      replicasWithinMs: REPLICAS_WITHIN_MS,
      changed: (refusal) => adding?.(this.problemText ?? refusal),
    })
  }

  /**
   * Opens the streams as soon as the connection stands, and again after each loss of it. Resolves when they are open for the
   * first time, or when that takes long: a Redis that is full is opened when it is not.
   */
  start(withinMs = OPEN_WITHIN_MS): Promise<void> {
    const { redis } = this.options
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.firstOpened = () => (clearTimeout(timer), resolve())
      redis.on('ready', this.connected)
      redis.on('close', this.disconnected)
      if (redis.status === 'ready') this.connected()
    })
  }

  /** null while entries can be added. */
  get problem(): string | null {
    return this.problemText
  }

  /** Why Redis took nothing of what it was last given, although it is there: it is full, or misses its replicas. */
  get refusal(): string | null {
    return this.refused.why
  }

  /** Jobs that are not answered yet. */
  get inFlight(): number {
    return this.inFlightCount
  }

  /** `fields` are used until `done`: they are not copied before they are written. */
  add(partition: number, fields: readonly (string | Buffer)[], done: Added): void {
    this.push({ partition, command: ['XADD', streamOf(partition), '0-*', ...fields], done })
  }

  /** A script in the place of an XADD: it answers the id of what it added, or nothing. */
  addBy(
    partition: number,
    script: string,
    keys: readonly string[],
    values: readonly (string | Buffer)[],
    done: Added,
  ): void {
    this.push({ partition, command: ['EVAL', script, String(keys.length), ...keys, ...values], done })
  }

  /** As `add`, for whoever waits: answers the position, or rejects with NotAdded. */
  added(partition: number, fields: readonly (string | Buffer)[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.add(partition, fields, (error, position) => (error === null ? resolve(position) : reject(error)))
    })
  }

  /** Waits for what was taken, at most so long, and takes nothing more. The connection is its owner's. */
  async stop(withinMs = 5_000): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    this.firstOpened()
    if (this.inFlightCount > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs)
        this.drained = () => (clearTimeout(timer), resolve())
      })
    if (this.retry !== null) clearTimeout(this.retry)
    this.refused.stop()
    this.options.redis.off('ready', this.connected)
    this.options.redis.off('close', this.disconnected)
  }

  private push(job: Job): void {
    if (this.opening === null || this.stopped) {
      job.done(new NotAdded(this.problemText ?? 'stopped'), 0)
      return
    }
    this.inFlightCount += 1
    this.queue.push(job)
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.writeAll)
  }

  private readonly writeAll = (): void => {
    this.scheduled = false
    const jobs = this.queue
    this.queue = []
    for (let from = 0; from < jobs.length; from += LONGEST_BATCH) this.write(jobs.slice(from, from + LONGEST_BATCH))
  }

  private write(jobs: readonly Job[]): void {
    const { redis, replicas } = this.options
    const { opening } = this
    if (opening === null) {
      for (const job of jobs) this.settle(job, new NotAdded(this.problemText ?? 'not connected'), 0)
      return
    }
    const since = performance.now()
    const pipeline = redis.pipeline()
    for (const { command } of jobs) {
      const [name, ...words] = command
      pipeline.call(name as string, ...words)
    }
    // One for all of them: it counts the replicas that have everything that this connection wrote before it.
    if (replicas > 0) pipeline.wait(replicas, REPLICAS_WITHIN_MS)
    pipeline.exec((error, results) => {
      this.options.wrote?.(jobs.length, performance.now() - since)
      this.answer(jobs, opening, error ?? null, results ?? [])
    })
  }

  private answer(
    jobs: readonly Job[],
    opening: Opening,
    failure: Error | null,
    results: readonly (readonly [Error | null, unknown])[],
  ): void {
    let whole = failure
    if (whole === null && this.options.replicas > 0) {
      const [error, replicas] = results[jobs.length] ?? [new NotAdded('no answer'), 0]
      whole = error
      if (whole === null && Number(replicas) < this.options.replicas)
        whole = new NotAdded(`${String(replicas)} of ${this.options.replicas} replicas have it`)
    }
    let reopen: string | null = null
    let refused: string | null = null
    let took = false
    for (const [index, job] of jobs.entries()) {
      const [error, id] = whole === null ? (results[index] ?? [new NotAdded('no answer'), null]) : [whole, null]
      if (error !== null) {
        if (/^(?:READONLY|UNBLOCKED)/.test(error.message)) reopen = error.message
        refused = error.message
        this.settle(job, error instanceof NotAdded ? error : new NotAdded(error.message), 0)
        continue
      }
      took = true
      if (id === null) {
        this.settle(job, null, 0)
        continue
      }
      const position = positionOf(String(id))
      // A stream that was emptied under us counts from the beginning: nobody will ever read there.
      if (!(position > opening.floor && position > (this.answered[job.partition] as number))) {
        reopen = `position ${position} of partition ${job.partition} was given before`
        this.settle(job, new NotAdded(reopen), 0)
        continue
      }
      this.answered[job.partition] = position
      this.settle(job, null, position)
    }
    if (reopen !== null) this.lostTrust(reopen)
    else if (took) this.refused.say(null)
    else if (this.opening !== null && this.options.redis.status === 'ready') this.refused.say(refused)
  }

  private settle(job: Job, error: Error | null, position: number): void {
    this.inFlightCount -= 1
    job.done(error, position)
    if (this.inFlightCount === 0) this.drained?.()
  }

  private readonly connected = (): void => {
    this.connection += 1
    void this.open(this.connection)
  }

  private readonly disconnected = (): void => {
    this.connection += 1
    this.opening = null
    if (this.retry !== null) clearTimeout(this.retry)
    this.refused.say(null)
    this.say('Redis does not answer')
  }

  private async open(connection: number): Promise<void> {
    try {
      const opening = await openStreams(this.options.redis, Math.max(this.known, ...this.answered))
      if (connection !== this.connection || this.stopped) return
      const loss = opening.floor === this.floor ? null : this.lossOf(opening)
      this.opening = opening
      this.floor = opening.floor
      this.known = Math.max(this.known, opening.floor)
      this.say(null)
      this.firstOpened()
      this.options.opened?.(opening, loss)
    } catch (error) {
      if (connection !== this.connection || this.stopped) return
      this.say((error as Error).message)
      this.retry = setTimeout(() => void this.open(connection), RETRY_OPEN_MS)
    }
  }

  /** What this process was answered for and the streams did not have when they were opened. */
  private lossOf({ before, floor }: Opening): StreamLoss | null {
    const lost = [...this.answered.entries()].flatMap(([partition, upTo]) => {
      const after = before[partition] ?? 0
      return upTo > after && upTo < floor ? [{ partition, after, upTo }] : []
    })
    return lost.length === 0 ? null : { lost }
  }

  /** What we are connected to is not what we opened. A new connection asks again. */
  private lostTrust(problem: string): void {
    this.opening = null
    this.say(problem)
    this.options.redis.disconnect(true)
  }

  private say(problem: string | null): void {
    if (problem === this.problemText) return
    this.problemText = problem
    this.options.adding?.(problem)
  }
}
