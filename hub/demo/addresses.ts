// Where the demonstration listens: the usual ports if they are free, others if not.
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { AddressInfo, Server } from 'node:net'

/** The ports asked for, each replaced by another when somebody listens there. */
export async function portsNear(wanted: readonly number[], host: string): Promise<number[]> {
  // All are held until all are chosen: a port that was just let go is the first to be given out again.
  const held: Server[] = []
  for (const port of wanted) held.push((await listenOn(port, host)) ?? (await listenAnywhere(host)))
  const ports = held.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function listenOn(port: number, host: string): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, host, () => resolve(server))
  })
}

async function listenAnywhere(host: string): Promise<Server> {
  const server = await listenOn(0, host)
  if (server === null) throw new Error(`无法监听 cannot listen on ${host}`)
  return server
}

/** This machine's IPv4 addresses in its networks. */
export const lanAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((found) => (found !== undefined && found.family === 'IPv4' && !found.internal ? [found.address] : []))
