// Two brokers that a county already runs, read through bridges, with devices that go on publishing to them and send again what
// was not acknowledged. One of them is killed again and again; then the hub is; then the other is stopped and started while
// the hub is away.
//
// The hub answers for all that was delivered to it. Mosquitto writes its memory down after it has acknowledged, so that a kill
// can cost it messages that nobody ever saw again: they are counted, and are never among those that were delivered. The broker
// that is not killed forgets nothing, and everything that it acknowledged must be in the store. It saves its memory when it is
// stopped, and not after every change as the other does: that makes Mosquitto 2.0.11 send again what was acknowledged long
// ago, so that a hub that acknowledges too early would never be found out.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bridge } from '../../contract/http/bridges.ts'
import { METRIC_COLUMNS } from '../../hub/rules.ts'
import { createDuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import { exactly, figure } from '../bench/row.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { noteFigures, sizeOf } from '../support/noted-figures.ts'
import { MOSQUITTO_MISSING } from '../support/services/mosquitto.ts'
import { startBridgeCounty } from './bridge-county.ts'
import type { BridgeCounty } from './bridge-county.ts'
import { importDevices, spread } from './county.ts'

const MOSQUITTO_KILLS = sizeOf('CHAOS_BRIDGE_KILLS', 6)
const HUB_KILLS = sizeOf('CHAOS_BRIDGE_HUB_KILLS', 4)
/** Messages between two kills, at least. */
const FLOW = 20
const LIMIT_MS = 120_000

describe.skipIf(MOSQUITTO_MISSING)(
  `a Mosquitto killed ${MOSQUITTO_KILLS} times, and the hub that reads it ${HUB_KILLS} times`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'zhian-bridge-chaos-'))
    const began = Date.now()
    let killed: BridgeCounty
    let steady: BridgeCounty
    let hub: HubProcess
    let api: Api
    let bridges: readonly Bridge[] = []
    let metrics = ''
    /** By device: sample times in the order in which they were stored. */
    const stored = new Map<string, number[]>()
    /** By device: how many samples the hub says there are. */
    const counted = new Map<string, number>()

    const status = async (): Promise<readonly Bridge[]> => (await api.ok<{ items: Bridge[] }>('GET', '/bridges')).items
    const connected = (): Promise<unknown> =>
      until('both bridges are connected', async () => (await status()).every(({ state }) => state === 'connected'))
    /** The session is in order: when the newest sample of each device is there, nothing older is still to come. */
    const arrived = ({ publishers }: BridgeCounty): Promise<unknown> =>
      until(
        'the newest of each device is stored',
        async () => {
          for (const [device, ts] of publishers.newest()) {
            const { values } = await api.ok<{ values: { ts: number }[] }>('GET', `/devices/${device}/latest`)
            if (!values.some((value) => value.ts >= ts)) return false
          }
          return true
        },
        LIMIT_MS,
      )
    const flows = ({ wire }: BridgeCounty): Promise<unknown> => {
      const before = wire.acknowledged.size
      return until('messages flow', () => wire.acknowledged.size > before + FLOW, LIMIT_MS)
    }

    beforeAll(async () => {
      killed = await startBridgeCounty('killed', [])
      steady = await startBridgeCounty('steady', ['autosave_on_changes false', 'autosave_interval 0'])
      const file = join(folder, 'bridges.json')
      const listed = [killed, steady].map(({ prefix, wire }) => ({
        name: prefix,
        url: `mqtt://127.0.0.1:${wire.port}`,
        devices: { ids: [`${prefix}-*`] },
      }))
      writeFileSync(file, JSON.stringify({ bridges: listed }))
      hub = await startHubProcess({ environment: { ZHIAN_BRIDGES: file } })
      api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
      await importDevices(
        api,
        [killed, steady].map(({ prefix, publishers }) => ({
          prefix,
          kind: 'electricity' as const,
          count: publishers.newest().size,
        })),
      )
      await connected()
      const random = spread(20_261_122)

      killed.publishers.start()
      for (let round = 0; round < MOSQUITTO_KILLS; round++) {
        await flows(killed)
        await delay(200 * random())
        await killed.mosquitto.kill()
        await killed.mosquitto.restart()
      }
      await killed.publishers.pause()
      await arrived(killed)

      steady.publishers.start()
      for (let round = 0; round < HUB_KILLS; round++) {
        await flows(steady)
        await delay(200 * random())
        await hub.kill()
        await delay(100 * random())
        await hub.restart()
      }
      await steady.publishers.pause()
      await arrived(steady)

      await hub.terminate()
      steady.publishers.start()
      const had = steady.publishers.acknowledged.size
      await until('messages wait', () => steady.publishers.acknowledged.size > had + 300, LIMIT_MS)
      await steady.publishers.pause()
      await steady.mosquitto.stop()
      await steady.mosquitto.restart()
      await hub.restart()
      await arrived(steady)
      await connected()
      await until('nothing waits', async () => (await status()).every(({ waiting }) => waiting === 0))
      bridges = await status()
      metrics = await (await fetch(`${hub.base}/metrics`)).text()
      for (const device of [...killed.publishers.newest().keys(), ...steady.publishers.newest().keys()]) {
        const query = `metric=residual_current&from=${began}&to=${Date.now() + 3_600_000}&points=1`
        const { points } = await api.ok<{ points: { count: number }[] }>('GET', `/devices/${device}/readings?${query}`)
        counted.set(
          device,
          points.reduce((sum, { count }) => sum + count, 0),
        )
      }

      await hub.terminate()
      const store = createDuckdbStore({ directory: join(hub.directory, 'data', 'readings'), kinds: METRIC_COLUMNS })
      await store.start()
      for await (const { deviceId, ts } of store.after(0)) {
        const times = stored.get(deviceId)
        if (times === undefined) stored.set(deviceId, [ts])
        else times.push(ts)
      }
      await store.stop()
    }, 900_000)
    afterAll(async () => {
      await hub?.dispose()
      await killed?.stop()
      await steady?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    const missingOf = (keys: Iterable<string>): string[] => {
      const present = new Set([...stored].flatMap(([device, times]) => times.map((ts) => `${device} ${ts}`)))
      return [...keys].filter((key) => !present.has(key))
    }

    it('G1: everything that a bridge acknowledged is in the store', () => {
      for (const [{ wire }, rounds] of [
        [killed, MOSQUITTO_KILLS],
        [steady, HUB_KILLS],
      ] as const) {
        expect(wire.acknowledged.size).toBeGreaterThan(rounds * FLOW)
        expect(missingOf(wire.acknowledged)).toEqual([])
      }
    })

    it('G1: everything that a broker which forgets nothing acknowledged is in the store', () => {
      expect(steady.publishers.acknowledged.size).toBeGreaterThan(HUB_KILLS * FLOW)
      expect(missingOf(steady.publishers.acknowledged)).toEqual([])
    })

    it('G1: of what a killed broker acknowledged, nothing is missing but what it forgot before it delivered it', () => {
      const missing = missingOf(killed.publishers.acknowledged)
      const delivered = new Set(killed.wire.delivered)
      const delivery = missing.filter((key) => delivered.has(key))
      noteFigures(
        figure('acknowledged by a Mosquitto that is killed', killed.publishers.acknowledged.size, 'messages'),
        figure('forgotten by it before it delivered them', missing.length - delivery.length, 'messages'),
        exactly('delivered to the bridge and not stored', delivery.length, 'messages', 0),
      )
      expect(delivery).toEqual([])
    })

    it('takes all that came, and refuses and loses none of it', () => {
      for (const bridge of bridges)
        expect(bridge).toMatchObject({ state: 'connected', waiting: 0, failed: 0, refused: {}, sessionsLost: 0 })
      expect(metrics).toContain('zhian_bridge_connected{bridge="steady"} 1')
    })

    it('keeps the order of each device', () => {
      for (const [device, times] of stored) {
        const first = [...new Set(times)]
        expect([device, first]).toEqual([device, first.toSorted((a, b) => a - b)])
      }
    })

    it('counts each (device, ts) once, however often it came', () => {
      expect(stored.size).toBe(killed.publishers.newest().size + steady.publishers.newest().size)
      for (const [device, times] of stored) expect([device, counted.get(device)]).toEqual([device, new Set(times).size])
    })
  },
)
