// A device as most are: it reports once a second over whatever line there is, keeps what was not acknowledged, and notices
// by its keep-alive that the line is dead.
import { connect } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { upTopic } from '../../contract/topics.ts'
import type { Credential } from '../load/publisher.ts'

const REPORT_MS = 1_000

export class SteadyDevice {
  readonly id: string
  readonly acknowledged = new Set<number>()
  readonly #client: MqttClient
  readonly #timer: NodeJS.Timeout
  #underWay = 0

  constructor(mqttPort: number, { username, password }: Credential, keepaliveSeconds: number) {
    this.id = username
    this.#client = connect(`mqtt://127.0.0.1:${mqttPort}`, {
      clientId: username,
      username,
      password,
      keepalive: keepaliveSeconds,
      reconnectPeriod: 500,
      connectTimeout: 5_000,
    })
    this.#client.on('error', () => undefined)
    this.#timer = setInterval(() => this.#report(), REPORT_MS)
  }

  get connected(): boolean {
    return this.#client.connected
  }

  /** Messages without a PUBACK. */
  get underWay(): number {
    return this.#underWay
  }

  #report(): void {
    const ts = Date.now()
    this.#underWay++
    this.#client.publish(
      upTopic(this.id, 'readings'),
      JSON.stringify({ ts, values: { temperature_a: 31 } }),
      { qos: 1 },
      (error) => {
        this.#underWay--
        if (!error) this.acknowledged.add(ts)
      },
    )
  }

  /** Says nothing new; what is under way may still arrive. */
  fallSilent(): void {
    clearInterval(this.#timer)
  }

  end(): void {
    clearInterval(this.#timer)
    this.#client.end(true)
  }
}
