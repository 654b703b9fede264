// Where the demonstration listens: the usual ports if they are free, others if not.
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { AddressInfo } from 'node:net'

/** The port asked for, or another one when somebody listens there. */
export async function portNear(wanted: number, host: string): Promise<number> {
  return (await tryPort(wanted, host)) ?? (await tryPort(0, host)) ?? wanted
}

function tryPort(port: number, host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, host, () => {
      const { port: found } = server.address() as AddressInfo
      server.close(() => resolve(found))
    })
  })
}

/** This machine's IPv4 addresses in its networks. */
export const lanAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((found) => (found !== undefined && found.family === 'IPv4' && !found.internal ? [found.address] : []))
