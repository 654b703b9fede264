// A bridge of this process, between a real external broker and an intake that a test holds in its hands.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import type { IClientOptions, MqttClient } from 'mqtt'
import type { Bridge as Status } from '../../contract/http/bridges.ts'
import { startBridges } from '../../ingest/bridge/bridges.ts'
import type { Bridges } from '../../ingest/bridge/bridges.ts'
import { readBridges } from '../../ingest/bridge/config.ts'
import type { BridgedDevice, BridgedMessage } from '../../ingest/bridge/ports.ts'
import { until } from '../support/hub-process.ts'

/** What came, in its order, and when it is said to be durable. */
export class HandIntake {
  readonly came: BridgedMessage[] = []
  /** null: nobody is told anything yet. */
  answer: 'stored' | 'failed' | null = 'stored'
  private readonly waiting: ((error?: Error) => void)[] = []

  accept(message: BridgedMessage, done: (error?: Error) => void): void {
    this.came.push(message)
    this.waiting.push(done)
    setImmediate(() => this.settle())
  }

  settle(): void {
    if (this.answer === null) return
    const error = this.answer === 'failed' ? new Error('no space left') : undefined
    for (const done of this.waiting.splice(0)) done(error)
  }

  texts(): string[] {
    return this.came.map(({ payload }) => Buffer.from(payload).toString())
  }
}

export interface BridgeWorld {
  readonly intake: HandIntake
  readonly devices: Map<string, BridgedDevice>
  readonly log: { line: string; fields: object }[]
  readonly cut: boolean[]
  status(): Status
  stop(): Promise<void>
}

/** `given`: one entry of the file, without what every test gives alike. */
export function startBridge(url: string, given: object = {}, intake = new HandIntake()): BridgeWorld {
  const directory = mkdtempSync(join(tmpdir(), 'zhian-bridge-'))
  const file = join(directory, 'bridges.json')
  writeFileSync(file, JSON.stringify({ bridges: [{ name: 'county', url, devices: { ids: ['*'] }, ...given }] }))
  const configs = readBridges(file)
  rmSync(directory, { recursive: true })
  const devices = new Map<string, BridgedDevice>()
  for (const id of ['GAS-1', 'GAS-2', 'GAS-3', 'GAS-4']) devices.set(id, { kind: 'gas', gatewayId: null, place: [] })
  const log: { line: string; fields: object }[] = []
  const cut: boolean[] = []
  const say = (fields: object, line: string): void => void log.push({ fields, line })
  const bridges: Bridges = startBridges({
    configs,
    intake,
    registered: devices,
    clock: { wall: Date.now },
    log: { info: say, warn: say },
    changed: (_name, now) => void cut.push(now),
  })
  return { intake, devices, log, cut, status: () => bridges.status()[0] as Status, stop: () => bridges.stop() }
}

export const connected = (world: BridgeWorld): Promise<unknown> =>
  until('the bridge is connected', () => world.status().state === 'connected')

/** A client of the external broker, connected. */
export async function client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const made = mqtt.connect(url, { reconnectPeriod: 100, ...options })
  await until('the publisher is connected', () => made.connected)
  return made
}
