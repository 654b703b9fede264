// What stands behind HAProxy in its tests: small servers that are well, not ready, silent or dead on command.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { Server as TcpServer, Socket } from 'node:net'
import { Server as LiveServer } from 'socket.io'
import { freePort } from '../support/hub-process.ts'

/** `silent`: takes connections and never answers, as a frozen process does. */
export type Health = 'ready' | 'unready' | 'silent'

export interface WebServerBehind {
  readonly port: number
  readonly name: string
  health: Health
  /** Requests for pages that arrived here, newest last. */
  readonly seen: { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders }[]
  readonly feeds: number
  /** Nobody listens any more, and whatever was open is reset. */
  die(): Promise<void>
  revive(): Promise<void>
}

/** Answers its name on every path; `/broken` breaks the connection; `/socket.io` is a live feed. */
export async function startWebServer(name: string): Promise<WebServerBehind> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  const seen: { method: string; path: string; headers: IncomingHttpHeaders }[] = []
  let health: Health = 'ready'
  let running: { close(): Promise<void>; feeds(): number } | null = null

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? '/', 'http://behind').pathname
    if (health === 'silent') return
    if (path === '/healthz') return void response.end('ok')
    if (path === '/readyz') return void response.writeHead(health === 'ready' ? 200 : 503).end(health)
    seen.push({ method: request.method ?? '', path, headers: request.headers })
    if (path === '/broken') return void request.socket.destroy()
    response.end(name)
  }
  const revive = async (): Promise<void> => {
    const server = createHttpServer(answer)
    const live = new LiveServer(server, { pingInterval: 1_000, pingTimeout: 60_000 })
    live.on('connection', (socket) => socket.emit('hello', name))
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    running = {
      feeds: () => live.of('/').sockets.size,
      async close() {
        const closed = once(server, 'close')
        server.close()
        for (const socket of sockets) socket.resetAndDestroy()
        live.engine.close()
        await closed
      },
    }
  }
  await revive()
  return {
    port,
    name,
    seen,
    get health() {
      return health
    },
    set health(value) {
      health = value
    },
    get feeds() {
      return running?.feeds() ?? 0
    },
    async die() {
      await running?.close()
      running = null
    },
    revive,
  }
}

export interface TcpServerBehind {
  readonly port: number
  /** Open now. */
  readonly connections: number
  die(): Promise<void>
}

/** Greets with its name and echoes. */
export async function startTcpServer(
  name: string,
  make: (greet: (socket: Socket) => void) => TcpServer = (greet) => createTcpServer(greet),
): Promise<TcpServerBehind> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  const server = make((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.write(name)
    socket.on('data', (bytes: Buffer) => socket.write(bytes))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port,
    get connections() {
      return sockets.size
    },
    async die() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
