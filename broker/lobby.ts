// Sockets that are not in yet, in three rooms: without a CONNECT (bounded in number and time: these are strangers), in their
// login (bounded by the login's own timer), and on their way into the core — a few at a time, so that when a whole county comes
// back at once the first are in at once and memory holds a few half-made clients, not all of them.
import type { Connection } from './connection.ts'
import type { BrokerLimits } from './limits.ts'

type LobbyLimits = Pick<BrokerLimits, 'unauthenticated' | 'connectMs' | 'joining' | 'loginMs'>

interface Waiting {
  readonly connection: Connection
  readonly enter: () => void
}

export class Lobby {
  readonly #limits: LobbyLimits
  readonly #all = new Set<Connection>()
  /** Without a CONNECT, the oldest first. */
  readonly #strangers = new Set<Connection>()
  /** In the core and without a CONNACK: since when, in awake time. */
  readonly #joining = new Map<Connection, number>()
  readonly #queue: Waiting[] = []

  constructor(limits: LobbyLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#all.size
  }

  connections(): Iterable<Connection> {
    return this.#all
  }

  /** Beyond the limit the oldest stranger makes room: whoever means it says so within moments. */
  arrive(connection: Connection): void {
    if (this.#strangers.size >= this.#limits.unauthenticated) {
      const [oldest] = this.#strangers
      oldest?.refuse('too_many_unauthenticated')
    }
    this.#all.add(connection)
    this.#strangers.add(connection)
  }

  connectCame(connection: Connection): void {
    this.#strangers.delete(connection)
  }

  /** Calls `enter` when there is room in the core, at once if there is some now. */
  admit(connection: Connection, awakeMs: number, enter: () => void): void {
    if (this.#joining.size >= this.#limits.joining) {
      this.#queue.push({ connection, enter })
      return
    }
    this.#joining.set(connection, awakeMs)
    enter()
  }

  /** The connection is in, or gone. */
  leave(connection: Connection, awakeMs: number): void {
    this.#all.delete(connection)
    this.#strangers.delete(connection)
    if (!this.#joining.delete(connection)) return
    // Entering may end other connections, which comes back here: the queue is taken from before each step.
    while (this.#joining.size < this.#limits.joining) {
      const next = this.#queue.shift()
      if (!next) break
      if (next.connection.isClosed) continue
      this.#joining.set(next.connection, awakeMs)
      next.enter()
    }
  }

  expire(awakeMs: number): void {
    for (const connection of this.#strangers) {
      if (awakeMs - connection.acceptedAt < this.#limits.connectMs) break
      connection.refuse('connect_timeout')
    }
    for (const [connection, since] of this.#joining) {
      if (awakeMs - since >= this.#limits.loginMs) connection.refuse('login_timeout')
    }
  }
}
