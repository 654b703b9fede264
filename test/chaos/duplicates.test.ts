// The same messages over and over, as devices send them whose PUBACKs get lost.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { upTopic } from '../../contract/topics.ts'
import { runLoad } from '../load/publisher.ts'
import type { LoadResult } from '../load/publisher.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import type { Counters } from '../../contract/http/alarms.ts'
import { exactly, figure } from '../bench/row.ts'
import { noteFigures } from '../support/noted-figures.ts'
import { importDevices } from './county.ts'
import { readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'

const DELIVERIES = 100_000
/** Samples in the one message of each of them. */
const GROUPS = [
  { prefix: 'gas', kind: 'gas', channel: 'readings', samples: 1 },
  { prefix: 'late', kind: 'gas', channel: 'readings', samples: 3 },
  { prefix: 'pair', kind: 'gas', channel: 'events', samples: 2 },
  { prefix: 'momentary', kind: 'gas', channel: 'events', samples: 1 },
] as const
const DEVICES_A_GROUP = 5

describe(`${DELIVERIES} duplicate deliveries`, () => {
  const start = Date.now()
  let hub: HubProcess
  let load: LoadResult
  let counters: Counters
  let evidence: Evidence
  const shown = new Map<string, number>()

  /** One payload a device, the same in every message; the devices' connections also send it beside each other. */
  const payloadOf = (username: string): string => {
    const bodies: Record<string, unknown> = {
      gas: { ts: start, values: { gas_lel: 30 } },
      // Over the limit, back, and over it again: in this order once, and from the second delivery on it is history.
      late: [30, 0, 60].map((lel, index) => ({ ts: start + index * 1_000, values: { gas_lel: lel, co_ppm: 1 } })),
      pair: [
        { ts: start, event: 'fault', data: { part: 'sensor' } },
        { ts: start + 1_000, event: 'fault_cleared', data: { part: 'sensor' } },
      ],
      momentary: { ts: start, event: 'setting_changed', data: { by: 'hub', name: 'limit', from: 1, to: 2 } },
    }
    return JSON.stringify(bodies[username.slice(0, username.lastIndexOf('-'))])
  }
  const groupOf = (username: string) => GROUPS.find(({ prefix }) => username.startsWith(`${prefix}-`))

  beforeAll(async () => {
    hub = await startHubProcess({ environment: { ZHIAN_DEVICE_RATE: '0' } })
    const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    const devices = await importDevices(
      api,
      GROUPS.map(({ prefix, kind }) => ({ prefix, kind, count: DEVICES_A_GROUP })),
    )
    const credentials = [...devices.values()].flat()
    load = await runLoad({
      port: hub.mqttPort,
      credentials,
      connections: credentials.length * 2,
      messagesPerConnection: DELIVERIES / (credentials.length * 2),
      topic: (username) => upTopic(username, groupOf(username)?.channel ?? 'readings'),
      payload: payloadOf,
    })
    counters = await api.ok<Counters>('GET', '/counters')
    for (const { username } of credentials) {
      if (groupOf(username)?.channel !== 'readings') continue
      const query = `metric=gas_lel&from=${start - 1_000}&to=${start + 60_000}&points=61`
      const { points } = await api.ok<{ points: { count: number }[] }>('GET', `/devices/${username}/readings?${query}`)
      shown.set(
        username,
        points.reduce((sum, { count }) => sum + count, 0),
      )
    }
    await hub.terminate()
    evidence = await readEvidence(join(hub.directory, 'data'), Date.now() + 3 * 86_400_000)
    const rows = [evidence.readings, evidence.events].flatMap((stored) =>
      [...stored.values()].flatMap((times) => [...times.values()]),
    )
    noteFigures(
      figure('deliveries acknowledged', load.acknowledged, ''),
      exactly('rows that are there more than once', rows.filter((count) => count > 1).length, '', 0),
    )
  }, 180_000)
  afterAll(() => hub?.dispose())

  it('G6: every one of them is acknowledged', () => {
    expect(load).toMatchObject({ acknowledged: DELIVERIES, unexpected: 0, reconnects: 0 })
  })

  it('G10: every one of them is accounted for', () => {
    const { received, stored, rejected } = counters
    expect(rejected).toBe(0)
    expect(stored).toBe(received)
    // gas 1 value, late 3 × 2, pair 2 events, momentary 1 event; and no other message came.
    expect(received).toBe((DELIVERIES / GROUPS.length) * (1 + 6 + 2 + 1))
  })

  it('no row is double: not in a chart, and not on the disk once the day is sealed', () => {
    for (const [username, count] of shown) expect([username, count]).toEqual([username, groupOf(username)?.samples])
    for (const [stored, channel] of [
      [evidence.readings, 'readings'],
      [evidence.events, 'events'],
    ] as const) {
      const rows = [...stored].filter(([username]) => groupOf(username)?.channel === channel)
      expect(rows).toHaveLength(2 * DEVICES_A_GROUP)
      for (const [username, times] of rows)
        expect([username, [...times.values()]]).toEqual([
          username,
          Array<number>(groupOf(username)?.samples ?? 0).fill(1),
        ])
    }
  })

  it('every alarm is raised once, and its transitions happen once', () => {
    const byDevice = new Map<string, string[]>()
    for (const { transition } of evidence.transitions) {
      if (transition.alarm.kind === 'hub') continue
      const told = `${transition.alarm.ruleId} ${transition.type}`
      byDevice.set(transition.alarm.deviceId, [...(byDevice.get(transition.alarm.deviceId) ?? []), told])
    }
    const expected: Record<(typeof GROUPS)[number]['prefix'], string[]> = {
      gas: ['gas.gas_lel raised'],
      late: ['gas.gas_lel raised', 'gas.gas_lel level_changed'],
      pair: ['device.fault raised', 'device.fault returned'],
      momentary: ['device.setting_changed raised', 'device.setting_changed returned', 'device.setting_changed closed'],
    }
    for (const { prefix } of GROUPS)
      for (let index = 0; index < DEVICES_A_GROUP; index++)
        expect([prefix, byDevice.get(`${prefix}-${index}`)]).toEqual([prefix, expected[prefix]])
    expect(byDevice.size).toBe(GROUPS.length * DEVICES_A_GROUP)
  })
})
