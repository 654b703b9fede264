// Holds idle MQTT connections open for the connection benchmark. Started by connections.ts, which it never outlives.
import { connect } from 'node:net'
import { connectPacket } from '../load/packets.ts'

export interface ConnectionsPlan {
  readonly host: string
  readonly port: number
  readonly connections: readonly { readonly clientId: string; readonly username: string; readonly password: string }[]
  readonly perSecond: number
}

/** Sent once, when every connection was tried. */
export interface ConnectionsReport {
  readonly open: number
  /** The first reason why one could not be opened. */
  readonly firstError: string | null
}

const CONNACK = 0x20

/** Null when the server accepted the login, and the connection stays open; else why not. */
function login(host: string, port: number, packet: Buffer): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true }, () => socket.write(packet))
    socket.on('error', (error) => resolve(error.message))
    socket.on('close', () => resolve('closed by the server'))
    socket.once('data', (chunk: Buffer) => {
      if (chunk[0] === CONNACK && chunk[3] === 0) resolve(null)
      else {
        resolve(`refused with code ${chunk[3]}`)
        socket.destroy()
      }
    })
  })
}

async function open({ host, port, connections, perSecond }: ConnectionsPlan): Promise<ConnectionsReport> {
  const started = performance.now()
  const tries = connections.map(async ({ clientId, username, password }, index) => {
    const due = started + (index / perSecond) * 1000
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    return login(host, port, connectPacket(clientId, username, password))
  })
  const errors = await Promise.all(tries)
  return {
    open: errors.filter((error) => error === null).length,
    firstError: errors.find((error) => error !== null) ?? null,
  }
}

process.once('message', (plan: ConnectionsPlan) => void open(plan).then((report) => process.send?.(report)))
process.on('disconnect', () => process.exit(0))
