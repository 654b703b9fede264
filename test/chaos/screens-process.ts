// Hundreds of screens in a process of their own. Started by screens.ts, which it never outlives.
import { io } from 'socket.io-client'
import type { FeedSocket } from '../support/api.ts'

export type ToScreens =
  | { readonly type: 'plan'; readonly base: string; readonly tokens: readonly string[] }
  /** These many of them stop reading, from the first on. */
  | { readonly type: 'freeze'; readonly count: number }
  | { readonly type: 'take' }
export interface FromScreens {
  readonly live: number
  /** Alarms raised that were heard since the last time, over all screens. */
  readonly heard: number
  /** Hub receives → screen hears, ms, since the last time. */
  readonly latencies: Float64Array
  readonly disconnects: number
}

/** The TCP socket beneath a client, to stop reading from it. */
function tcpOf(client: FeedSocket): { pause(): void } {
  const beneath = client as unknown as { io: { engine: { transport: { ws: { _socket: { pause(): void } } } } } }
  return beneath.io.engine.transport.ws._socket
}

let screens: FeedSocket[] = []
let latencies: number[] = []
let live = 0
let disconnects = 0

function open(base: string, token: string): FeedSocket {
  const socket: FeedSocket = io(base, { auth: { token }, transports: ['websocket'], forceNew: true })
  socket.on('hello', () => socket.emit('feed:resume', { cursor: null }, (answer) => answer.ok && live++))
  socket.on('disconnect', () => {
    live--
    disconnects++
  })
  socket.on('alarm', ({ type, receivedAt }) => {
    if (type === 'raised' && receivedAt !== null) latencies.push(Date.now() - receivedAt)
  })
  return socket
}

process.on('message', (message: ToScreens) => {
  if (message.type === 'plan') screens = message.tokens.map((token) => open(message.base, token))
  if (message.type === 'freeze') for (const screen of screens.slice(0, message.count)) tcpOf(screen).pause()
  const taken = Float64Array.from(latencies)
  latencies = []
  process.send?.({ live, heard: taken.length, latencies: taken, disconnects } satisfies FromScreens)
})
process.on('disconnect', () => process.exit(0))
