// A hub in one process whose readings are kept on another machine: VictoriaMetrics, the real one, and InfluxDB, imitated.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { upTopic } from '../../contract/topics.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { runHub } from '../support/run-hub.ts'
import { imitateInflux } from '../support/services/influx/server.ts'
import { startVictoria, VICTORIA_MISSING } from '../support/services/victoria.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

interface Meter {
  readonly api: Api
  /** Resolves when it is acknowledged. */
  say(ts: number, value: number): Promise<void>
  /** Values that the page would draw, in order of time. */
  drawn(): Promise<number[]>
  reconnect(): Promise<void>
}

async function meterAt(hub: HubProcess): Promise<Meter> {
  const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
  const { token } = await api.ok<{ token: string }>('POST', '/devices', {
    id: 'meter-1',
    kind: 'electricity',
    name: '1',
  })
  const connect = (): Promise<MqttClient> =>
    connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, { username: 'meter-1', password: token, reconnectPeriod: 0 })
  let device = await connect()
  ends.push(() => device.endAsync(true))
  return {
    api,
    async say(ts, value) {
      const body = JSON.stringify({ ts, values: { residual_current: value } })
      await device.publishAsync(upTopic('meter-1', 'readings'), body, { qos: 1 })
    },
    async drawn() {
      const range = `from=${BASE}&to=${BASE + 1000 * 1000}&points=1000`
      const { points } = await api.ok<{ points: { mean: number; count: number }[] }>(
        'GET',
        `/devices/meter-1/readings?metric=residual_current&${range}`,
      )
      expect(points.every(({ count }) => count === 1)).toBe(true)
      return points.map(({ mean }) => mean)
    },
    async reconnect() {
      await device.endAsync(true)
      device = await connect()
    },
  }
}

/** A second of its own for each reading. */
const BASE = Math.floor(Date.now() / 1000) * 1000 - 3_600_000
const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1)

describe.skipIf(VICTORIA_MISSING)('a hub in one process with VictoriaMetrics', () => {
  it('G1: hub and store killed at once and started again: every acknowledged reading is there once', async () => {
    const store = await startVictoria()
    ends.push(() => store.dispose())
    const hub = await startHubProcess({ environment: { ZHIAN_VICTORIA_URL: store.url, ZHIAN_DEVICE_RATE: '0' } })
    ends.push(() => hub.dispose())
    const meter = await meterAt(hub)
    for (const n of numbers(40)) await meter.say(BASE + n * 1000, n)
    await until('they are drawn', async () => (await meter.drawn()).length === 40)
    await store.kill()
    // PUBACKs do not wait for the store.
    for (const n of numbers(40)) await meter.say(BASE + (40 + n) * 1000, 40 + n)
    await until('the hub says so and stays ready', async () => {
      const answer = await fetch(`${hub.base}/readyz`)
      expect(answer.status).toBe(200)
      return ((await answer.json()) as { parts: { readings: boolean } }).parts.readings === false
    })
    await hub.kill()
    await hub.restart()
    await meter.reconnect()
    for (const n of numbers(20)) await meter.say(BASE + (80 + n) * 1000, 80 + n)
    await store.restart()
    await until('all are drawn', async () => (await meter.drawn().catch(() => [])).length >= 100, 90_000)
    expect(await meter.drawn()).toEqual(numbers(100))
    expect(await hub.terminate()).toBe(0)
  })

  it('does not start with a server that would double readings, and says which flags it needs', async () => {
    const store = await startVictoria({ flags: [] })
    ends.push(() => store.dispose())
    const ended = await runHub({
      ...{ ZHIAN_HTTP_PORT: '0', ZHIAN_MQTT_PORT: '0', ZHIAN_MQTT_HOST: '127.0.0.1' },
      ...{ ZHIAN_DATA_DIR: store.directory, ZHIAN_VICTORIA_URL: store.url },
    })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('-dedup.minScrapeInterval=1ms')
  })
})

describe('a hub in one process with InfluxDB (imitated)', () => {
  it('npm run influx:setup makes what it needs; readings and events arrive; the token is printed nowhere', async () => {
    const influx = await imitateInflux()
    ends.push(() => influx.stop())
    const environment = { ZHIAN_INFLUX_URL: influx.url, ZHIAN_INFLUX_TOKEN: influx.token }
    const directory = mkdtempSync(join(tmpdir(), 'zhian-early-'))
    ends.push(async () => rmSync(directory, { recursive: true }))
    const early = await runHub({ ...environment, ZHIAN_DATA_DIR: directory, ZHIAN_HTTP_PORT: '0' })
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('npm run influx:setup') as string })
    const wrong = await runHub({ ...environment, ZHIAN_INFLUX_TOKEN: 'another' }, [], 'hub/influx-setup.ts')
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('ZHIAN_INFLUX_TOKEN') as string })
    const made = await runHub(environment, [], 'hub/influx-setup.ts')
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('bucket zhian_1h: made') as string })
    const hub = await startHubProcess({ environment: { ...environment, ZHIAN_DEVICE_RATE: '0' } })
    ends.push(() => hub.dispose())
    const meter = await meterAt(hub)
    for (const n of numbers(30)) await meter.say(BASE + n * 1000, n)
    await influx.stop()
    for (const n of numbers(30)) await meter.say(BASE + (30 + n) * 1000, 30 + n)
    await influx.restart()
    await until('all are drawn', async () => (await meter.drawn().catch(() => [])).length >= 60, 90_000)
    expect(await meter.drawn()).toEqual(numbers(60))
    const latest = await meter.api.ok<{ values: Record<string, unknown> }>('GET', '/devices/meter-1/latest')
    expect(JSON.stringify(latest)).toContain('residual_current')
    expect(await hub.terminate()).toBe(0)
    for (const said of [hub.output(), made.stdout, made.stderr, wrong.stderr, early.stderr])
      expect(said).not.toContain(influx.token)
  })
})
