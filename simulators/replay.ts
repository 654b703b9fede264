// Plays a recorded session again: the same messages at the same offsets, over real connections, at speed.
import { DeviceConnection } from './connection.ts'
import type { Delivery } from './connection.ts'
import { retell } from './session-file.ts'
import type { Recorded } from './session-file.ts'

export interface ReplayOptions {
  readonly url: string
  /** Device → its token. */
  readonly tokens: ReadonlyMap<string, string>
  /** Wall time at which the session began, ms. */
  readonly began: number
  /** Session seconds a second. */
  readonly speed: number
  readonly ca?: string
  readonly onDelivery?: (delivery: Delivery) => void
}

export interface ReplayCounts {
  readonly devices: number
  readonly connected: number
  /** sent = acknowledged + outstanding. */
  readonly sent: number
  readonly acknowledged: number
  readonly outstanding: number
  readonly lastError: string | null
}

const RECONNECT_MS = 1_000
const LOOK_EVERY_MS = 20

export class Replay {
  readonly #options: ReplayOptions
  readonly #connections: ReadonlyMap<string, DeviceConnection>
  #sent = 0
  #acknowledged = 0
  #lastError: string | null = null
  #stopped = false

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#connections = new Map([...options.tokens].map(([id, token]) => [id, this.#connectionOf(id, token)]))
  }

  /** Opens every connection; rejects with the last reason when none is open after each was tried. */
  async connect(): Promise<void> {
    const all = [...this.#connections.values()]
    for (const connection of all) connection.open()
    await until(() => this.#stopped || all.every((one) => one.isOpen || one.wasRefused))
    if (!this.#stopped && !all.some((one) => one.isOpen)) throw new Error(this.#lastError ?? 'no devices')
  }

  /** Sends each message when its time has come; resolves when all of them are acknowledged. */
  async play(messages: AsyncIterable<Recorded>): Promise<void> {
    const { began, speed } = this.#options
    const beginsNow = Date.now()
    for await (const { at, ...message } of messages) {
      const connection = this.#connections.get(message.deviceId)
      if (connection === undefined) throw new Error(`没有令牌 no token for device "${message.deviceId}"`)
      const due = beginsNow + at / speed
      while (!this.#stopped && Date.now() < due) await pause(Math.min(due - Date.now(), LOOK_EVERY_MS))
      if (this.#stopped) return
      this.#sent++
      const payload = retell(message.payload, at, { began, beginsNow, speed })
      void connection.send({ ...message, payload, samples: [] })
    }
    await until(() => this.#stopped || this.counts().outstanding === 0)
  }

  counts(): ReplayCounts {
    const all = [...this.#connections.values()]
    return {
      devices: all.length,
      connected: all.filter(({ isOpen }) => isOpen).length,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      outstanding: all.reduce((sum, { outstanding }) => sum + outstanding, 0),
      lastError: this.#lastError,
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#connections.values()].map((connection) => connection.end()))
  }

  #connectionOf(deviceId: string, token: string): DeviceConnection {
    const { url, ca, onDelivery } = this.#options
    return new DeviceConnection(
      // Nothing of a session is left out because a device would have had no room for it.
      { url, deviceId, token, reconnectMs: RECONNECT_MS, memory: Infinity, ...(ca === undefined ? {} : { ca }) },
      {
        delivered: (delivery) => {
          if (delivery.ackedAt !== null) this.#acknowledged++
          onDelivery?.(delivery)
        },
        connected: () => {},
        failed: (error) => (this.#lastError = `${deviceId}: ${error.message}`),
        overflowed: () => {},
      },
    )
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(LOOK_EVERY_MS)
}
