// A QoS 1 load generator in its own process, cheap enough to drive 100,000 messages a second beside the broker it
// measures, with an oracle of what was acknowledged.
//
//   const result = await runLoad({ port, credentials, window: 64, seconds: 5 })
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { upTopic } from '../../contract/topics.ts'
import { oracleLines, Runs } from './oracle.ts'
import type { OracleEntry } from './oracle.ts'
import { READING_TEMPLATE } from './packets.ts'
import type { FromProcess, Plan, Progress, Report, ToProcess } from './publisher-process.ts'

export interface Credential {
  readonly username: string
  readonly password: string
}

export interface LoadOptions {
  readonly host?: string
  readonly port: number
  readonly credentials: readonly Credential[]
  /**
   * One a credential by default. More go round the credentials again; then one device has several clocks, and its
   * samples may share a millisecond. A connection has a thousand milliseconds a second: above 1,000 messages a second
   * each, its clock runs ahead, and a hub stops believing it after five minutes. Use more devices.
   */
  readonly connections?: number
  /** Unacknowledged messages a connection. */
  readonly window?: number
  /**
   * Messages a second over all connections, spread evenly; without it, as fast as PUBACKs come. A ceiling: what a full
   * window held up for more than a second is not caught up with, so compare `perSecond` with it.
   */
  readonly rate?: number
  /** Ends after so many messages a connection, all acknowledged. */
  readonly messagesPerConnection?: number
  /** Where a device publishes; its readings by default. */
  readonly topic?: (username: string) => string
  /** JSON with `@@@@@@@@@@@@@` for the time and `#` for a random digit. */
  readonly payload?: string | ((username: string) => string)
  readonly connectsPerSecond?: number
  /** Connect again when the connection breaks, and send again what was not acknowledged, as devices do. */
  readonly reconnect?: boolean
  /** How long to wait for PUBACKs after stop(), ms. */
  readonly drainMs?: number
  readonly seed?: number
  /** File for the oracle, one JSON line a connection. */
  readonly oraclePath?: string
}

export interface LoadResult extends Omit<Report, 'runs' | 'unacknowledged'> {
  readonly perSecond: number
  /**
   * CPU of the load generator a message, µs. Depends on the broker: one that writes each PUBACK by itself, as Mosquitto
   * does, makes it read many small chunks and costs it several times as much as one that gathers them.
   */
  readonly microsPerMessage: number
  readonly oracle: readonly OracleEntry[]
}

export interface LoadRun {
  readonly pid: number
  start(): void
  progress(): Promise<Progress>
  /** Stops sending, waits for PUBACKs under way, closes. May be called again, also when it ended by itself. */
  stop(): Promise<LoadResult>
  /** Resolves when it has ended, by stop() or by itself. */
  readonly ended: Promise<LoadResult>
}

function planOf(options: LoadOptions): Plan {
  const { credentials, topic = (username) => upTopic(username, 'readings'), payload = READING_TEMPLATE } = options
  const count = options.connections ?? credentials.length
  if (credentials.length === 0 || count === 0) throw new Error('the load generator needs at least one credential')
  const window = options.window ?? 64
  if (window < 1 || window > 65_535) throw new Error(`a window of ${window} messages is not between 1 and 65,535`)
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port,
    connections: Array.from({ length: count }, (_, index) => {
      const { username, password } = credentials[index % credentials.length] as Credential
      return {
        username,
        password,
        clientId: `load-${index}`,
        topic: topic(username),
        payload: typeof payload === 'string' ? payload : payload(username),
      }
    }),
    window,
    rate: options.rate ?? null,
    messagesPerConnection: options.messagesPerConnection ?? null,
    connectsPerSecond: options.connectsPerSecond ?? 2_000,
    reconnect: options.reconnect ?? false,
    drainMs: options.drainMs ?? 10_000,
    seed: options.seed ?? 1,
  }
}

function resultOf(plan: Plan, report: Report): LoadResult {
  const { runs, unacknowledged, ...figures } = report
  return {
    ...figures,
    perSecond: figures.seconds > 0 ? figures.acknowledged / figures.seconds : 0,
    microsPerMessage: figures.acknowledged > 0 ? (figures.cpuSeconds * 1e6) / figures.acknowledged : 0,
    oracle: plan.connections.map(({ username, topic }, index) => ({
      username,
      topic,
      acknowledged: Runs.from(runs[index] as Float64Array),
      unacknowledged: unacknowledged[index] as number[],
    })),
  }
}

/** Starts the process and opens every connection; sends nothing before start(). Rejects when a login fails. */
export async function startLoad(options: LoadOptions): Promise<LoadRun> {
  const plan = planOf(options)
  const child: ChildProcess = fork(fileURLToPath(new URL('./publisher-process.ts', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [],
  })
  const tell = (message: ToProcess): void => void (child.connected && child.send(message))
  const connected = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<LoadResult>()
  // Both may fail before anybody waits for them.
  connected.promise.catch(() => undefined)
  ended.promise.catch(() => undefined)
  const waiting: ((progress: Progress) => void)[] = []
  let final: Progress | null = null

  child.on('message', (message: FromProcess) => {
    if (message.type === 'connected') connected.resolve()
    else if (message.type === 'failed') connected.reject(new Error(`load generator: ${message.message}`))
    else if (message.type === 'progress') waiting.shift()?.(message.progress)
    else {
      final = message.report
      const result = resultOf(plan, message.report)
      if (options.oraclePath !== undefined) writeFileSync(options.oraclePath, oracleLines(result.oracle) + '\n')
      ended.resolve(result)
      child.disconnect()
    }
  })
  child.once('exit', (code, signal) => {
    const error = new Error(`the load generator ended early (${signal ?? `code ${code}`})`)
    connected.reject(error)
    ended.reject(error)
    for (const resolve of waiting.splice(0)) if (final) resolve(final)
  })

  tell({ type: 'plan', plan })
  try {
    await connected.promise
  } catch (error) {
    if (child.connected) child.disconnect()
    throw error
  }
  return {
    pid: child.pid as number,
    start: () => tell({ type: 'start' }),
    progress: () =>
      final === null
        ? new Promise((resolve) => {
            waiting.push(resolve)
            tell({ type: 'progress' })
          })
        : Promise.resolve(final),
    stop: () => {
      tell({ type: 'stop' })
      return ended.promise
    },
    ended: ended.promise,
  }
}

/** Connects, sends for `seconds` (or until `messagesPerConnection`), and returns the figures. */
export async function runLoad(options: LoadOptions & { readonly seconds?: number }): Promise<LoadResult> {
  const run = await startLoad(options)
  run.start()
  if (options.seconds === undefined) return run.ended
  const timer = setTimeout(() => void run.stop(), options.seconds * 1000)
  const result = await run.ended
  clearTimeout(timer)
  return result
}
