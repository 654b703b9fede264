// The one thread that opens the database. Commits run in the order they were asked, on their own connection; questions and
// maintenance run beside them on others of the same instance.
import { mkdirSync, statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { deviceKeys, families, highPosition, prepareSchema } from './catalog.ts'
import { counterRun } from './counter-run.ts'
import { Database, type Lane } from './database.ts'
import { events, exportPage, replayPage } from './history.ts'
import { forgetPersons } from './pseudonyms.ts'
import { LatestCache } from './latest.ts'
import type { FromWorker, RequestName, Requests, ToWorker, WorkerOptions } from './messages.ts'
import { repairLog, tellOfDropped } from './log-repair.ts'
import { retain, rollUp } from './rollups.ts'
import { dayOf, EVENTS, HOUR_MS } from './schema.ts'
import { sealFamily } from './sealer.ts'
import { series } from './series.ts'
import { Writer } from './writer.ts'

/** Questions at once. With the commit and the seal they fill libuv's four threads; more would make a commit wait for one. */
const QUESTION_LANES = 2
/** A day counts as finished this long after its end: the last readings of a day are a little late. */
const DAY_GRACE_MS = HOUR_MS / 6

const options = workerData as WorkerOptions
const port = parentPort
if (!port) throw new Error('duckdb-worker runs as a worker thread')

const say = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

class Engine {
  readonly #database: Database
  readonly #commits: Lane
  readonly #maintenance: Lane
  readonly #questions: Lane[]
  readonly #writer: Writer
  readonly #latest = new LatestCache(options.kinds)
  #filled: Promise<void> = Promise.resolve()
  readonly #running = new Set<Promise<unknown>>()
  #turn = 0
  #checkpointing = false
  #failed = false

  private constructor(database: Database, commits: Lane, maintenance: Lane, questions: Lane[]) {
    this.#database = database
    this.#commits = commits
    this.#maintenance = maintenance
    this.#questions = questions
    this.#writer = new Writer(commits, options.kinds)
  }

  static async open(): Promise<Engine> {
    mkdirSync(options.temporary, { recursive: true })
    const log = `${options.file}.wal`
    let repaired = tellOfDropped(log)
    const database = await Database.open(options).catch((error: unknown) => {
      repaired = repairLog(log, error)
      if (repaired === undefined) throw error
      return Database.open(options)
    })
    const commits = await database.lane()
    const maintenance = await database.lane()
    const questions = await Promise.all(Array.from({ length: QUESTION_LANES }, () => database.lane()))
    const engine = new Engine(database, commits, maintenance, questions)
    await prepareSchema(commits, options.kinds)
    const position = await highPosition(commits)
    const devices = await deviceKeys(commits)
    await engine.#writer.open()
    // The store is ready before the newest values are: only who asks for them waits.
    engine.#filled = engine.#track(maintenance.run((lane) => engine.#latest.fill(lane)))
    engine.#filled.catch(() => undefined)
    say({ say: 'opened', position, devices, repaired })
    return engine
  }

  commit(message: Extract<ToWorker, { say: 'commit' }>): void {
    const { group } = message
    this.#track(
      this.#commits.run(async () => {
        // What was sent behind a failed commit must not be stored in front of it.
        if (this.#failed) throw new Error('an earlier commit failed')
        await this.#writer.commit(group).catch((error: unknown) => {
          this.#failed = true
          throw error
        })
        for (const block of group.blocks) this.#latest.add(block)
        const buffers = group.blocks.map(({ kind, buffer }) => ({ kind, buffer }))
        say(
          { say: 'committed', buffers },
          buffers.map(({ buffer }) => buffer),
        )
        this.#checkpointWhenDue()
      }),
    ).catch((error: unknown) => say({ say: 'commit_failed', message: reasonOf(error) }))
  }

  request({ id, name, ask }: Extract<ToWorker, { say: 'request' }>): void {
    this.#track(this.#answer(name, ask)).then(
      (answer) => say({ say: 'answer', id, answer }),
      (error: unknown) => say({ say: 'refused', id, message: reasonOf(error) }),
    )
  }

  async close(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    try {
      if (this.#failed) this.#writer.abandon()
      else this.#writer.close()
    } finally {
      this.#database.close()
    }
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work)).catch(() => undefined)
    return work
  }

  #answer(name: RequestName, ask: Requests[RequestName]['ask']): Promise<Requests[RequestName]['answer']> {
    if (name === 'maintain') return this.#maintain(ask as Requests['maintain']['ask'])
    if (name === 'latest') {
      const { kind, device } = ask as Requests['latest']['ask']
      return this.#filled.then(() => this.#latest.get(kind, device))
    }
    this.#turn = (this.#turn + 1) % this.#questions.length
    const lane = this.#questions[this.#turn] ?? this.#maintenance
    const answer: (lane: Lane, ask: never) => Promise<Requests[Question]['answer']> = ANSWERS[name]
    return lane.run(() => answer(lane, ask as never))
  }

  #maintain({ now, retention, decided }: Requests['maintain']['ask']): Promise<undefined> {
    return this.#maintenance.run(async (lane) => {
      const today = dayOf(now - DAY_GRACE_MS)
      let changes = 0
      for (const family of await families(lane)) {
        if (family === EVENTS || family in options.kinds) {
          const { rows, firstReceivedAt } = this.#writer.state(family)
          if (rows >= options.sealRows || (rows > 0 && dayOf(firstReceivedAt) < today)) {
            await this.#commits.run(() => this.#writer.rotate(family))
          }
        }
        changes += await sealFamily(lane, family, decided)
        if (family !== EVENTS) changes += await rollUp(lane, family, today)
        changes += await retain(lane, family, dayOf(now), retention)
      }
      changes += await forgetPersons(lane, dayOf(now))
      // The space of dropped tables can be used again only after a checkpoint.
      if (changes > 0) await this.#checkpoint(lane)
      return undefined
    })
  }

  #checkpointWhenDue(): void {
    if (this.#checkpointing || walBytes() < options.checkpointBytes) return
    this.#checkpointing = true
    this.#track(this.#maintenance.run((lane) => this.#checkpoint(lane))).finally(() => (this.#checkpointing = false))
  }

  /** Folds the log into the file. DuckDB refuses while another write transaction runs; the next commit asks again. */
  async #checkpoint(lane: Lane): Promise<void> {
    await lane.execute('CHECKPOINT').catch(() => undefined)
  }
}

type Question = Exclude<RequestName, 'maintain' | 'latest'>

const ANSWERS: {
  readonly [Name in Question]: (lane: Lane, ask: Requests[Name]['ask']) => Promise<Requests[Name]['answer']>
} = { series, counter: counterRun, events, export: exportPage, after: replayPage }

function walBytes(): number {
  return statSync(`${options.file}.wal`, { throwIfNoEntry: false })?.size ?? 0
}

try {
  const engine = await Engine.open()
  port.on('message', (message: ToWorker) => {
    if (message.say === 'commit') engine.commit(message)
    else if (message.say === 'request') engine.request(message)
    else {
      engine
        .close()
        .catch(() => undefined)
        .finally(() => {
          say({ say: 'closed' })
          // Leaving the thread frees every native handle: only then may the file be opened again.
          port.close()
        })
    }
  })
} catch (error) {
  say({ say: 'open_failed', message: reasonOf(error) })
  port.close()
}
