// NOTIFY and LISTEN: who reads on from where they were is told that there may be something. Nothing is carried, so nothing is
// lost with a connection but time.
import pg from 'pg'
import type { Wake } from '../ledger/cluster.ts'
import { connectionOptions, withinTime } from './pool.ts'

const WAKES: readonly Wake[] = ['transition', 'change', 'answer']
/** As the database's own triggers call them (migrations/0014-cluster.ts). */
const channelOf = (what: Wake): string => `zhian_${what}`

/** From one try to the next, ms: doubled each time up to the second. */
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 5_000
/** How often a connection that hears nothing is asked whether it still stands, ms, and how long it may take. */
const CHECK_EVERY_MS = 10_000
const CHECK_MS = 5_000

export interface WakeLineOptions {
  readonly url: string
  readonly name: string
  readonly log: (line: string) => void
}

/** A connection of its own that listens, and comes back by itself. Inert until `start()`. */
export class WakeLine {
  readonly #options: WakeLineOptions
  readonly #listeners = new Set<(what: Wake) => void>()
  #client: pg.Client | null = null
  #timer: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS
  #connecting: Promise<void> = Promise.resolve()
  #running = false

  constructor(options: WakeLineOptions) {
    this.#options = options
  }

  onWake(listener: (what: Wake) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#connecting = this.#connect()
  }

  async stop(): Promise<void> {
    this.#running = false
    clearTimeout(this.#timer)
    await this.#connecting
    const client = this.#client
    this.#client = null
    if (client !== null) await withinTime(client.end(), CHECK_MS)
  }

  async #connect(): Promise<void> {
    const { url, name } = this.#options
    const client = new pg.Client(connectionOptions(url, name, CHECK_MS))
    const lost = (error: Error): void => this.#lost(client, error)
    client.on('error', lost)
    client.on('end', () => lost(new Error('it was closed')))
    client.on('notification', ({ channel }) => this.#tell(WAKES.filter((what) => channelOf(what) === channel)))
    try {
      await client.connect()
      await client.query(WAKES.map((what) => `listen ${channelOf(what)}`).join('; '))
    } catch (error) {
      void client.end().catch(() => undefined)
      this.#again(error as Error)
      return
    }
    this.#client = client
    this.#retryMs = FIRST_RETRY_MS
    // What was said before it listened.
    this.#tell(WAKES)
    this.#checkLater(client)
  }

  /** A connection that broke without a word would wait for ever. */
  #checkLater(client: pg.Client): void {
    if (!this.#running) return
    this.#timer = setTimeout(() => {
      client.query('select 1').then(
        () => this.#checkLater(client),
        (error: unknown) => this.#lost(client, error as Error),
      )
    }, CHECK_EVERY_MS)
  }

  #lost(client: pg.Client, error: Error): void {
    if (this.#client !== client) return
    this.#client = null
    void client.end().catch(() => undefined)
    this.#again(error)
  }

  #again(error: Error): void {
    if (!this.#running) return
    if (this.#retryMs === FIRST_RETRY_MS) this.#options.log(`ledger: nothing wakes for now: ${error.message}`)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => (this.#connecting = this.#connect()), this.#retryMs * (0.5 + Math.random() / 2))
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
  }

  #tell(what: readonly Wake[]): void {
    if (!this.#running) return
    for (const one of what) for (const listener of this.#listeners) listener(one)
  }
}
