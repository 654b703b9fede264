// How long an alarm takes from its device to a screen: a few devices, each with one alarm under way at a time.
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { upTopic } from '../../contract/topics.ts'
import type { AlarmEvent } from '../../contract/feed.ts'
import { percentile } from '../bench/percentile.ts'
import type { Credential } from '../load/publisher.ts'
import type { Screen } from '../support/api.ts'
import type { Owed } from './reckoning.ts'

/** An alarm that nobody heard of for so long counts as lost to the screen, ms. */
const GIVEN_UP_MS = 30_000

export interface ProbeFigures {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly worst: number
  readonly unheard: number
}

export class AlarmProbe {
  readonly #clients: readonly { readonly client: MqttClient; readonly id: string }[]
  readonly #screen: Screen
  readonly #pauseMs: number
  readonly #waiting = new Map<string, () => void>()
  /** Every alarm that was sent. */
  readonly sent: Owed[] = []
  readonly #hear = ({ type, alarm }: AlarmEvent): void => {
    if (type === 'raised') this.#waiting.get(alarm.deviceId)?.()
  }
  #latencies: number[] = []
  #unheard = 0
  #running: Promise<unknown> | null = null
  #ending = false

  private constructor(
    clients: readonly { readonly client: MqttClient; readonly id: string }[],
    screen: Screen,
    pauseMs: number,
  ) {
    this.#clients = clients
    this.#screen = screen
    this.#pauseMs = pauseMs
    screen.socket.on('alarm', this.#hear)
  }

  /** Connects the devices; `pauseMs` between two alarms of one of them. */
  static async open(
    mqttPort: number,
    credentials: readonly Credential[],
    { screen, pauseMs }: { readonly screen: Screen; readonly pauseMs: number },
  ): Promise<AlarmProbe> {
    const clients = await Promise.all(
      credentials.map(async ({ username, password }) => ({
        id: username,
        client: await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: username, username, password }),
      })),
    )
    for (const { client } of clients) client.on('error', () => undefined)
    return new AlarmProbe(clients, screen, pauseMs)
  }

  start(): void {
    this.#running ??= Promise.all(this.#clients.map((one, index) => this.#run(one, index)))
  }

  /** Figures since the last time they were taken. */
  take(): ProbeFigures {
    const latencies = this.#latencies
    const unheard = this.#unheard
    this.#latencies = []
    this.#unheard = 0
    return {
      count: latencies.length,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      worst: Math.max(...latencies),
      unheard,
    }
  }

  /** Waits for what is under way. */
  async stop(): Promise<ProbeFigures> {
    this.#ending = true
    await this.#running
    this.#screen.socket.off('alarm', this.#hear)
    for (const { client } of this.#clients) client.end(true)
    return this.take()
  }

  async #run({ client, id }: { client: MqttClient; id: string }, index: number): Promise<void> {
    await pause((this.#pauseMs * index) / this.#clients.length)
    while (!this.#ending) {
      await this.#probe(client, id)
      await pause(this.#pauseMs)
    }
  }

  async #probe(client: MqttClient, id: string): Promise<void> {
    const started = performance.now()
    const heard = Promise.withResolvers<boolean>()
    this.#waiting.set(id, () => heard.resolve(true))
    const givenUp = setTimeout(() => heard.resolve(false), GIVEN_UP_MS)
    const ts = Date.now()
    this.sent.push({ deviceId: id, ts })
    const body = { ts, event: 'setting_changed', data: { by: 'hub', name: 'limit', from: 1, to: 2 } }
    client.publish(upTopic(id, 'events'), JSON.stringify(body), { qos: 1 })
    if (await heard.promise) this.#latencies.push(performance.now() - started)
    else this.#unheard++
    clearTimeout(givenUp)
    this.#waiting.delete(id)
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
