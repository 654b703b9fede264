// /healthz, /readyz and /metrics of a process that serves no pages.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry as Metrics } from 'prom-client'

export interface HealthServerParts {
  readonly host: string
  readonly port: number
  readonly metrics: Metrics
  /** What parts can do their work now. */
  readonly ready: () => Promise<{ readonly ok: boolean; readonly parts: Readonly<Record<string, boolean>> }>
}

/** Listens; rejects with the system's error when it cannot. */
export async function startHealthServer(parts: HealthServerParts): Promise<{ port: number; stop(): Promise<void> }> {
  const answer = async (path: string): Promise<{ status: number; type: string; body: string }> => {
    if (path === '/healthz') return { status: 200, type: 'application/json', body: '{"ok":true}' }
    if (path === '/readyz') {
      const ready = await parts.ready()
      return { status: ready.ok ? 200 : 503, type: 'application/json', body: JSON.stringify(ready) }
    }
    if (path === '/metrics')
      return { status: 200, type: parts.metrics.contentType, body: await parts.metrics.metrics() }
    return {
      status: 404,
      type: 'application/json',
      body: '{"error":{"code":"not_found","message":"/healthz, /readyz, /metrics"}}',
    }
  }
  const server = createServer((request, response) => {
    const end = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    }
    answer(new URL(request.url ?? '/', 'http://localhost').pathname).then(
      ({ status, type, body }) => end(status, type, body),
      (error: unknown) => end(503, 'application/json', JSON.stringify({ ok: false, problem: String(error) })),
    )
  })
  server.listen(parts.port, parts.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
