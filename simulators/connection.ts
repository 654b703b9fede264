// One simulated device on the wire: MQTT.js with the device's own credentials and will, and the memory of what it sent.
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'mqtt'
import type { MqttClient } from 'mqtt'
import type { DeviceStatus } from '../contract/payloads.ts'
import { commandTopic, upTopic } from '../contract/topics.ts'
import type { UpChannel } from '../contract/topics.ts'

/** One PUBLISH as the outside world must judge it. Written down once, when its fate is known. */
export interface Delivery {
  readonly deviceId: string
  readonly channel: UpChannel
  /** `ts` of each sample in it; empty for a payload that no correct hub keeps. */
  readonly ts: readonly number[]
  /** Wall time, ms. */
  readonly sentAt: number
  /** When the PUBACK came; null: never seen, so the hub may or may not have it. */
  readonly ackedAt: number | null
}

export interface Outgoing {
  readonly channel: UpChannel
  readonly topic: string
  readonly payload: string | Uint8Array
  readonly qos: 0 | 1
  readonly samples: readonly number[]
}

interface UnderWay {
  readonly message: Outgoing
  readonly sentAt: number
  /** Called once: true with the PUBACK, false when it is given up. */
  readonly settled: (acknowledged: boolean) => void
}

export interface ConnectionOptions {
  readonly url: string
  readonly deviceId: string
  readonly token: string
  /** PEM of the authority to trust instead of the system's. */
  readonly ca?: string
  readonly reconnectMs: number
  /** Messages without PUBACK a device keeps; further ones are lost, as in a device whose memory is full. */
  readonly memory: number
}

export interface ConnectionObserver {
  delivered(delivery: Delivery): void
  /** A connection was established; `again` after an earlier one. */
  connected(again: boolean): void
  /** The server said no, or could not be reached. MQTT.js tries again. */
  failed(error: Error): void
  overflowed(): void
  /** A command came; its PUBACK goes out when this returns. Without it the device listens for none. */
  commanded?(payload: Uint8Array): void
}

/** How long a last word may take, ms. */
const LAST_WORD_MS = 3_000

const status = (state: DeviceStatus['state']): string => JSON.stringify({ state } satisfies DeviceStatus)

export class DeviceConnection {
  readonly #options: ConnectionOptions
  readonly #observer: ConnectionObserver
  readonly #underWay = new Set<UnderWay>()
  #client: MqttClient | null = null
  #everConnected = false
  #wasRefused = false

  constructor(options: ConnectionOptions, observer: ConnectionObserver) {
    this.#options = options
    this.#observer = observer
  }

  get isOpen(): boolean {
    return this.#client?.connected ?? false
  }

  /** The last attempt to connect failed. */
  get wasRefused(): boolean {
    return this.#wasRefused
  }

  /** Messages sent whose PUBACK is awaited. */
  get outstanding(): number {
    return this.#underWay.size
  }

  /** Connects, and keeps connecting until end() or cut(). What was under way before a cut is sent first. */
  open(): void {
    if (this.#client !== null) return
    const { url, deviceId, token, ca, reconnectMs } = this.#options
    const client = connect(url, {
      clientId: deviceId,
      username: deviceId,
      password: token,
      clean: true,
      keepalive: 60,
      reconnectPeriod: reconnectMs,
      connectTimeout: 10_000,
      will: { topic: upTopic(deviceId, 'status'), payload: Buffer.from(status('offline')), qos: 1, retain: true },
      ...(ca === undefined ? {} : { ca }),
    })
    this.#client = client
    client.on('connect', () => {
      client.publish(upTopic(deviceId, 'status'), status('online'), { qos: 1, retain: true })
      if (this.#observer.commanded !== undefined) client.subscribe(commandTopic(deviceId), { qos: 1 })
      this.#observer.connected(this.#everConnected)
      this.#everConnected = true
      this.#wasRefused = false
    })
    client.on('message', (_topic, payload) => this.#observer.commanded?.(payload))
    client.on('error', (error) => {
      this.#wasRefused = true
      this.#observer.failed(error)
    })
    for (const underWay of this.#underWay) this.#publish(client, underWay)
  }

  /** Resolves true with the PUBACK; false when the device had no memory left for it, or ended before. */
  send(message: Outgoing): Promise<boolean> {
    if (this.#underWay.size >= this.#options.memory) {
      this.#observer.overflowed()
      return Promise.resolve(false)
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const underWay: UnderWay = { message, sentAt: Date.now(), settled: resolve }
    this.#underWay.add(underWay)
    if (this.#client) this.#publish(this.#client, underWay)
    return promise
  }

  /** The connection breaks without a DISCONNECT: the broker sends the will. open() starts over. */
  cut(): void {
    const client = this.#client
    this.#client = null
    client?.end(true)
  }

  /** Says offline and leaves politely. What has no PUBACK yet is given up and written down as such. */
  async end(): Promise<void> {
    const client = this.#client
    this.#client = null
    if (client?.connected) {
      const { deviceId } = this.#options
      const goodbye = client
        .publishAsync(upTopic(deviceId, 'status'), status('offline'), { qos: 1, retain: true })
        .then(() => client.endAsync())
        .catch(() => null)
      // A device that was slowed down waits behind its own backlog: nobody else waits for it, its will speaks instead.
      await Promise.race([goodbye, delay(LAST_WORD_MS, null, { ref: false })])
      client.end(true)
    } else {
      client?.end(true)
    }
    for (const underWay of this.#underWay) this.#settle(underWay, null)
  }

  #publish(client: MqttClient, underWay: UnderWay): void {
    const { topic, payload, qos } = underWay.message
    const bytes = typeof payload === 'string' ? payload : Buffer.from(payload)
    client.publish(topic, bytes, { qos }, (error) => {
      // An error means that this client was ended: the message stays under way, for the next one.
      if (!error && this.#underWay.has(underWay)) this.#settle(underWay, Date.now())
    })
  }

  #settle(underWay: UnderWay, ackedAt: number | null): void {
    this.#underWay.delete(underWay)
    const { message, sentAt, settled } = underWay
    this.#observer.delivered({
      deviceId: this.#options.deviceId,
      channel: message.channel,
      ts: message.samples,
      sentAt,
      ackedAt,
    })
    settled(ackedAt !== null)
  }
}
