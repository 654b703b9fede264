// A real hub in a process of its own, on free ports, with its data in a temporary folder: what stories, chaos and the
// browser tests run against.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'

export const ROOT = join(import.meta.dirname, '..', '..')
export const ADMIN_PASSWORD = 'correct horse battery'

/** Below those that the kernel lends to outgoing connections: a hub that was killed finds its port free again. */
const PORTS = { from: 15_000, to: 31_000 }

/** Test files that run beside each other take theirs from ports of their own: one that is given is not listened on yet. */
const SLICES = 4
const SLICE = Number(process.env['VITEST_POOL_ID'] ?? 0) % SLICES
const given = new Set<number>()

/** A port nobody listens on at the moment, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const candidate = PORTS.from + SLICES * randomInt((PORTS.to - PORTS.from) / SLICES) + SLICE
    if (given.has(candidate)) continue
    given.add(candidate)
    const server = createServer().listen(candidate, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') continue
      throw error
    }
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Resolves with the first answer of `probe` that is neither null, undefined nor false. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const found = await probe()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`gave up waiting until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export interface HubProcess {
  readonly directory: string
  readonly httpPort: number
  readonly mqttPort: number
  /** Open when the environment gives a certificate; the pages are https then. */
  readonly mqttsPort: number
  readonly base: string
  /** Of the process that runs now. */
  readonly pid: number
  readonly running: boolean
  readonly output: () => string
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Ends it with SIGTERM; resolves with its exit code. */
  terminate(): Promise<number | null>
  /** Starts it again on the same data and ports; resolves when it is ready. */
  restart(environment?: Record<string, string>): Promise<void>
  /** Resolves when the process has ended by itself. */
  ended(): Promise<void>
  /** Ends it and removes its data. */
  dispose(): Promise<void>
}

export interface HubProcessOptions {
  readonly environment?: Record<string, string>
  /** Another entry than hub/main.ts, e.g. one that ends the process at a named point. */
  readonly entry?: string
}

export async function startHubProcess(options: HubProcessOptions = {}): Promise<HubProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'zhian-hub-'))
  const [httpPort, mqttPort, mqttsPort] = [await freePort(), await freePort(), await freePort()]
  const scheme = options.environment?.['ZHIAN_TLS_CERT'] === undefined ? 'http' : 'https'
  const base = `${scheme}://127.0.0.1:${httpPort}`
  let child: ChildProcess
  let output = ''

  const launch = async (environment: Record<string, string> = {}): Promise<void> => {
    const started = spawn(process.execPath, [options.entry ?? join(ROOT, 'hub', 'main.ts')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        // A third of a start is compiling the same files once more.
        NODE_COMPILE_CACHE: join(tmpdir(), 'zhian-compiled'),
        ZHIAN_HTTP_PORT: String(httpPort),
        ZHIAN_MQTT_PORT: String(mqttPort),
        ZHIAN_MQTTS_PORT: String(mqttsPort),
        ZHIAN_MQTT_HOST: '127.0.0.1',
        ZHIAN_DATA_DIR: join(directory, 'data'),
        ZHIAN_ADMIN_PASSWORD: ADMIN_PASSWORD,
        ZHIAN_LOG_LEVEL: 'warn',
        ...options.environment,
        ...environment,
      },
    })
    child = started
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    // What it said last may come after its end.
    const closed = once(started, 'close')
    await until(
      'the hub is ready',
      async () => {
        if (started.exitCode !== null) {
          await closed
          throw new Error(`the hub ended with ${started.exitCode}:\n${output}`)
        }
        if (started.signalCode !== null) return true
        return fetch(`${base}/readyz`).then(
          (answer) => answer.ok,
          () => false,
        )
      },
      60_000,
    )
  }

  const gone = (): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve()
      else child.once('exit', () => resolve())
    })

  await launch()
  return {
    directory,
    httpPort,
    mqttPort,
    mqttsPort,
    base,
    get pid() {
      return child.pid as number
    },
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    output: () => output,
    async kill() {
      child.kill('SIGKILL')
      await gone()
    },
    async terminate() {
      child.kill('SIGTERM')
      await gone()
      return child.exitCode
    },
    restart: launch,
    ended: gone,
    async dispose() {
      child.kill('SIGKILL')
      await gone()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
