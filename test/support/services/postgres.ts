// Debian's PostgreSQL in a cluster of its own, with its own durability settings; it refuses to run as root, so there it runs
// as `postgres`.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from '../hub-process.ts'
import { startServer } from './server-process.ts'
import type { ServerProcess } from './server-process.ts'

/** For what a killed server leaves behind, ms. */
const LEFT_BEHIND_MS = 30_000
const VERSIONS = '/usr/lib/postgresql'

/** The folder of the newest version's programs; null: there is none. */
function binaries(): string | null {
  if (!existsSync(VERSIONS)) return null
  const newest = readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? null : join(VERSIONS, newest, 'bin')
}

const BINARIES = binaries()
export const POSTGRES_MISSING = process.env['ZHIAN_REQUIRE_SERVICES'] !== '1' && BINARIES === null

export interface PostgresServer extends ServerProcess {
  /** Of the database `postgres`. */
  readonly url: string
  /** Makes an empty database and answers its address. */
  database(name: string): Promise<string>
}

const idOf = (user: string, flag: '-u' | '-g'): number => {
  const { stdout, status } = spawnSync('id', [flag, user], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`there is no user ${user}`)
  return Number(stdout)
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => parentOf(pid) === parent)
    .map(Number)
}

function parentOf(pid: string): number | null {
  try {
    // `pid (name) state parent …`; a name may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It has ended.
    return null
  }
}

export async function startPostgres(): Promise<PostgresServer> {
  if (BINARIES === null) throw new Error(`PostgreSQL is not installed in ${VERSIONS}`)
  const port = await freePort()
  const user = process.getuid?.() === 0 ? { uid: idOf('postgres', '-u'), gid: idOf('postgres', '-g') } : null
  const address = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`
  const query = async (sql: string): Promise<void> => {
    const client = new Client({ connectionString: address('postgres') })
    await client.connect()
    try {
      await client.query(sql)
    } finally {
      await client.end()
    }
  }
  const server = await startServer({
    name: 'postgres',
    port,
    program: join(BINARIES, 'postgres'),
    arguments: (directory) => [
      ...['-D', join(directory, 'data'), '-p', String(port), '-k', directory],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', '-c', 'shared_buffers=64MB'],
    ],
    ...(user === null ? {} : { user }),
    prepare: (directory) => {
      const made = spawnSync(
        join(BINARIES, 'initdb'),
        ['-D', join(directory, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N'],
        { cwd: directory, encoding: 'utf8', ...user },
      )
      if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
    },
    ready: () => query('select 1').then(() => true),
    stopSignal: 'SIGINT',
  })
  /** Each connection is served by a process of its own. */
  const signalAll = (signal: NodeJS.Signals): void => {
    for (const pid of [server.pid, ...childrenOf(server.pid)]) {
      try {
        process.kill(pid, signal)
      } catch (error) {
        // A connection that ended meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }
  const { restart } = server
  return Object.assign(server, {
    /** Those that a killed server had started may take a moment to notice. */
    async restart() {
      for (const end = performance.now() + LEFT_BEHIND_MS; ; await delay(100)) {
        try {
          return await restart()
        } catch (error) {
          if (!String(error).includes('pre-existing shared memory block') || performance.now() > end) throw error
        }
      }
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    url: address('postgres'),
    async database(name: string) {
      await query(`create database "${name}"`)
      return address(name)
    },
  })
}
