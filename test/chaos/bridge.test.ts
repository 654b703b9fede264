// A county's own Mosquitto, read through a bridge, is killed again and again, and then the hub; devices go on publishing to it
// all the while and send again what it did not acknowledge.
//
// Three accounts are kept outside both: what Mosquitto acknowledged to the devices, what it delivered to the bridge, and what
// the bridge acknowledged to it. The hub answers for all that was delivered. Mosquitto writes its memory down after it has
// acknowledged, so that a kill can cost it messages that nobody ever saw again: they are counted, and are never among those
// that were delivered. Stopped in order it loses none, and then everything that it acknowledged must be in the store.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import mqtt from 'mqtt'
import type { MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bridge } from '../../contract/http/bridges.ts'
import { upTopic } from '../../contract/topics.ts'
import { METRIC_COLUMNS } from '../../hub/rules.ts'
import { createDuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import { exactly, figure } from '../bench/row.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { noteFigures, sizeOf } from '../support/noted-figures.ts'
import { MOSQUITTO_MISSING, startMosquitto } from '../support/services/mosquitto.ts'
import type { MosquittoServer } from '../support/services/mosquitto.ts'
import { startBridgeWire } from './bridge-wire.ts'
import type { BridgeWire } from './bridge-wire.ts'
import { importDevices, spread } from './county.ts'

const MOSQUITTO_KILLS = sizeOf('CHAOS_BRIDGE_KILLS', 20)
const HUB_KILLS = sizeOf('CHAOS_BRIDGE_HUB_KILLS', 10)
const DEVICES = 12
const FIRST_TS = Date.now()

/** Devices of the external broker: each sample has a time of its own, and is sent until it is acknowledged. */
class Publishers {
  /** `device ts`, acknowledged by the external broker. */
  readonly acknowledged = new Set<string>()
  private readonly client: MqttClient
  private readonly next: number[] = Array.from({ length: DEVICES }, () => FIRST_TS)
  private running: Promise<void> | null = null
  private stopping = false

  constructor(url: string) {
    this.client = mqtt.connect(url, { clientId: 'devices', clean: false, reconnectPeriod: 50 })
  }

  get lastTs(): readonly number[] {
    return this.next.map((ts) => ts - 1)
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
    await this.client.endAsync(true)
  }

  private async publish(device: number): Promise<void> {
    while (!this.stopping) {
      const ts = this.next[device] as number
      this.next[device] = ts + 1
      const payload = JSON.stringify({ ts, values: { residual_current: 1 + (ts % 7), temperature_a: device } })
      await this.client.publishAsync(upTopic(`meter-${device}`, 'readings'), payload, { qos: 1 })
      this.acknowledged.add(keyOf(payload))
      await delay(2)
    }
  }
}

/** What a payload is in every account. */
function keyOf(payload: string): string {
  const { ts, values } = JSON.parse(payload) as { ts: number; values: { temperature_a: number } }
  return `meter-${values.temperature_a} ${ts}`
}

describe.skipIf(MOSQUITTO_MISSING)(
  `a Mosquitto killed ${MOSQUITTO_KILLS} times, and the hub that reads it ${HUB_KILLS} times`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'zhian-bridge-chaos-'))
    let mosquitto: MosquittoServer
    let wire: BridgeWire
    let hub: HubProcess
    let publishers: Publishers
    /** By device: sample times in the order in which they were stored. */
    const stored = new Map<string, number[]>()
    /** Acknowledged by the external broker before its last kill, and after. */
    let beforeKills: ReadonlySet<string>
    let hubOnly: string[]
    /** Everything that came while the hub was away was there when it had been back for a moment. */
    let queuedArrived = false
    let bridge: Bridge
    const counted = new Map<string, number>()

    const arrived = async (api: Api): Promise<boolean> => {
      for (const [device, ts] of publishers.lastTs.entries()) {
        const { values } = await api.ok<{ values: { ts: number }[] }>('GET', `/devices/meter-${device}/latest`)
        if (!values.some((value) => value.ts >= ts)) return false
      }
      return true
    }

    beforeAll(async () => {
      mosquitto = await startMosquitto()
      wire = await startBridgeWire(mosquitto.port)
      const file = join(folder, 'bridges.json')
      const listed = { name: 'county', url: `mqtt://127.0.0.1:${wire.port}`, devices: { ids: ['meter-*'] } }
      writeFileSync(file, JSON.stringify({ bridges: [listed] }))
      hub = await startHubProcess({ environment: { ZHIAN_BRIDGES: file } })
      const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
      await importDevices(api, [{ prefix: 'meter', kind: 'electricity', count: DEVICES }])
      const status = async (): Promise<Bridge> =>
        (await api.ok<{ items: Bridge[] }>('GET', '/bridges')).items[0] as Bridge
      await until('the bridge is connected', async () => (await status()).state === 'connected')
      publishers = new Publishers(mosquitto.url)
      const random = spread(20_261_122)

      publishers.start()
      for (let round = 0; round < MOSQUITTO_KILLS; round++) {
        const before = wire.delivered.length
        await until('messages flow', () => wire.delivered.length > before + 10, 60_000)
        await delay(300 * random())
        await mosquitto.kill()
        await mosquitto.restart()
      }
      await until('the bridge is back', async () => (await status()).state === 'connected', 60_000)
      await publishers.pause()
      await until('the newest of each device is stored', () => arrived(api), 60_000)
      beforeKills = new Set(publishers.acknowledged)

      publishers.start()
      for (let round = 0; round < HUB_KILLS; round++) {
        const before = wire.acknowledged.size
        await until('messages flow', () => wire.acknowledged.size > before + 10, 60_000)
        await delay(300 * random())
        await hub.kill()
        await delay(200 * random())
        await hub.restart()
      }
      await publishers.pause()
      await until('the newest of each device is stored', () => arrived(api), 60_000)

      // The hub is away for longer; the external broker is stopped and started meanwhile, in order.
      await hub.terminate()
      publishers.start()
      const had = publishers.acknowledged.size
      await until('messages wait', () => publishers.acknowledged.size > had + 300, 60_000)
      await publishers.pause()
      await mosquitto.stop()
      await mosquitto.restart()
      await hub.restart()
      await until('what waited is stored', () => arrived(api), 60_000)
      queuedArrived = true
      hubOnly = [...publishers.acknowledged].filter((key) => !beforeKills.has(key))
      await until('nothing waits', async () => (await status()).waiting === 0)
      bridge = await status()
      for (let device = 0; device < DEVICES; device++) {
        const query = `metric=residual_current&from=${FIRST_TS}&to=${Date.now() + 3_600_000}&points=1`
        const series = await api.ok<{ points: { count: number }[] }>(
          'GET',
          `/devices/meter-${device}/readings?${query}`,
        )
        counted.set(
          `meter-${device}`,
          series.points.reduce((sum, { count }) => sum + count, 0),
        )
      }
      await hub.terminate()
      const store = createDuckdbStore({ directory: join(hub.directory, 'data', 'readings'), kinds: METRIC_COLUMNS })
      await store.start()
      for await (const input of store.after(0))
        stored.set(input.deviceId, [...(stored.get(input.deviceId) ?? []), input.ts])
      await store.stop()
    }, 600_000)
    afterAll(async () => {
      await publishers?.stop()
      await hub?.dispose()
      await wire?.stop()
      await mosquitto?.dispose()
      rmSync(folder, { recursive: true, force: true })
    })

    const isStored = (): Set<string> =>
      new Set([...stored].flatMap(([device, times]) => times.map((ts) => `${device} ${ts}`)))

    it('G1: everything that was delivered to the bridge is in the store', () => {
      const store = isStored()
      expect(wire.delivered.length).toBeGreaterThan(MOSQUITTO_KILLS * 10)
      expect(wire.delivered.map(keyOf).filter((key) => !store.has(key))).toEqual([])
    })

    it('G1: everything that the bridge acknowledged is in the store', () => {
      const store = isStored()
      expect(wire.acknowledged.size).toBeGreaterThan(MOSQUITTO_KILLS * 10)
      expect([...wire.acknowledged].map(keyOf).filter((key) => !store.has(key))).toEqual([])
    })

    it('G1: nothing is lost that the external broker acknowledged and did not forget itself', () => {
      const store = isStored()
      const delivered = new Set(wire.delivered.map(keyOf))
      const missing = [...publishers.acknowledged].filter((key) => !store.has(key))
      noteFigures(
        figure('bridge: messages acknowledged by Mosquitto', publishers.acknowledged.size, 'messages'),
        figure('bridge: acknowledged by Mosquitto, forgotten by its kills', missing.length, 'messages'),
        exactly('bridge: delivered and not stored', missing.filter((key) => delivered.has(key)).length, 'messages', 0),
      )
      expect(missing.filter((key) => delivered.has(key))).toEqual([])
      // While only the hub died, or Mosquitto was stopped in order, nobody had anything to forget.
      expect(hubOnly.length).toBeGreaterThan(HUB_KILLS * 10)
      expect(hubOnly.filter((key) => !store.has(key))).toEqual([])
    })

    it('what waits at the external broker while the hub is away comes afterwards', () => {
      expect(queuedArrived).toBe(true)
      expect(bridge).toMatchObject({ state: 'connected', waiting: 0, failed: 0, refused: {} })
    })

    it('keeps the order of each device', () => {
      for (const [device, times] of stored) {
        const first = [...new Set(times)]
        expect([device, first]).toEqual([device, first.toSorted((a, b) => a - b)])
      }
    })

    it('counts each (device, ts) once, however often it came', () => {
      for (const [device, times] of stored) expect([device, counted.get(device)]).toEqual([device, new Set(times).size])
    })
  },
)
