// Stores in memory that behave like the real ones as the pipeline sees them, and fail or wait on command: what is
// "durable" survives a new Pipeline over the same stores, as a disk survives a process.
import type { Alarm } from '../../contract/alarms.ts'
import type { CommittedTransition, Journal, JournalBatch } from '../../records/ledger.ts'
import type { ReadingStore, StoredInput } from '../../ingest/readings/port.ts'

/** Resolves when opened; new waiters wait while it is shut. */
export class Gate {
  private waiting: (() => void)[] = []
  shut = false

  async pass(): Promise<void> {
    if (this.shut) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  open(): void {
    this.shut = false
    for (const go of this.waiting.splice(0)) go()
  }
}

/** A store as one process sees it. After `cut` (the process is gone) its calls have no effect and no answer. */
export function connect<T extends object>(store: T): { store: T; cut: () => void } {
  let alive = true
  const proxy = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown =>
        alive ? (value as (...args: unknown[]) => unknown).apply(target, given) : new Promise(() => undefined)
    },
  })
  return { store: proxy, cut: () => void (alive = false) }
}

export class MemoryReadings implements ReadingStore {
  readonly rows: StoredInput[] = []
  readonly gate = new Gate()
  /** Appends fail from now on: `before` nothing is stored, `after` it is stored although the answer is an error. */
  failing: 'before' | 'after' | null = null
  appends = 0

  start(): Promise<{ position: number }> {
    return Promise.resolve({ position: this.rows.reduce((newest, { position }) => Math.max(newest, position), 0) })
  }

  async append(inputs: readonly StoredInput[]): Promise<void> {
    this.appends++
    await this.gate.pass()
    if (this.failing === 'before') throw new Error('no space left')
    this.rows.push(...inputs)
    if (this.failing === 'after') throw new Error('the answer was lost')
  }

  async *after(position: number): AsyncIterable<StoredInput> {
    for (const row of this.rows.toSorted((a, b) => a.position - b.position)) if (row.position > position) yield row
  }

  series(): Promise<[]> {
    return Promise.resolve([])
  }
  counter(): Promise<null> {
    return Promise.resolve(null)
  }

  latest(): Promise<[]> {
    return Promise.resolve([])
  }
  events(): Promise<[]> {
    return Promise.resolve([])
  }
  async *export(): AsyncIterable<never> {}
  maintain(): Promise<void> {
    return Promise.resolve()
  }
  stop(): Promise<void> {
    return Promise.resolve()
  }
}

export class MemoryJournal implements Journal {
  readonly committed: CommittedTransition[] = []
  readonly states = new Map<string, { position: number; state: string }>()
  readonly gate = new Gate()
  failing: 'before' | 'after' | null = null
  /** The next append fails, those after it do not. */
  failOnce = false
  checkpoint = 0
  batches: JournalBatch[] = []

  async append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }> {
    await this.gate.pass()
    if (this.failing === 'before' || this.failOnce) {
      this.failOnce = false
      throw new Error('database is locked')
    }
    this.batches.push(batch)
    const committed = batch.entries.map(({ transition, siteId, areaIds, receivedAt }, index): CommittedTransition => {
      const seq = this.committed.length + 1 + index
      return { transition: { ...transition, seq, alarm: { ...transition.alarm, seq } }, siteId, areaIds, receivedAt }
    })
    this.committed.push(...committed)
    for (const { deviceId, position, state } of batch.states) this.states.set(deviceId, { position, state })
    this.checkpoint = batch.checkpoint ?? this.checkpoint
    if (this.failing === 'after') throw new Error('the answer was lost')
    return { head: this.committed.length, committed }
  }

  head(): Promise<number> {
    return Promise.resolve(this.committed.length)
  }
  incarnation(): Promise<string> {
    return Promise.resolve('memory')
  }
  headInScope(): Promise<number> {
    return this.head()
  }
  newestOf(alarmId: string): Promise<CommittedTransition | null> {
    return Promise.resolve(this.committed.findLast(({ transition }) => transition.alarm.id === alarmId) ?? null)
  }
  after(_scope: unknown, cursor: number, limit: number): Promise<CommittedTransition[]> {
    return Promise.resolve(this.committed.slice(cursor, cursor + limit))
  }
  snapshot(): Promise<{ head: number; alarms: Alarm[] }> {
    const newest = new Map<string, Alarm>()
    for (const { transition } of this.committed) newest.set(transition.alarm.id, transition.alarm)
    const alarms = [...newest.values()].filter(({ closedAt }) => closedAt === null)
    return Promise.resolve({ head: this.committed.length, alarms })
  }
  async *deviceStates(): AsyncIterable<{ deviceId: string; position: number; state: string }> {
    for (const [deviceId, row] of this.states) yield { deviceId, ...row }
  }
  positions(): Promise<{ checkpoint: number; newest: number }> {
    const newest = [...this.states.values()].reduce((max, { position }) => Math.max(max, position), 0)
    return Promise.resolve({ checkpoint: this.checkpoint, newest })
  }
}
