// Once more, with everything around the pipeline: real connections, a real screen, the hub killing itself
// at each named point while detectors try to be heard.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAULT_POINTS } from '../../ingest/ports.ts'
import { Api, Screen } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { gasAlarm } from './alarm-device.ts'
import type { AlarmDevice } from './alarm-device.ts'
import { importDevices } from './county.ts'
import { readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { account, FAULTLESS } from './screen-account.ts'

/** Each point is met by its own detector, and again with two detectors talking at once. */
const DEATHS = FAULT_POINTS.flatMap((point) => [
  { point, message: 1 },
  { point, message: 2 },
])

describe('the hub killed at each point between PUBLISH and PUBACK while detectors send', () => {
  let hub: HubProcess
  let screen: Screen
  let evidence: Evidence
  const devices: AlarmDevice[] = []
  let deaths = 0

  beforeAll(async () => {
    hub = await startHubProcess({ entry: join(import.meta.dirname, 'fault-hub.ts') })
    const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    const gas = (await importDevices(api, [{ prefix: 'gas', kind: 'gas', count: DEATHS.length * 2 }])).get('gas') ?? []
    screen = new Screen(hub.base, api.token)
    await until('the screen is live', () => screen.live)
    await hub.kill()
    for (const { point, message } of DEATHS) {
      await hub.restart({ FAULT_POINT: point, FAULT_MESSAGE: String(message) })
      for (const credential of gas.splice(0, message)) devices.push(gasAlarm(hub.mqttPort, credential))
      await hub.ended()
      deaths++
    }
    await hub.restart()
    await until('every detector is acknowledged', () => devices.every(({ acknowledged }) => acknowledged))
    const { items } = await api.ok<{ items: { seq: number }[] }>('GET', '/alarms?open=true&limit=500')
    const head = Math.max(...items.map(({ seq }) => seq))
    await until('the screen has caught up', () => screen.live && (screen.cursor ?? 0) >= head)
    screen.close()
    await hub.terminate()
    evidence = await readEvidence(join(hub.directory, 'data'), Date.now() + 3 * 86_400_000)
  }, 300_000)
  afterAll(async () => {
    for (const device of devices) device.stop()
    screen?.close()
    await hub?.dispose()
  })

  it('G1: each detector’s alarm is in the ledger exactly once, and its reading in the store', () => {
    expect(deaths).toBe(DEATHS.length)
    const raised = evidence.transitions.filter(({ transition }) => transition.alarm.kind === 'gas')
    expect(raised.map(({ transition }) => `${transition.type} ${transition.alarm.deviceId}`).toSorted()).toEqual(
      devices.map(({ id }) => `raised ${id}`).toSorted(),
    )
    for (const { id, ts } of devices) expect([id, [...(evidence.readings.get(id) ?? [])]]).toEqual([id, [[ts, 1]]])
  })

  it('G3: a screen that resumes after each death was told each of them once, in order and without a gap', () => {
    expect(account(screen, evidence.transitions)).toEqual(FAULTLESS)
  })
})
