// Owners of partitions in processes of their own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { partitionOf } from '../../../contract/partitions.ts'

const CHILD = fileURLToPath(new URL('./owner-child.ts', import.meta.url))

/** An append that its process was told is durable. */
export interface Acknowledged {
  readonly owner: string
  readonly partition: number
  readonly round: number
  readonly first: number
  readonly last: number
}

export interface Owner {
  readonly name: string
  readonly acknowledged: readonly Acknowledged[]
  /** Partitions that it found to be somebody else's. */
  readonly fencedOut: readonly number[]
  /** People's acts that it was told are durable. */
  acts(): number
  signal(signal: NodeJS.Signals): void
  /** Lets it finish what it has begun. */
  finish(): Promise<void>
}

/** Journals in its partitions, and writes what people do, until it is told to finish. */
export function startOwner(url: string, name: string, partitions: readonly number[], leaseMs: number): Owner {
  const child = spawn(process.execPath, [CHILD, url, name, String(leaseMs), ...partitions.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const acknowledged: Acknowledged[] = []
  const fencedOut: number[] = []
  let acts = 0
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [what, ...figures] = line.split(' ')
      const [partition = -1, round = -1, first = -1, last = -1] = figures.map(Number)
      if (what === 'journalled') acknowledged.push({ owner: name, partition, round, first, last })
      else if (what === 'fenced') fencedOut.push(partition)
      else if (what === 'acted') acts += 1
    }
  })
  return {
    name,
    acknowledged,
    fencedOut,
    acts: () => acts,
    signal: (signal) => void child.kill(signal),
    async finish() {
      child.stdin.end()
      const [code] = (await ended) as [number | null]
      if (code !== 0) throw new Error(`${name} ended with ${code}`)
    },
  }
}

/** The `n`th device id of a partition. */
export function deviceOf(partition: number, n: number): string {
  for (let i = 0, found = 0; ; i++) if (partitionOf(`D-${i}`) === partition && found++ === n) return `D-${i}`
}
