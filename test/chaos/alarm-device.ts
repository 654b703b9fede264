// A detector with one thing to say: it publishes one message until it is acknowledged, across as many broken connections
// as it takes, and then leaves.
import { connect } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { upTopic } from '../../contract/topics.ts'
import type { UpChannel } from '../../contract/topics.ts'
import type { Credential } from '../load/publisher.ts'

export class AlarmDevice {
  readonly id: string
  /** When the device measured it, ms. */
  readonly ts: number
  acknowledged = false
  readonly #client: MqttClient

  constructor(
    mqttPort: number,
    { username, password }: Credential,
    message: { readonly channel: UpChannel; readonly body: Readonly<Record<string, unknown>>; readonly ts: number },
  ) {
    this.id = username
    this.ts = message.ts
    this.#client = connect(`mqtt://127.0.0.1:${mqttPort}`, {
      clientId: username,
      username,
      password,
      reconnectPeriod: 50,
      connectTimeout: 5_000,
    })
    this.#client.on('error', () => undefined)
    const payload = JSON.stringify({ ts: message.ts, ...message.body })
    this.#client.publish(upTopic(username, message.channel), payload, { qos: 1 }, (error) => {
      if (error) return
      this.acknowledged = true
      this.#client.end()
    })
  }

  stop(): void {
    this.#client.end(true)
  }
}

/** A gas detector over its high limit: one latched P1. */
export const gasAlarm = (mqttPort: number, credential: Credential, ts = Date.now()): AlarmDevice =>
  new AlarmDevice(mqttPort, credential, { channel: 'readings', body: { values: { gas_lel: 30 } }, ts })
