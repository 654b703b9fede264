// Starts Debian's Mosquitto on a free loopback port, for tests against a broker that is not ours and for comparing figures.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/hub-process.ts'

export interface MosquittoOptions {
  /** A free one by default. */
  readonly port?: number
  /** PEM files; the listener then speaks TLS only. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Further lines of mosquitto.conf. */
  readonly config?: readonly string[]
}

export interface Mosquitto {
  readonly port: number
  readonly pid: number
  /** Ends it and removes its folder; may be called twice. */
  stop(): Promise<void>
}

const BINARIES = ['mosquitto', '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto']

/** The first Mosquitto that starts, or null: Debian keeps it in /usr/sbin, which is not in everybody's PATH. */
export function findMosquitto(): string | null {
  return BINARIES.find((binary) => spawnSync(binary, ['-h'], { stdio: 'ignore' }).error === undefined) ?? null
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const binary = findMosquitto()
  if (binary === null) throw new Error('mosquitto is not installed: apt-get install mosquitto')
  const port = options.port ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'zhian-mosquitto-'))
  // Started by root it would become the user `mosquitto`, who may not read a test's key files.
  chmodSync(folder, 0o755)
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...(options.tls ? [`certfile ${options.tls.cert}`, `keyfile ${options.tls.key}`] : []),
    ...(options.config ?? []),
  ]
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, lines.join('\n') + '\n')

  const child = spawn(binary, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      const patience = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(patience)
    }
    rmSync(folder, { recursive: true, force: true })
  }

  const deadline = performance.now() + 10_000
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop()
      throw new Error(`mosquitto did not start on port ${port}: ${said.trim() || 'it said nothing'}`)
    }
    await delay(20)
  }
  return { port, pid: child.pid as number, stop }
}

/** CPU seconds (user + system) a process has used; Linux only. */
export function cpuSecondsOf(pid: number): number {
  // After the parenthesised name: state is field 3, utime and stime are fields 14 and 15, in ticks of 1/100 s.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
