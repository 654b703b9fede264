// What a server uses of the machine, its children included, whether they still run or not. Linux: reads /proc.
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks a second of /proc/<pid>/stat. */
const HERTZ = 100

interface Stat {
  readonly parent: number
  /** Its own, and of its children that have ended and were waited for, s. */
  readonly cpuSeconds: number
}

/** null: it is gone. */
function statOf(pid: number): Stat | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // After the parenthesised name: state is field 3, the parent 4, utime, stime, cutime and cstime 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0)
  return { parent: Number(fields[1]), cpuSeconds: ticks / HERTZ }
}

/** CPU seconds of a process and of every child it ever had. PostgreSQL is a process for each connection. */
export function cpuSecondsOfTree(pid: number): number {
  let total = statOf(pid)?.cpuSeconds ?? 0
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : null
    if (stat?.parent === pid) total += stat.cpuSeconds
  }
  return total
}
