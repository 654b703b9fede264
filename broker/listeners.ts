// The sockets that the broker listens on: plain TCP, and TLS when a certificate is given.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

export interface TlsFiles {
  /** PEM. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly maxConnections: number
  readonly handshakeMs: number
  onSocket(socket: Socket): void
  /** A TLS handshake failed, or took too long. */
  onHandshakeFailed(): void
  /** The limit on connections was reached. */
  onDropped(): void
  onError(error: Error): void
}

export const createTcpListener = (options: ListenOptions): Server =>
  watch(createServer({ noDelay: true, allowHalfOpen: true }, options.onSocket), options)

export function createTlsListener(tls: TlsFiles, options: ListenOptions): Server {
  const server = createTlsServer(
    {
      cert: tls.cert,
      key: tls.key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: options.handshakeMs,
      noDelay: true,
      allowHalfOpen: true,
    },
    options.onSocket,
  )
  server.on('tlsClientError', (_error, socket) => {
    options.onHandshakeFailed()
    socket.destroy()
  })
  return watch(server, options)
}

function watch(server: Server, options: ListenOptions): Server {
  server.maxConnections = options.maxConnections
  server.on('drop', options.onDropped)
  return server
}

/** Resolves to the port; rejects when the address is taken or not ours. */
export async function listen(server: Server, options: ListenOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port, backlog: 4_096 }, () => {
      server.off('error', reject)
      server.on('error', options.onError)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}
