// SIGTERM under load. The hub finishes and acknowledges what it took and leaves; its going is nobody's
// alarm.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VersionedRule } from '../../contract/rules.ts'
import { DeviceConnection } from '../../simulators/connection.ts'
import { startLoad } from '../load/publisher.ts'
import type { LoadResult } from '../load/publisher.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { importDevices, spread } from './county.ts'
import { atMost, exactly, figure } from '../bench/row.ts'
import { noteFigures, sizeOf } from '../support/noted-figures.ts'
import { invented, lost, readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'

const ROUNDS = sizeOf('CHAOS_STOPS', 5)
const RATE = sizeOf('CHAOS_STOP_RATE', 2_000)
/** A device is said to be silent after so long, s; one of the stops lasts longer. */
const SILENT_AFTER = 5

const falseAlarms = ({ transitions }: Evidence): string[] =>
  transitions
    .filter(({ transition }) => transition.alarm.kind !== 'hub')
    .map(({ transition }) => `${transition.type} ${transition.alarm.ruleId} ${transition.reason}`)

describe('SIGTERM under load, on the same data', () => {
  let hub: HubProcess
  let load: LoadResult
  let evidence: Evidence
  const exits: { code: number | null; ms: number }[] = []
  const withWill: DeviceConnection[] = []

  beforeAll(
    async () => {
      hub = await startHubProcess({ environment: { ZHIAN_DEVICE_RATE: '0' } })
      const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
      const devices = await importDevices(api, [
        { prefix: 'meter', kind: 'electricity', count: 100 },
        // Of a kind whose rule stays as it is: they say nothing but that they are there.
        { prefix: 'willed', kind: 'smoke', count: 20 },
      ])
      const rule = await api.ok<VersionedRule>('GET', '/rules/electricity/device.silent')
      const soon = { name: 'warn', intervals: 0, atLeast: SILENT_AFTER, grace: 0, priority: 4 }
      await api.ok('PUT', '/rules/electricity/device.silent', { ...rule, variants: [{ levels: [soon] }] })

      const run = await startLoad({
        port: hub.mqttPort,
        credentials: devices.get('meter') ?? [],
        rate: RATE,
        window: 32,
        reconnect: true,
      })
      run.start()
      for (const { username, password } of devices.get('willed') ?? []) {
        const connection = new DeviceConnection(
          {
            url: `mqtt://127.0.0.1:${hub.mqttPort}`,
            deviceId: username,
            token: password,
            reconnectMs: 100,
            memory: 10,
          },
          {
            delivered: () => undefined,
            connected: () => undefined,
            failed: () => undefined,
            overflowed: () => undefined,
          },
        )
        connection.open()
        withWill.push(connection)
      }
      const random = spread(10)
      for (let round = 0; round < ROUNDS; round++) {
        await until('the devices with a will are connected', () => withWill.every(({ isOpen }) => isOpen), 60_000)
        const enough = (await run.progress()).acknowledged + 500 + Math.floor(random() * 1_000)
        await until('messages are acknowledged', async () => (await run.progress()).acknowledged >= enough, 60_000)
        const before = performance.now()
        const code = await hub.terminate()
        exits.push({ code, ms: performance.now() - before })
        // Once it is away for longer than a device may be silent.
        if (round === 1) await new Promise((resolve) => setTimeout(resolve, (SILENT_AFTER + 1) * 1_000))
        await hub.restart()
      }
      await until('the devices with a will are back', () => withWill.every(({ isOpen }) => isOpen), 60_000)
      load = await run.stop()
      await Promise.all(withWill.map((connection) => connection.end()))
      await hub.terminate()
      evidence = await readEvidence(join(hub.directory, 'data'))
      noteFigures(
        atMost('exit, slowest', Math.max(...exits.map(({ ms }) => ms)), 'ms', 10_000),
        figure('messages acknowledged', load.acknowledged, ''),
        exactly('acknowledged and lost', lost(load.oracle, evidence.readings).length, '', 0),
        exactly('alarms of the hub’s own making', falseAlarms(evidence).length, '', 0),
      )
    },
    180_000 + ROUNDS * 12_000,
  )
  afterAll(async () => {
    for (const connection of withWill) connection.cut()
    await hub?.dispose()
  })

  it('exits 0 within ten seconds', () => {
    expect(exits).toHaveLength(ROUNDS)
    for (const { code, ms } of exits) {
      expect(code).toBe(0)
      expect(ms).toBeLessThanOrEqual(10_000)
    }
  })

  it('G1: nothing acknowledged is missing', () => {
    expect(load.acknowledged).toBeGreaterThan(ROUNDS * 500)
    expect(lost(load.oracle, evidence.readings)).toEqual([])
    expect(invented(load.oracle, evidence.readings)).toEqual([])
  })

  it('G4: raises no silence, no will and no flapping of its own making', () => {
    expect(falseAlarms(evidence)).toEqual([])
  })
})
