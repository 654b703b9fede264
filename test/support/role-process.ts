// One process of a cluster, on ports of its own: killed, ended, frozen and started again by whoever tests with it. Once it has
// been ready it is looked after as by a service manager: what ends by itself is started again, and that is counted.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeRole } from '../../cluster/node-board.ts'
import { freePort, ROOT, until } from './hub-process.ts'

export interface Readiness {
  readonly ok: boolean
  /** As `/readyz` answers it. */
  readonly body: unknown
}

export interface RoleProcess {
  /** `broker-0`, `ingest-2` … */
  readonly name: string
  readonly role: NodeRole
  /** Of its health, and of a dashboard its pages. */
  readonly httpPort: number
  /** Of a broker; null: devices do not connect here. */
  readonly mqttPort: number | null
  readonly base: string
  /** Of the process that runs now. */
  readonly pid: number
  readonly running: boolean
  /** How often it ended without being told to. */
  readonly ownEnds: number
  readonly output: () => string
  /** null: it does not answer. */
  readyz(): Promise<Readiness | null>
  /** Resolves when it says that it is ready. */
  ready(limitMs?: number): Promise<void>
  /** Starts it, on the same ports as before; does not wait until it is ready. */
  launch(environment?: Readonly<Record<string, string>>): void
  /** Starts it; resolves when it is ready. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Ends it with SIGTERM; resolves with its exit code. */
  terminate(): Promise<number | null>
  /** SIGSTOP and SIGCONT. */
  freeze(): void
  thaw(): void
}

export interface RoleOptions {
  readonly name: string
  readonly role: NodeRole
  /** Beside its role and ports. */
  readonly environment: Readonly<Record<string, string>>
}

const READY_WITHIN_MS = 60_000
/** A process under SIGSTOP accepts connections and never answers. */
const ANSWER_WITHIN_MS = 2_000
const KEPT_OUTPUT = 200_000
/** What a service manager waits before it starts something again. */
const STARTED_AGAIN_AFTER_MS = 500

/** Takes its ports; `launch` starts it. */
export async function roleProcess({ name, role, environment }: RoleOptions): Promise<RoleProcess> {
  const httpPort = await freePort()
  const mqttPort = role === 'broker' ? await freePort() : null
  const base = `http://127.0.0.1:${httpPort}`
  let child: ChildProcess | null = null
  let output = ''
  let ownEnds = 0
  let wasReady = false
  let toldToEnd = true

  const isRunning = (): boolean => child !== null && child.exitCode === null && child.signalCode === null
  const say = (text: string): void => void (output = (output + text).slice(-KEPT_OUTPUT))

  const launch = (more: Readonly<Record<string, string>> = {}): void => {
    if (isRunning()) throw new Error(`${name} is running already`)
    toldToEnd = false
    const started = spawn(process.execPath, [join(ROOT, 'hub', 'main.ts')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        // A third of a start is compiling the same files once more.
        NODE_COMPILE_CACHE: join(tmpdir(), 'zhian-compiled'),
        ZHIAN_ROLE: role,
        ZHIAN_HTTP_PORT: String(httpPort),
        ...(mqttPort === null ? {} : { ZHIAN_MQTT_PORT: String(mqttPort), ZHIAN_MQTT_HOST: '127.0.0.1' }),
        ZHIAN_LOG_LEVEL: 'warn',
        ...environment,
        ...more,
      },
    })
    for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk: Buffer) => say(chunk.toString()))
    started.once('exit', (code, signal) => {
      if (toldToEnd || !wasReady) return
      ownEnds++
      say(`\n${name} ended by itself: ${signal ?? code}\n`)
      setTimeout(() => toldToEnd || isRunning() || launch(more), STARTED_AGAIN_AFTER_MS).unref()
    })
    child = started
  }

  const readyz = (): Promise<Readiness | null> =>
    fetch(`${base}/readyz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
      .then(async (answer) => ({ ok: answer.ok, body: (await answer.json()) as unknown }))
      .catch(() => null)

  const ready = async (limitMs = READY_WITHIN_MS): Promise<void> => {
    let last: Readiness | null = null
    const isReady = async (): Promise<boolean> => {
      if (!wasReady && !isRunning()) throw new Error('it ended')
      last = await readyz()
      return last?.ok === true
    }
    await until(`${name} is ready`, isReady, limitMs).catch((error: unknown) => {
      throw new Error(`${name}: ${String(error)}; readyz ${JSON.stringify(last)}\n${output.slice(-4_000)}`)
    })
    wasReady = true
  }

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    toldToEnd = true
    if (child === null) return null
    if (isRunning()) {
      const gone = once(child, 'exit')
      child.kill(signal)
      await gone
    }
    return child.exitCode
  }

  return {
    name,
    role,
    httpPort,
    mqttPort,
    base,
    get pid() {
      if (child?.pid === undefined) throw new Error(`${name} was never started`)
      return child.pid
    },
    get running() {
      return isRunning()
    },
    get ownEnds() {
      return ownEnds
    },
    output: () => output,
    readyz,
    ready,
    launch,
    async restart(more) {
      launch(more)
      await ready()
    },
    kill: async () => void (await end('SIGKILL')),
    terminate: () => end('SIGTERM'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  }
}
