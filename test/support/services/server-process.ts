// A real server in a process of its own, on a free port, its data in a temporary folder: started, killed and started again
// by whoever tests against it.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../hub-process.ts'

/** With ZHIAN_REQUIRE_SERVICES=1 a server that is missing is a failure, otherwise its tests are skipped. */
const REQUIRED = process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

/** Whether tests against these programs must be skipped here. */
export const missing = (...programs: readonly string[]): boolean =>
  !REQUIRED && programs.some((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined)

export interface ServerProcess {
  readonly directory: string
  readonly port: number
  /** Of the process that runs now. */
  readonly pid: number
  readonly output: () => string
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Ends it with SIGTERM; resolves when it is gone. */
  stop(): Promise<void>
  /** On the same data and port; resolves when it answers. */
  restart(): Promise<void>
  /** SIGSTOP and SIGCONT. */
  freeze(): void
  thaw(): void
  /** Ends it and removes its data. */
  dispose(): Promise<void>
}

export interface ServerOptions {
  readonly name: string
  readonly port: number
  readonly program: string
  readonly arguments: (directory: string) => readonly string[]
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>
  /** Whom it runs as, where it refuses to be root. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Once, before the first start. */
  readonly prepare?: (directory: string) => void
  readonly ready: () => Promise<boolean>
  /** What it does when asked to end: PostgreSQL waits for its clients on SIGTERM, not on SIGINT. */
  readonly stopSignal?: NodeJS.Signals
}

export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const directory = mkdtempSync(join(tmpdir(), `zhian-${options.name}-`))
  if (options.user !== undefined) chownSync(directory, options.user.uid, options.user.gid)
  options.prepare?.(directory)
  let child: ChildProcess
  let output = ''

  const launch = async (): Promise<void> => {
    const started = spawn(options.program, options.arguments(directory), {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.environment === undefined ? {} : { env: { ...process.env, ...options.environment } }),
      ...options.user,
    })
    let failure: Error | null = null
    started.once('error', (error) => (failure = error))
    for (const stream of [started.stdout, started.stderr])
      stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-100_000)))
    child = started
    await until(
      `${options.name} answers`,
      () => {
        if (failure !== null) throw failure
        if (started.exitCode !== null) throw new Error(`${options.name} ended with ${started.exitCode}:\n${output}`)
        return options.ready().catch(() => false)
      },
      60_000,
    )
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  await launch()
  return {
    directory,
    port: options.port,
    get pid() {
      return child.pid as number
    },
    output: () => output,
    kill: () => end('SIGKILL'),
    stop: () => end(options.stopSignal ?? 'SIGTERM'),
    restart: launch,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async dispose() {
      await end('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
