// The scene that most faults happen in: a hub under the matrix's base load (readings, alarms, screens), whose every word is
// written down outside of it; afterwards the account of who lost what.
import { join } from 'node:path'
import { upTopic } from '../../contract/topics.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import type { BenchRow } from '../bench/row.ts'
import { figure } from '../bench/row.ts'
import { READING_TEMPLATE, TS_SLOT } from '../load/packets.ts'
import { startLoad } from '../load/publisher.ts'
import type { Credential, LoadResult, LoadRun } from '../load/publisher.ts'
import { Api, Screen } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { gasAlarm } from './alarm-device.ts'
import type { AlarmDevice } from './alarm-device.ts'
import { importDevices } from './county.ts'
import { readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import type { Owed } from './reckoning.ts'
import { alarmFigures, loadFigures, owedByEvents, readingFigures, screenFigures } from './reckoning.ts'

/** A momentary event: an alarm of its own with each message, raised, returned and closed. */
export const EVENT_TEMPLATE = `{"ts":${TS_SLOT},"event":"setting_changed","data":{"by":"hub","name":"limit","from":1##,"to":2##}}`

export interface StageOptions {
  /** Messages a second, alarms among them. */
  readonly rate: number
  readonly alarmsPerSecond: number
  readonly meters?: number
  readonly screens?: number
  /** Detectors, each for one P1 alarm of `alarm()`. */
  readonly detectors?: number
  readonly others?: readonly { readonly prefix: string; readonly kind: KindName; readonly count: number }[]
  readonly environment?: Record<string, string>
  readonly entry?: string
  /** Where the hub keeps its data; in a folder of its own by default. */
  readonly dataDirectory?: string
  readonly window?: number
  /** The load reaches the hub's MQTT port through this. */
  readonly through?: (mqttPort: number) => Promise<number>
  /** After the devices are imported and before anything is sent. */
  readonly prepare?: (api: Api) => Promise<void>
}

export interface Account {
  readonly load: LoadResult
  readonly evidence: Evidence
  readonly figures: BenchRow[]
}

const METERS = 200
const SCREENS = 5
const PATIENCE_MS = 120_000

/** What the stage is, in the words of a report. */
export const describeLoad = ({ rate, alarmsPerSecond, meters = METERS, screens = SCREENS }: StageOptions): string =>
  `${rate.toLocaleString('en-US')} msg/s of ${meters} devices, ${alarmsPerSecond} alarms/s, ${screens} screens`

export class Stage {
  readonly hub: HubProcess
  readonly api: Api
  readonly screens: Screen[]
  readonly load: LoadRun
  readonly gas: AlarmDevice[] = []
  readonly dataDirectory: string
  readonly #devices: Map<string, Credential[]>
  readonly #detectors: Credential[]
  readonly #mqttPort: number

  private constructor(parts: {
    readonly hub: HubProcess
    readonly api: Api
    readonly screens: Screen[]
    readonly load: LoadRun
    readonly dataDirectory: string
    readonly devices: Map<string, Credential[]>
    readonly mqttPort: number
  }) {
    this.hub = parts.hub
    this.api = parts.api
    this.screens = parts.screens
    this.load = parts.load
    this.dataDirectory = parts.dataDirectory
    this.#devices = parts.devices
    this.#detectors = [...(parts.devices.get('gas') ?? [])]
    this.#mqttPort = parts.mqttPort
  }

  /** Starts everything; the load flows when it answers. */
  static async set(options: StageOptions): Promise<Stage> {
    const { rate, alarmsPerSecond, meters = METERS, detectors = 0, others = [] } = options
    const hub = await startHubProcess({
      environment: {
        ZHIAN_DEVICE_RATE: '0',
        ...(options.dataDirectory === undefined ? {} : { ZHIAN_DATA_DIR: options.dataDirectory }),
        ...options.environment,
      },
      ...(options.entry === undefined ? {} : { entry: options.entry }),
    })
    let screens: Screen[] = []
    try {
      const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
      const talkers = Math.max(1, Math.round((meters * alarmsPerSecond) / (rate - alarmsPerSecond)))
      const devices = await importDevices(api, [
        { prefix: 'meter', kind: 'electricity', count: meters },
        { prefix: 'talker', kind: 'electricity', count: talkers },
        ...(detectors > 0 ? [{ prefix: 'gas', kind: 'gas' as const, count: detectors }] : []),
        ...others,
      ])
      await options.prepare?.(api)
      screens = Array.from({ length: options.screens ?? SCREENS }, () => new Screen(hub.base, api.token))
      await until('the screens are live', () => screens.every(({ live }) => live), PATIENCE_MS)
      const mqttPort = (await options.through?.(hub.mqttPort)) ?? hub.mqttPort
      const isTalker = (username: string): boolean => username.startsWith('talker-')
      const load = await startLoad({
        port: mqttPort,
        credentials: [...(devices.get('meter') ?? []), ...(devices.get('talker') ?? [])],
        rate,
        window: options.window ?? 64,
        reconnect: true,
        drainMs: 60_000,
        topic: (username) => upTopic(username, isTalker(username) ? 'events' : 'readings'),
        payload: (username) => (isTalker(username) ? EVENT_TEMPLATE : READING_TEMPLATE),
      })
      load.start()
      await until('the load flows', async () => (await load.progress()).acknowledged >= rate / 2, PATIENCE_MS)
      const dataDirectory = options.dataDirectory ?? join(hub.directory, 'data')
      return new Stage({ hub, api, screens, load, dataDirectory, devices, mqttPort })
    } catch (error) {
      for (const screen of screens) screen.close()
      await hub.dispose()
      throw error
    }
  }

  devices(prefix: string): readonly Credential[] {
    return this.#devices.get(prefix) ?? []
  }

  /** One more detector sends its alarm, until it is acknowledged. */
  alarm(): AlarmDevice {
    const credential = this.#detectors.shift()
    if (credential === undefined) throw new Error('the stage has no detector left')
    const device = gasAlarm(this.#mqttPort, credential)
    this.gas.push(device)
    return device
  }

  async acknowledged(): Promise<number> {
    return (await this.load.progress()).acknowledged
  }

  /** Waits until so many more messages are acknowledged. */
  async flows(more = 200, limitMs = PATIENCE_MS): Promise<void> {
    const enough = (await this.acknowledged()) + more
    await until('messages are acknowledged', async () => (await this.acknowledged()) >= enough, limitMs)
  }

  /** Ends the load, lets the screens catch up, stops the hub, and compares. `besides`: alarms that others made it raise. */
  async account(besides: readonly Owed[] = []): Promise<Account> {
    await until('every detector is acknowledged', () => this.gas.every(({ acknowledged }) => acknowledged), PATIENCE_MS)
    const load = await this.load.stop()
    await this.#screensCatchUp()
    await this.hub.terminate()
    const evidence = await readEvidence(this.dataDirectory)
    const talked = owedByEvents(load.oracle)
    const owed = [...besides, ...this.gas.map(({ id, ts }) => ({ deviceId: id, ts })), ...talked.owed]
    return {
      load,
      evidence,
      figures: [
        figure('load that was held', load.perSecond, 'msg/s'),
        ...loadFigures(load),
        ...readingFigures(load.oracle, evidence),
        ...alarmFigures(owed, talked.possible, evidence),
        ...(this.screens.length > 0 ? screenFigures(this.screens, evidence) : []),
      ],
    }
  }

  async #screensCatchUp(): Promise<void> {
    // One that comes now and asks for nothing but how things stand knows where the ledger ends.
    const newcomer = new Screen(this.hub.base, this.api.token, null)
    try {
      await until('a new screen is live', () => newcomer.live, PATIENCE_MS)
      const head = newcomer.cursor ?? 0
      await until(
        'the screens have caught up',
        () => this.screens.every(({ live, cursor }) => live && (cursor ?? 0) >= head),
        PATIENCE_MS,
      )
    } finally {
      newcomer.close()
      for (const screen of this.screens) screen.close()
    }
  }

  async dispose(): Promise<void> {
    for (const device of this.gas) device.stop()
    for (const screen of this.screens) screen.close()
    await this.hub.dispose()
    // Without a hub it ends by itself; its figures interest nobody any more.
    await this.load.stop().catch(() => undefined)
  }
}

/** Sets the stage, plays, and clears it away whatever happened. */
export async function onStage<T>(options: StageOptions, play: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await Stage.set(options)
  try {
    return await play(stage)
  } finally {
    await stage.dispose()
  }
}
