// Debian's VictoriaMetrics. The deduplication window of one millisecond makes a second write of a (device, ts) no second sample.
import { freePort } from '../hub-process.ts'
import { missing, startServer } from './server-process.ts'
import type { ServerProcess } from './server-process.ts'

export const VICTORIA_MISSING = missing('victoria-metrics')

export interface VictoriaServer extends ServerProcess {
  readonly url: string
}

/** As the hub wants it to be started. */
const FLAGS = ['-dedup.minScrapeInterval=1ms', '-retentionPeriod=5y', '-search.latencyOffset=0s']

export async function startVictoria({ flags = FLAGS }: { flags?: readonly string[] } = {}): Promise<VictoriaServer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    name: 'victoria',
    port,
    program: 'victoria-metrics',
    arguments: (directory) => [
      `-httpListenAddr=127.0.0.1:${port}`,
      `-storageDataPath=${directory}/data`,
      ...flags,
      '-memory.allowedBytes=256MB',
    ],
    ready: () => fetch(`${url}/health`).then((answer) => answer.ok),
  })
  return Object.assign(server, { url })
}
