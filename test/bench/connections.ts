// What an idle connection costs the server in memory. Linux: reads /proc.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Credential } from '../load/publisher.ts'
import type { ConnectionsPlan, ConnectionsReport } from './connections-process.ts'
import { atLeast, atMost, figure } from './row.ts'
import type { BenchRow } from './row.ts'

export interface ConnectionsOptions {
  readonly host?: string
  /** The server's process. */
  readonly pid: number
  readonly wanted?: number
  readonly perSecond?: number
  /** How long to watch the memory once all are open. */
  readonly watchMs?: number
}

/** Asked for by the design. */
const WANTED = 18_000
/** Descriptors left to the server for its files, and to a client process for its own. */
const RESERVE = 500
/** Ends of TCP connections from one address to one port, with room for others on the machine. */
const EPHEMERAL_PORTS = 27_000

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory: did it end?`)
  return Number(kilobytes) * 1024
}

/** Files and sockets a process may still open. */
export function descriptorsLeft(pid: number): number {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1]
  const allowed = limit === undefined || limit === 'unlimited' ? Infinity : Number(limit)
  return allowed - readdirSync(`/proc/${pid}/fd`).length
}

/**
 * Opens idle connections to a server, as many as wanted and as descriptors allow, and measures what they cost it.
 * Credentials go round when there are fewer; every connection has a client id of its own.
 */
export async function benchConnections(
  port: number,
  credentials: readonly Credential[],
  options: ConnectionsOptions,
): Promise<BenchRow[]> {
  if (credentials.length === 0) throw new Error('idle connections need at least one credential')
  const { host = '127.0.0.1', pid, wanted = WANTED, perSecond = 1_500, watchMs = 3_000 } = options
  const count = Math.max(0, Math.min(wanted, descriptorsLeft(pid) - RESERVE, EPHEMERAL_PORTS))
  const aProcess = Math.max(1, Math.min(descriptorsLeft(process.pid) - RESERVE, Math.ceil(count / 2)))
  const connections = Array.from({ length: count }, (_, index) => ({
    ...(credentials[index % credentials.length] as Credential),
    clientId: `idle-${index}`,
  }))
  const plans: ConnectionsPlan[] = []
  for (let at = 0; at < count; at += aProcess) {
    plans.push({ host, port, connections: connections.slice(at, at + aProcess), perSecond: 0 })
  }

  const before = residentBytes(pid)
  const started = performance.now()
  const children: ChildProcess[] = []
  try {
    const reports = await Promise.all(
      plans.map((plan) => {
        const child = fork(fileURLToPath(new URL('./connections-process.ts', import.meta.url)), [], { execArgv: [] })
        children.push(child)
        return reportOf(child, { ...plan, perSecond: perSecond / plans.length })
      }),
    )
    const seconds = (performance.now() - started) / 1000
    const open = reports.reduce((sum, report) => sum + report.open, 0)
    const firstError = reports.find((report) => report.firstError !== null)?.firstError
    if (open === 0) throw new Error(`no idle connection could be opened: ${firstError ?? 'none was wanted'}`)
    const after = await highestBytes(pid, watchMs)
    const missing = open < wanted ? ` (${wanted} wanted: ${firstError ?? 'descriptors'})` : ''
    return [
      atLeast(`idle connections open${missing}`, open, '', wanted),
      atMost('resident memory with them', Math.round(after / 1e6), 'MB', 600),
      figure('resident memory before', Math.round(before / 1e6), 'MB'),
      figure('resident memory an idle connection', (after - before) / open / 1024, 'KiB'),
      figure('time to open them', seconds, 's'),
    ]
  } finally {
    await Promise.all(children.map(ended))
  }
}

function reportOf(child: ChildProcess, plan: ConnectionsPlan): Promise<ConnectionsReport> {
  return new Promise((resolve, reject) => {
    child.once('message', (report: ConnectionsReport) => resolve(report))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`a client process ended early (code ${code})`)))
    child.send(plan)
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.disconnect()
  await exit
}

/** The most memory seen while watching: garbage of the logins may still be there, and it counts. */
async function highestBytes(pid: number, watchMs: number): Promise<number> {
  let highest = 0
  for (const until = performance.now() + watchMs; performance.now() < until; await delay(100)) {
    highest = Math.max(highest, residentBytes(pid))
  }
  return highest
}
