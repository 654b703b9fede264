// `npm run broker:open` as a process of its own: for conformance, memory and death.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../hub/broker-open.ts', import.meta.url))

export interface OpenProcess {
  readonly pid: number
  readonly port: number
  /** The exit code, once it ended by itself or by `stop()`. */
  readonly exitCode: () => number | null
  stop(): Promise<number | null>
}

export async function startOpenProcess(args: readonly string[] = []): Promise<OpenProcess> {
  const child = spawn(process.execPath, [SCRIPT, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(/:(\d+)\s*$/.exec(line.toString())?.[1])
  return {
    pid: child.pid as number,
    port,
    exitCode: () => child.exitCode,
    async stop() {
      child.kill('SIGTERM')
      await exited
      return child.exitCode
    },
  }
}

/** Resident memory of a process, bytes (Linux). */
export function rssOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1_024
}
