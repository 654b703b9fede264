// Debian's redis-server as a cluster needs it: every write in the append-only file, nothing evicted.
import { Redis } from 'ioredis'
import { freePort } from '../hub-process.ts'
import { missing, startServer } from './server-process.ts'
import type { ServerProcess } from './server-process.ts'

export const REDIS_MISSING = missing('redis-server')

export interface RedisServer extends ServerProcess {
  readonly url: string
}

export interface RedisServerOptions {
  /** `always` by default: with `everysec` even a killed process may lose what it answered while the disk was busy. */
  readonly appendfsync?: 'always' | 'everysec'
  readonly maxmemory?: string
  /** More words of its command line, e.g. `--replicaof 127.0.0.1 6379`. */
  readonly more?: readonly string[]
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const server = await startServer({
    name: 'redis',
    port,
    program: 'redis-server',
    arguments: (directory) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', options.appendfsync ?? 'always'],
      ...['--maxmemory', options.maxmemory ?? '512mb', '--maxmemory-policy', 'noeviction'],
      ...(options.more ?? []),
    ],
    ready: async () => {
      const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
      probe.on('error', () => undefined)
      try {
        await probe.connect()
        return (await probe.ping()) === 'PONG'
      } finally {
        probe.disconnect()
      }
    },
  })
  return Object.assign(server, { url })
}
