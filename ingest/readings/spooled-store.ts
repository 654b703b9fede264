// A hub whose readings are kept on another machine: an append is durable when it is on this machine's own disk, and goes on to
// the store from there. So alarms and PUBACKs do not wait for the other machine, and what has to be decided again after a
// crash is read from here, in the order it came.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { LineEncoder } from './line-protocol.ts'
import type { ReadingStore, RemoteStore, StoredInput } from './port.ts'
import type { ReadingKinds } from './schema.ts'
import { Spool } from './spool.ts'
import { unavailable } from './unavailable.ts'
import { leavingOutUnfit } from './unfit.ts'

export interface SpooledStoreOptions {
  readonly directory: string
  readonly kinds: ReadingKinds
  readonly remote: RemoteStore
  /** Why readings wait here at the moment; null: they go on again. Told on change only. */
  readonly problem: (sentence: string | null) => void
  /** Told of what the store refuses for good, e.g. a metric that another version knew. */
  readonly refused: (input: StoredInput, error: Error) => void
  readonly segmentBytes?: number
}

/** File: up to which position everything is in the store. Behind the truth after a crash: those are written again. */
const SHIPPED = 'shipped'
const MARK_EVERY_MS = 1_000
/** Pauses between tries while the store is away, ms. */
const SHORTEST_MS = 250
const LONGEST_MS = 10_000
/** What the store has not taken by then when the hub stops waits on the disk for the next start, ms. */
const STOP_WITHIN_MS = 2_000

export interface SpooledStore extends ReadingStore {
  /** Positions between the newest input taken and the newest in the store. */
  readonly behind: number
  /** What is taken goes on to the store; if not, it waits here. */
  readonly reached: boolean
}

export function createSpooledStore(options: SpooledStoreOptions): SpooledStore {
  const { directory, kinds, remote } = options
  const encoder = new LineEncoder(kinds)
  const spool = new Spool(directory, options.segmentBytes)
  const shipping = new Shipping(spool, options)
  /** Every decision up to here is in the ledger, as far as it was told. */
  let decided = 0
  let state: 'inert' | 'running' | 'stopped' = 'inert'
  let stopping: Promise<void> | null = null

  async function stop(): Promise<void> {
    state = 'stopped'
    await spool.close()
    await Promise.race([
      Promise.all([shipping.stop(), remote.stop()]),
      pause(STOP_WITHIN_MS, undefined, { ref: false }),
    ])
  }

  return {
    get behind() {
      return Math.max(0, spool.position - shipping.shipped)
    },
    get reached() {
      return shipping.problem === null
    },

    async start() {
      if (state === 'running' && !spool.failed) return { position: spool.position }
      const shipped = await readShipped(directory)
      const opened = await spool.open(shipped)
      // It reads what is durable, and goes on where it was when the spool was opened anew.
      if (state !== 'running') shipping.start(shipped, () => decided)
      state = 'running'
      stopping = null
      return opened
    },

    async append(inputs) {
      if (state === 'stopped') throw unavailable('时序库已关闭。', 'The reading store is closed.')
      for (const input of inputs) if (input.type === 'reading') encoder.line(input)
      await spool.append(inputs)
    },

    async *after(position) {
      const reader = spool.reader(position)
      for (let inputs = await reader.next(); inputs !== null; inputs = await reader.next()) yield* inputs
    },

    series: (query) => remote.series(query),
    counter: (query) => remote.counter(query),
    latest: (deviceId, kind) => remote.latest(deviceId, kind),
    events: (query) => remote.events(query),
    export: (query) => remote.export(query),

    async maintain(now, retention, upTo = Number.MAX_SAFE_INTEGER) {
      decided = upTo
      await shipping.trim()
      await remote.maintain(now, retention)
    },

    stop: () => (stopping ??= stop()),
  }
}

async function readShipped(directory: string): Promise<number> {
  const text = await readFile(join(directory, SHIPPED), 'utf8').catch(() => '0')
  return Number.isSafeInteger(Number(text)) ? Number(text) : 0
}

/** Carries what is in the spool to the store, in order, until it is stopped. */
class Shipping {
  readonly #spool: Spool
  readonly #options: SpooledStoreOptions
  readonly #append: (inputs: readonly StoredInput[]) => Promise<void>
  /** Everything up to here is in the store. */
  shipped = 0
  #marked = 0
  #markedAt = -Infinity
  #decided: () => number = () => 0
  /** Why readings wait. */
  problem: string | null = null
  #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(spool: Spool, options: SpooledStoreOptions) {
    this.#spool = spool
    this.#options = options
    const { remote, refused } = options
    this.#append = leavingOutUnfit((inputs) => remote.append(inputs), refused)
  }

  start(shipped: number, decided: () => number): void {
    this.shipped = shipped
    this.#marked = shipped
    this.#decided = decided
    this.#stopping = new AbortController()
    this.#running = this.#run(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** What is in the store and decided needs no room here. */
  async trim(): Promise<void> {
    await this.#spool.trim(Math.min(this.shipped, this.#decided()))
  }

  async #run(signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    const reader = this.#spool.reader(this.shipped)
    while (!signal.aborted) {
      const grown = this.#spool.grown()
      try {
        const inputs = await reader.next()
        if (inputs !== null && !(await this.#deliver(inputs, signal))) break
        this.shipped = inputs?.at(-1)?.position ?? this.shipped
        if (inputs === null || performance.now() - this.#markedAt > MARK_EVERY_MS) await this.#mark()
        if (inputs === null) await Promise.race([grown, ended])
      } catch (error) {
        this.#say((error as Error).message)
        await Promise.race([pause(LONGEST_MS, undefined, { ref: false }), ended])
      }
    }
    await this.#mark()
  }

  /** False: stopped before they were taken. */
  async #deliver(inputs: readonly StoredInput[], signal: AbortSignal): Promise<boolean> {
    for (let wait = SHORTEST_MS; !signal.aborted; wait = Math.min(LONGEST_MS, wait * 2)) {
      try {
        await this.#append(inputs)
        this.#say(null)
        return true
      } catch (error) {
        this.#say((error as Error).message)
        await pause(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
      }
    }
    return false
  }

  /** What cannot be noted now is noted later, or shipped twice: that must not hold up what makes room on the disk. */
  async #mark(): Promise<void> {
    this.#markedAt = performance.now()
    const file = join(this.#options.directory, SHIPPED)
    const { shipped } = this
    try {
      await this.trim()
      if (this.#marked === shipped) return
      await writeFile(`${file}.new`, String(shipped))
      await rename(`${file}.new`, file)
      this.#marked = shipped
    } catch (error) {
      this.#say((error as Error).message)
    }
  }

  #say(problem: string | null): void {
    if (problem === this.problem) return
    this.problem = problem
    this.#options.problem(problem)
  }
}
