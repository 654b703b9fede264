// Thousands of MQTT clients in a process of their own, that all go and come back when they are told to. Started by
// clients.ts, which it never outlives.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connectPacket } from '../load/packets.ts'
import type { Credential } from '../load/publisher.ts'

export type ToClients =
  | { readonly type: 'plan'; readonly port: number; readonly credentials: readonly Credential[] }
  /** All connections break at the same moment and are made again at once, as after a cut of the whole county's power. */
  | { readonly type: 'drop' }
  | { readonly type: 'count' }
export interface FromClients {
  readonly open: number
  /** Logins that were refused with a code. */
  readonly refused: number
}

const CONNACK = 0x20
/** Between two tries of one client, ms: spread by chance, as devices do. */
const RETRY_MS = { least: 500, most: 1_500 }

class Client {
  readonly #port: number
  readonly #credential: Credential
  #socket: Socket | null = null
  isOpen = false
  refused = 0

  constructor(port: number, credential: Credential) {
    this.#port = port
    this.#credential = credential
  }

  connect(): void {
    const { username, password } = this.#credential
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    this.#socket = socket
    socket.on('connect', () => socket.write(connectPacket(username, username, password)))
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      if (bytes[0] !== CONNACK) return
      if (bytes[3] === 0) this.isOpen = true
      else this.refused++
    })
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.isOpen = false
      setTimeout(() => this.connect(), RETRY_MS.least + Math.random() * (RETRY_MS.most - RETRY_MS.least))
    })
  }

  drop(): void {
    const socket = this.#socket
    this.#socket = null
    this.isOpen = false
    socket?.resetAndDestroy()
    this.connect()
  }
}

let clients: Client[] = []
process.on('message', (message: ToClients) => {
  if (message.type === 'plan') {
    clients = message.credentials.map((credential) => new Client(message.port, credential))
    for (const client of clients) client.connect()
  } else if (message.type === 'drop') for (const client of clients) client.drop()
  process.send?.({
    open: clients.filter(({ isOpen }) => isOpen).length,
    refused: clients.reduce((sum, { refused }) => sum + refused, 0),
  } satisfies FromClients)
})
process.on('disconnect', () => process.exit(0))
