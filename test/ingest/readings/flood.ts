// Starts flood-child.ts and listens to it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Flood {
  readonly child: ChildProcess
  /** The highest acknowledged position. */
  readonly acknowledged: () => number
  readonly lines: readonly string[]
  /** Resolves when a told line satisfies the condition; rejects when the child ends before. */
  until(condition: (line: string) => boolean): Promise<void>
  kill(): Promise<void>
}

export function startFlood(
  directory: string,
  first: number,
  mode: '' | 'seal' | 'log' | 'hold' = '',
  prefix: string[] = [],
): Flood {
  const script = fileURLToPath(new URL('./flood-child.ts', import.meta.url))
  const [command = process.execPath, ...before] = [...prefix, process.execPath]
  const child = spawn(command, [...before, script, directory, String(first), mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let acknowledged = 0
  let errors = ''
  let ended = false
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    const position = Number.parseInt(line, 10)
    if (position > acknowledged) acknowledged = position
    for (const look of waiting) look()
  })
  const closed = once(child, 'close').then(() => {
    ended = true
    for (const look of waiting) look()
  })
  return {
    child,
    acknowledged: () => acknowledged,
    lines,
    until: (condition) =>
      new Promise((resolve, reject) => {
        let seen = 0
        const look = (): void => {
          for (; seen < lines.length; seen++) {
            if (!condition(lines[seen] ?? '')) continue
            waiting.delete(look)
            return resolve()
          }
          if (ended) reject(new Error(`the flood ended: ${errors}`))
        }
        waiting.add(look)
        look()
      }),
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
}
