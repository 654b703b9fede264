// The load generator's own process: keeps every connection's window full, or holds a rate, and reports at the end.
// Started by publisher.ts; speaks with it over the IPC channel (structured clone).
import { setImmediate as afterIo } from 'node:timers'
import { LoadConnection } from './connection.ts'
import { Latencies } from './latencies.ts'
import { connectPacket } from './packets.ts'

export interface Plan {
  readonly host: string
  readonly port: number
  readonly connections: readonly {
    readonly username: string
    readonly password: string
    readonly clientId: string
    readonly topic: string
    readonly payload: string
  }[]
  readonly window: number
  /** Messages a second over all connections; null: as fast as PUBACKs come. */
  readonly rate: number | null
  /** Messages a connection; null: until told to stop. */
  readonly messagesPerConnection: number | null
  readonly connectsPerSecond: number
  readonly reconnect: boolean
  readonly drainMs: number
  readonly seed: number
}

export interface Progress {
  readonly sent: number
  readonly acknowledged: number
  readonly open: number
}

export interface Report extends Progress {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly outOfOrder: number
  readonly unexpected: number
  readonly resent: number
  readonly reconnects: number
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly runs: readonly Float64Array[]
  readonly unacknowledged: readonly number[][]
  readonly lastError: string | null
}

export type ToProcess = { type: 'plan'; plan: Plan } | { type: 'start' } | { type: 'progress' } | { type: 'stop' }
export type FromProcess =
  | { type: 'connected' }
  | { type: 'failed'; message: string }
  | { type: 'progress'; progress: Progress }
  | { type: 'done'; report: Report }

/** How often a rate is topped up, ms. */
const PACE_MS = 2
const RETRY_MS = 100

class Publisher {
  readonly #plan: Plan
  readonly #tell: (message: FromProcess) => void
  readonly #latencies = new Latencies()
  readonly #connections: LoadConnection[]
  // One receive buffer for all: a chunk is parsed before the next read starts.
  readonly #receive = Buffer.alloc(65_536)
  /** Connections that may send again; sent to once a turn of the event loop, so that writes stay large. */
  #hungry = new Set<LoadConnection>()
  #feeding = false
  #running = false
  #stopping = false
  #finished = false
  #reconnects = 0
  #lastError: string | null = null
  #startedAt = 0
  #lastAckAt = 0
  #cpuAtStart = process.cpuUsage()
  #pace: NodeJS.Timeout | null = null
  #allowance = 0
  #pacedAt = 0
  #next = 0

  constructor(plan: Plan, tell: (message: FromProcess) => void) {
    this.#plan = plan
    this.#tell = tell
    const handlers = {
      ready: (connection: LoadConnection) => this.#ready(connection),
      acknowledged: (connection: LoadConnection) => this.#freed(connection),
      closed: (connection: LoadConnection, reason: string) => this.#closed(connection, reason),
    }
    this.#connections = plan.connections.map(
      ({ username, password, clientId, topic, payload }, index) =>
        new LoadConnection(
          {
            host: plan.host,
            port: plan.port,
            username,
            topic,
            payload,
            window: plan.window,
            connect: connectPacket(clientId, username, password),
            seed: (plan.seed + Math.imul(index + 1, 0x9e3779b1)) | 0,
          },
          handlers,
          this.#latencies,
        ),
    )
  }

  /** Opens the connections, no more than planned a second. */
  connect(): void {
    let opened = 0
    const step = Math.max(1, Math.ceil(this.#plan.connectsPerSecond / 50))
    const open = (): void => {
      for (let i = 0; i < step && opened < this.#connections.length; i++) {
        this.#connections[opened++]?.connect(this.#receive)
      }
      if (opened < this.#connections.length) setTimeout(open, 20)
    }
    open()
  }

  start(): void {
    this.#running = true
    this.#startedAt = performance.now()
    this.#lastAckAt = this.#startedAt
    this.#cpuAtStart = process.cpuUsage()
    if (this.#plan.rate === null) {
      for (const connection of this.#connections) this.#hungry.add(connection)
      this.#feed()
    } else {
      this.#pacedAt = this.#startedAt
      this.#pace = setInterval(() => this.#topUp(this.#plan.rate as number), PACE_MS)
    }
  }

  progress(): Progress {
    let [sent, acknowledged, open] = [0, 0, 0]
    for (const connection of this.#connections) {
      sent += connection.head
      acknowledged += connection.acknowledged.count
      if (connection.open) open++
    }
    return { sent, acknowledged, open }
  }

  /** Sends nothing new and waits a while for what is under way. */
  stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#running = false
    if (this.#pace) clearInterval(this.#pace)
    this.#finishWhenQuiet()
    setTimeout(() => this.#finish(), this.#plan.drainMs)
  }

  #ready(connection: LoadConnection): void {
    if (this.#running) this.#freed(connection)
    else if (this.#startedAt === 0 && this.#connections.every(({ open }) => open)) this.#tell({ type: 'connected' })
  }

  #freed(connection: LoadConnection): void {
    this.#lastAckAt = performance.now()
    if (this.#stopping) return this.#finishWhenQuiet()
    if (this.#plan.messagesPerConnection !== null && this.#complete()) return this.stop()
    // Half a window at a time: one write for many packets costs a fraction of many writes.
    if (this.#plan.rate !== null || connection.free * 2 < this.#plan.window) return
    this.#hungry.add(connection)
    if (this.#feeding) return
    this.#feeding = true
    afterIo(() => this.#feed())
  }

  #feed(): void {
    this.#feeding = false
    const hungry = this.#hungry
    this.#hungry = new Set()
    for (const connection of hungry) connection.send(this.#left(connection))
  }

  #topUp(rate: number): void {
    const now = performance.now()
    this.#allowance += ((now - this.#pacedAt) / 1000) * rate
    this.#pacedAt = now
    const count = this.#connections.length
    // What could not be sent within a second is not caught up with: the rate is a ceiling.
    this.#allowance = Math.min(this.#allowance, rate)
    const share = Math.max(1, Math.ceil(this.#allowance / count))
    for (let tried = 0; tried < count && this.#allowance >= 1; tried++) {
      const connection = this.#connections[this.#next] as LoadConnection
      this.#next = (this.#next + 1) % count
      this.#allowance -= connection.send(Math.min(share, Math.floor(this.#allowance), this.#left(connection)))
    }
  }

  #left(connection: LoadConnection): number {
    const { messagesPerConnection } = this.#plan
    return messagesPerConnection === null ? this.#plan.window : messagesPerConnection - connection.head
  }

  #complete(): boolean {
    return this.#connections.every(({ tail }) => tail === this.#plan.messagesPerConnection)
  }

  #closed(connection: LoadConnection, reason: string): void {
    this.#lastError = reason
    if (this.#finished) return
    if (this.#startedAt === 0) {
      this.#tell({ type: 'failed', message: `${connection.plan.username}: ${reason}` })
    } else if (this.#plan.reconnect) {
      this.#reconnects++
      setTimeout(() => this.#finished || connection.connect(this.#receive), RETRY_MS)
    } else if (this.#connections.every(({ open }) => !open)) {
      this.#finish()
    }
  }

  #finishWhenQuiet(): void {
    if (this.#connections.every(({ inFlight }) => inFlight === 0)) this.#finish()
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#running = false
    if (this.#pace) clearInterval(this.#pace)
    const cpu = process.cpuUsage(this.#cpuAtStart)
    const sum = (of: (connection: LoadConnection) => number): number =>
      this.#connections.reduce((total, connection) => total + of(connection), 0)
    const report: Report = {
      ...this.progress(),
      seconds: (this.#lastAckAt - this.#startedAt) / 1000,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      outOfOrder: sum(({ outOfOrder }) => outOfOrder),
      unexpected: sum(({ unexpected }) => unexpected),
      resent: sum(({ resent }) => resent),
      reconnects: this.#reconnects,
      latencyMs: {
        p50: this.#latencies.percentile(0.5),
        p99: this.#latencies.percentile(0.99),
        max: this.#latencies.max,
      },
      runs: this.#connections.map(({ acknowledged }) => acknowledged.pairs()),
      unacknowledged: this.#connections.map((connection) => connection.unacknowledged()),
      lastError: this.#lastError,
    }
    for (const connection of this.#connections) connection.end()
    this.#tell({ type: 'done', report })
  }
}

const tell = (message: FromProcess): void => void process.send?.(message)
let publisher: Publisher | null = null
process.on('message', (message: ToProcess) => {
  if (message.type === 'plan') {
    publisher = new Publisher(message.plan, tell)
    publisher.connect()
  } else if (message.type === 'start') publisher?.start()
  else if (message.type === 'stop') publisher?.stop()
  else if (publisher) tell({ type: 'progress', progress: publisher.progress() })
})
// Never outlives the one who started it.
process.on('disconnect', () => process.exit(0))
