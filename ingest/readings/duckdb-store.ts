// The reading store on DuckDB, as the pipeline sees it. This side packs inputs into blocks and groups commits: a lone batch
// is committed at once; while a commit runs, batches gather and go as the next one. The worker does everything else.
//
// After a failed commit nothing more is taken: that batch and all after it are rejected, in order, until start() has been
// called again and has said which position is really stored (a failed commit may have reached the disk all the same).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { lockDirectory } from './lock.ts'
import type { FromWorker, RequestName, Requests, ToWorker, WorkerOptions } from './messages.ts'
import { Packer } from './packer.ts'
import type { ReadingStore } from './port.ts'
import { checkKinds, type ReadingKinds } from './schema.ts'
import { pointsOf } from './series-rows.ts'
import { unavailable } from './unavailable.ts'

export interface DuckdbStoreOptions {
  readonly directory: string
  readonly kinds: ReadingKinds
  readonly memoryLimitMb?: number
  readonly sealRows?: number
  readonly checkpointBytes?: number
  /** Called at named points of the way of a batch; what it throws fails that batch. For tests of crashes. */
  readonly faultPoint?: (name: 'readings.before_append' | 'readings.after_commit') => void
}

export interface DuckdbStore extends ReadingStore {
  /** Inputs taken and not yet durable: the measure of back-pressure. */
  readonly backlog: number
}

/** A second commit is sent ahead of the first one's end only when it is big enough to be worth its own sync. */
const PIPELINE_ROWS = 1_024

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface Flight {
  readonly waiters: readonly Waiter[]
  readonly rows: number
  readonly newest: number
}

interface Asked {
  readonly resolve: (answer: Requests[RequestName]['answer']) => void
  readonly reject: (error: Error) => void
}

interface Session {
  readonly worker: Worker
  readonly packer: Packer
  readonly keys: ReadonlyMap<string, number>
  readonly flights: Flight[]
  readonly asked: Map<number, Asked>
  readonly ended: Promise<void>
  waiters: Waiter[]
  failure: Error | undefined
  /** Highest position taken, and the highest that is stored. */
  newest: number
  position: number
  onLanding: (() => void) | undefined
}

export function createDuckdbStore(given: DuckdbStoreOptions): DuckdbStore {
  checkKinds(given.kinds)
  const options: WorkerOptions = {
    file: join(given.directory, 'readings.duckdb'),
    temporary: join(given.directory, 'temporary'),
    kinds: given.kinds,
    memoryLimitMb: given.memoryLimitMb ?? 256,
    sealRows: given.sealRows ?? 2_000_000,
    checkpointBytes: given.checkpointBytes ?? 16 * 1024 * 1024,
  }
  const faultPoint = given.faultPoint
  let session: Session | undefined
  let unlock: (() => void) | undefined
  let stopping: Promise<void> | undefined
  let nextId = 1
  let backlog = 0

  function send(message: ToWorker, to: Session, transfer: ArrayBuffer[] = []): void {
    to.worker.postMessage(message, transfer)
  }

  function dispatch(to: Session): void {
    const { packer, flights } = to
    if (to.waiters.length === 0 || to.failure) return
    if (flights.length > 1 || (flights.length === 1 && packer.rows < PIPELINE_ROWS)) return
    flights.push({ waiters: to.waiters, rows: packer.rows, newest: to.newest })
    to.waiters = []
    const group = packer.take()
    send(
      { say: 'commit', group },
      to,
      group.blocks.map(({ buffer }) => buffer),
    )
  }

  function landed(from: Session, buffers: { kind: string; buffer: ArrayBuffer }[]): void {
    const flight = from.flights.shift()
    from.packer.recycle(buffers)
    try {
      faultPoint?.('readings.after_commit')
    } catch (error) {
      from.flights.unshift(...(flight ? [flight] : []))
      fail(from, asError(error))
      return
    }
    // The next group leaves before the promises of this one are settled: the worker does not wait for their consequences.
    dispatch(from)
    backlog -= flight?.rows ?? 0
    from.position = flight?.newest ?? from.position
    for (const waiter of flight?.waiters ?? []) waiter.resolve()
    from.onLanding?.()
  }

  function fail(failed: Session, error: Error): void {
    if (failed.failure) return
    failed.failure = error
    const lost = [...failed.flights.flatMap(({ waiters }) => waiters), ...failed.waiters]
    failed.flights.length = 0
    failed.waiters = []
    backlog = 0
    for (const { reject } of lost) reject(error)
    failed.onLanding?.()
  }

  function hear(from: Session, message: FromWorker): void {
    if (message.say === 'committed') {
      if (!from.failure) landed(from, message.buffers)
    } else if (message.say === 'commit_failed') {
      fail(from, unavailable(`写入失败：${message.message}`, `A commit failed: ${message.message}`))
    } else if (message.say === 'answer' || message.say === 'refused') {
      const asked = from.asked.get(message.id)
      from.asked.delete(message.id)
      if (message.say === 'answer') asked?.resolve(message.answer)
      else asked?.reject(new Error(message.message))
    }
  }

  async function open(): Promise<{ position: number; repaired?: string }> {
    mkdirSync(given.directory, { recursive: true })
    unlock ??= lockDirectory(given.directory)
    const worker = new Worker(new URL('./duckdb-worker.ts', import.meta.url), { workerData: options })
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    const opened = await new Promise<Extract<FromWorker, { say: 'opened' }>>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', (message: FromWorker) => {
        if (message.say === 'opened') resolve(message)
        else reject(new Error(message.say === 'open_failed' ? explainOpening(message.message) : message.say))
      })
    }).catch(async (error: unknown) => {
      await ended
      unlock?.()
      unlock = undefined
      throw error
    })
    const made: Session = {
      worker,
      packer: new Packer(given.kinds, opened.devices),
      keys: opened.devices,
      flights: [],
      asked: new Map(),
      ended,
      waiters: [],
      failure: undefined,
      newest: opened.position,
      position: opened.position,
      onLanding: undefined,
    }
    worker.removeAllListeners('error')
    worker.on('message', (message: FromWorker) => hear(made, message))
    worker.on('error', (error) => fail(made, asError(error)))
    worker.once('exit', () => {
      fail(made, unavailable('存储线程已结束。', 'The store thread has ended.'))
      for (const { reject } of made.asked.values())
        reject(unavailable('时序库已关闭。', 'The reading store is closed.'))
      made.asked.clear()
    })
    session = made
    backlog = 0
    const { position, repaired } = opened
    return repaired === undefined ? { position } : { position, repaired }
  }

  /** A failed session has nothing left to finish. */
  async function landing(of: Session): Promise<void> {
    while (of.flights.length > 0) await new Promise<void>((resolve) => (of.onLanding = resolve))
  }

  async function close(closing: Session): Promise<void> {
    // What was taken is finished first.
    await landing(closing)
    send({ say: 'close' }, closing)
    await closing.ended
  }

  function running(): Session {
    if (!session) throw unavailable('时序库未启动。', 'The reading store is not started.')
    if (stopping) throw unavailable('时序库正在关闭。', 'The reading store is closing.')
    return session
  }

  function ask<Name extends RequestName>(
    name: Name,
    question: Requests[Name]['ask'],
  ): Promise<Requests[Name]['answer']> {
    const to = running()
    if (to.failure) return Promise.reject(to.failure)
    const id = nextId++
    return new Promise((resolve, reject) => {
      to.asked.set(id, { resolve: (answer) => resolve(answer as Requests[Name]['answer']), reject })
      send({ say: 'request', id, name, ask: question }, to)
    })
  }

  const store: DuckdbStore = {
    get backlog() {
      return backlog
    },

    async start() {
      // It was something else that failed, e.g. the ledger: nothing here has to be opened again.
      if (session && !stopping) await landing(session)
      if (session && !stopping && !session.failure) return { position: session.position }
      if (session) await close(session)
      session = undefined
      stopping = undefined
      return open()
    },

    append(inputs) {
      return new Promise<void>((resolve, reject) => {
        const to = running()
        if (to.failure) throw to.failure
        faultPoint?.('readings.before_append')
        if (inputs.length === 0) return resolve()
        to.packer.add(inputs)
        to.newest = Math.max(to.newest, inputs.at(-1)?.position ?? 0)
        backlog += inputs.length
        to.waiters.push({ resolve, reject })
        dispatch(to)
      })
    },

    async *after(position) {
      for (let next: number | undefined = position; next !== undefined;) {
        const page: Requests['after']['answer'] = await ask('after', { position: next })
        yield* page.inputs
        next = page.next
      }
    },

    async series({ deviceId, ...rest }) {
      const device = running().keys.get(deviceId)
      return device === undefined ? [] : pointsOf(await ask('series', { device, ...rest }))
    },

    async counter({ deviceId, ...rest }) {
      const device = running().keys.get(deviceId)
      return device === undefined ? null : ask('counter', { device, ...rest })
    },

    async latest(deviceId, kind) {
      const device = running().keys.get(deviceId)
      return device === undefined ? [] : ask('latest', { device, kind })
    },

    async events({ deviceId, ...rest }) {
      const device = running().keys.get(deviceId)
      return device === undefined ? [] : ask('events', { device, ...rest })
    },

    async *export({ deviceId, kind, from, to }) {
      const device = running().keys.get(deviceId)
      if (device === undefined) return
      for (let next: number | undefined = from; next !== undefined && next < to;) {
        const page: Requests['export']['answer'] = await ask('export', { device, kind, from: next, to })
        yield* page.readings
        next = page.next
      }
    },

    async maintain(now, retention, decided = Number.MAX_SAFE_INTEGER) {
      await ask('maintain', { now, retention, decided })
    },

    stop() {
      if (!session) return Promise.resolve()
      const closing = session
      stopping ??= close(closing).then(() => {
        session = undefined
        stopping = undefined
        unlock?.()
        unlock = undefined
      })
      return stopping
    },
  }
  return store
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function explainOpening(message: string): string {
  return `无法打开时序库：${message} The reading store could not be opened: ${message}`
}
