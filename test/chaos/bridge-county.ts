// An external broker with devices of its own, and the accounts that are kept of it outside the hub: what it acknowledged to
// its devices, what it delivered to the bridge, and what the bridge acknowledged to it.
import { setTimeout as delay } from 'node:timers/promises'
import mqtt from 'mqtt'
import type { MqttClient } from 'mqtt'
import { upTopic } from '../../contract/topics.ts'
import { startMosquitto } from '../support/services/mosquitto.ts'
import type { MosquittoServer } from '../support/services/mosquitto.ts'
import { startBridgeWire } from './bridge-wire.ts'
import type { BridgeWire } from './bridge-wire.ts'

const DEVICES = 8
/** Between two messages of a device, ms. */
const PAUSE_MS = 2

export interface BridgeCounty {
  readonly prefix: string
  readonly mosquitto: MosquittoServer
  readonly wire: BridgeWire
  readonly publishers: Publishers
  stop(): Promise<void>
}

/** `lines`: of Mosquitto's configuration. */
export async function startBridgeCounty(prefix: string, lines: readonly string[]): Promise<BridgeCounty> {
  const mosquitto = await startMosquitto(['allow_anonymous true', ...lines])
  const wire = await startBridgeWire(mosquitto.port)
  const publishers = new Publishers(mosquitto.url, prefix)
  return {
    prefix,
    mosquitto,
    wire,
    publishers,
    async stop() {
      await publishers.stop()
      await wire.stop()
      await mosquitto.dispose()
    },
  }
}

/** Each sample has a time of its own, and is sent until it is acknowledged. */
export class Publishers {
  /** `device ts`, acknowledged by the external broker. */
  readonly acknowledged = new Set<string>()
  private readonly client: MqttClient
  private readonly prefix: string
  private readonly next: number[]
  private running: Promise<void> | null = null
  private stopping = false

  constructor(url: string, prefix: string) {
    this.prefix = prefix
    this.next = Array.from({ length: DEVICES }, () => Date.now())
    this.client = mqtt.connect(url, { clientId: 'devices', clean: false, reconnectPeriod: 50 })
  }

  /** Of each device, the time of its newest sample. */
  newest(): Map<string, number> {
    return new Map(this.next.map((ts, device) => [this.idOf(device), ts - 1]))
  }

  start(): void {
    this.stopping = false
    this.running = Promise.all(this.next.map((_, device) => this.publish(device))).then(() => undefined)
  }

  /** Ends when all that was begun is acknowledged. */
  async pause(): Promise<void> {
    this.stopping = true
    await this.running
  }

  async stop(): Promise<void> {
    this.stopping = true
    await this.client.endAsync(true)
  }

  private idOf(device: number): string {
    return `${this.prefix}-${device}`
  }

  private async publish(device: number): Promise<void> {
    while (!this.stopping) {
      const ts = this.next[device] as number
      this.next[device] = ts + 1
      const payload = JSON.stringify({ ts, values: { residual_current: 1 + (ts % 7) } })
      await this.client.publishAsync(upTopic(this.idOf(device), 'readings'), payload, { qos: 1 })
      this.acknowledged.add(`${this.idOf(device)} ${ts}`)
      await delay(PAUSE_MS)
    }
  }
}
