// A TCP proxy that misbehaves on command, for what the kernel here cannot imitate: a link that freezes, lags, breaks in
// the middle of a packet, or changes a bit. Both directions, all connections at once.
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down'

export interface TcpProxy {
  readonly port: number
  /** Connections open at the moment, and accepted since the start. */
  readonly open: number
  readonly accepted: number
  /** Bytes passed on since the start. */
  readonly passed: Readonly<Record<Direction, number>>
  /** Breaks every open connection with a reset, on both sides. */
  cut(): void
  /** Breaks the connections as soon as so many more bytes have gone this way: in the middle of whatever that is. */
  cutAfter(direction: Direction, bytes: number): void
  /** From now on new connections are reset at once (true), or let through (false). */
  refuse(refusing: boolean): void
  /** Nothing moves and nothing closes, as if a cable were pulled; new connections are accepted and hang. */
  freeze(): void
  thaw(): void
  /** Every byte from now on arrives so much later, ms; order is kept. */
  delay(ms: number): void
  /** Flips the lowest bit of the n-th byte (from 0) that goes this way from now on. */
  flip(direction: Direction, after: number): void
  /** Closes everything; idempotent. */
  stop(): Promise<void>
}

/** More than this waiting in one direction, and its source is not read any further. */
const HIGH_WATER = 1024 * 1024

interface Faults {
  frozen: boolean
  delayMs: number
  readonly cutIn: Record<Direction, number | null>
  readonly flipIn: Record<Direction, number | null>
}

interface Held {
  readonly bytes: Buffer
  readonly due: number
}

/** One direction of one connection. */
class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #faults: Faults
  readonly #pass: (bytes: Buffer) => Buffer | null
  readonly #held: (Held | 'end')[] = []
  #heldBytes = 0
  #timer: NodeJS.Timeout | null = null

  /** `pass` may change the bytes; null: the connection was cut, and they go nowhere. */
  constructor(from: Socket, to: Socket, faults: Faults, pass: (bytes: Buffer) => Buffer | null) {
    this.#from = from
    this.#to = to
    this.#faults = faults
    this.#pass = pass
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.on('end', () => {
      this.#held.push('end')
      this.pump()
    })
    to.on('drain', () => this.pump())
  }

  /** Passes on whatever is due. */
  pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    while (!this.#faults.frozen && !this.#to.destroyed && !this.#to.writableNeedDrain) {
      const [next] = this.#held
      if (next === undefined) break
      if (next === 'end') {
        this.#held.shift()
        this.#to.end()
        break
      }
      const wait = next.due - performance.now()
      if (wait > 0) {
        this.#timer = setTimeout(() => this.pump(), Math.ceil(wait))
        break
      }
      this.#held.shift()
      this.#heldBytes -= next.bytes.length
      const bytes = this.#pass(next.bytes)
      if (bytes === null) return
      this.#to.write(bytes)
    }
    if (this.#heldBytes < HIGH_WATER) this.#from.resume()
  }

  drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#held.length = 0
  }

  #take(bytes: Buffer): void {
    this.#held.push({ bytes, due: performance.now() + this.#faults.delayMs })
    this.#heldBytes += bytes.length
    if (this.#heldBytes >= HIGH_WATER) this.#from.pause()
    this.pump()
  }
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  readonly pipes: readonly Pipe[]
}

/** Listens on a free loopback port and passes connections on to `target`. */
export async function startTcpProxy(target: { readonly host?: string; readonly port: number }): Promise<TcpProxy> {
  const faults: Faults = {
    frozen: false,
    delayMs: 0,
    cutIn: { up: null, down: null },
    flipIn: { up: null, down: null },
  }
  const passed: Record<Direction, number> = { up: 0, down: 0 }
  const pairs = new Set<Pair>()
  let refusing = false
  let accepted = 0

  const end = (pair: Pair): void => {
    if (!pairs.delete(pair)) return
    for (const pipe of pair.pipes) pipe.drop()
    pair.client.resetAndDestroy()
    pair.server.resetAndDestroy()
  }
  const cut = (): void => {
    for (const pair of [...pairs]) end(pair)
  }

  const through = (direction: Direction, to: Socket, bytes: Buffer): Buffer | null => {
    const { cutIn, flipIn } = faults
    const flipAt = flipIn[direction]
    if (flipAt !== null) {
      const flipped = bytes[flipAt]
      flipIn[direction] = flipped === undefined ? flipAt - bytes.length : null
      if (flipped !== undefined) bytes[flipAt] = flipped ^ 1
    }
    const left = cutIn[direction]
    if (left !== null && left <= bytes.length) {
      cutIn[direction] = null
      passed[direction] += left
      // The part before the cut is flushed first: the other side must see a torn packet, not a missing one.
      if (left > 0) to.write(bytes.subarray(0, left), cut)
      else cut()
      return null
    }
    if (left !== null) cutIn[direction] = left - bytes.length
    passed[direction] += bytes.length
    return bytes
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    accepted++
    client.on('error', () => undefined)
    if (refusing) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect({
      host: target.host ?? '127.0.0.1',
      port: target.port,
      allowHalfOpen: true,
      noDelay: true,
    })
    const up = new Pipe(client, upstream, faults, (bytes) => through('up', upstream, bytes))
    const down = new Pipe(upstream, client, faults, (bytes) => through('down', client, bytes))
    const pair: Pair = { client, server: upstream, pipes: [up, down] }
    pairs.add(pair)
    upstream.on('error', () => undefined)
    // A side that is gone takes the other along, except behind a frozen link: nobody hears of anything there.
    const gone = (): void => {
      if (!faults.frozen) end(pair)
    }
    client.on('close', (failed) => failed && gone())
    upstream.on('close', (failed) => failed && gone())
    client.on('close', () => upstream.closed && pairs.delete(pair))
    upstream.on('close', () => client.closed && pairs.delete(pair))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  let stopped: Promise<void> | null = null

  return {
    port,
    get open() {
      return pairs.size
    },
    get accepted() {
      return accepted
    },
    passed,
    cut,
    cutAfter(direction, bytes) {
      faults.cutIn[direction] = bytes
    },
    refuse(refuse) {
      refusing = refuse
    },
    freeze() {
      faults.frozen = true
    },
    thaw() {
      faults.frozen = false
      for (const pair of [...pairs]) {
        // Who left while the link was frozen is heard of now.
        if (pair.client.closed || pair.server.closed) end(pair)
        else for (const pipe of pair.pipes) pipe.pump()
      }
    },
    delay(ms) {
      faults.delayMs = ms
    },
    flip(direction, after) {
      faults.flipIn[direction] = after
    },
    stop() {
      stopped ??= new Promise((resolve) => {
        cut()
        server.close(() => resolve())
      })
      return stopped
    },
  }
}
