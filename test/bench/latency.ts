// Device → painted in the browser, with a county's readings going in at the same time.
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { upTopic } from '../../contract/topics.ts'
import type { Alarm } from '../../contract/alarms.ts'
import type { Page as ListPage } from '../../contract/http/common.ts'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { cpuSecondsOf } from '../load/mosquitto.ts'
import { startLoad } from '../load/publisher.ts'
import type { Credential, LoadRun } from '../load/publisher.ts'
import type { Api } from '../support/api.ts'
import { launchBrowser } from '../support/browser.ts'
import { until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import type { Browser, Page } from 'playwright-core'
import { browserCpuSeconds } from './browser-processes.ts'
import { openDesk, signedIn } from './desk.ts'
import { register, withHub } from './hub.ts'
import { paintsOf, requireOneClock, watchPaints } from './painted.ts'
import { percentile } from './percentile.ts'
import { atLeast, atMost, exactly, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

interface Background {
  /** Messages a second. */
  readonly rate: number
  readonly alarms: number
  /** Asked for by the design, ms; null where nothing is asked. */
  readonly p50: number | null
  readonly p99: number | null
}
const BACKGROUNDS: readonly Background[] = [
  { rate: 5_000, alarms: 300, p50: 20, p99: 100 },
  { rate: 20_000, alarms: 100, p50: null, p99: null },
]
/** How many meters the background comes from. */
const METERS = 200
/** Pause between two alarms, ms: spread, so that they do not fall into step with the screen's frames. */
const PAUSE = { least: 60, most: 140 }
const WARM_UP = 10

interface Probe {
  readonly deviceId: string
  readonly publishedAt: number
  readonly acknowledgedAt: number
}

export async function benchLatency({ quick }: BenchOptions): Promise<BenchRow[]> {
  buildPagesIfStale()
  const rows: BenchRow[] = []
  for (const background of BACKGROUNDS)
    for (const row of await behind({ ...background, alarms: quick ? 30 : background.alarms }))
      rows.push({ ...row, name: `${background.rate.toLocaleString('en-US')} msg/s: ${row.name}` })
  return rows
}

/** A hub of its own for each background: the list that the page draws is as long at one rate as at the other. */
const behind = (background: Background): Promise<BenchRow[]> =>
  withHub(async (hub, api) => {
    const meters = await register(api, 'meter', 'electricity', METERS)
    const detectors = await register(api, 'gas', 'gas', WARM_UP + background.alarms)
    const clients = await Promise.all(detectors.map((credential) => loggedIn(hub.mqttPort, credential)))
    const load = await startLoad({ port: hub.mqttPort, credentials: meters, rate: background.rate })
    try {
      const browser = await launchBrowser()
      try {
        return await beforeTheDesk(browser, hub, api, load, { detectors, clients }, background)
      } finally {
        await browser.close()
      }
    } finally {
      await load.stop()
      for (const client of clients) client.end(true)
    }
  })

interface Detectors {
  readonly detectors: readonly Credential[]
  /** Their connections, in the same order. */
  readonly clients: readonly MqttClient[]
}

async function beforeTheDesk(
  browser: Browser,
  hub: HubProcess,
  api: Api,
  load: LoadRun,
  { detectors, clients }: Detectors,
  { rate, p50, p99 }: Background,
): Promise<BenchRow[]> {
  const context = await signedIn(browser, hub)
  await watchPaints(context)
  const page = await openDesk(context, hub)
  await requireOneClock(page)
  load.start()
  await until('the background flows', async () => (await load.progress()).acknowledged > rate)
  await raiseAll(clients.slice(0, WARM_UP), detectors)
  const cpu = async (): Promise<[at: number, hub: number, browser: number]> => [
    performance.now() / 1_000,
    cpuSecondsOf(hub.pid),
    await browserCpuSeconds(browser),
  ]
  const before = await cpu()
  const probes = await raiseAll(clients.slice(WARM_UP), detectors.slice(WARM_UP))
  const after = await cpu()
  const seconds = after[0] - before[0]
  const ids = await idsByDevice(api, detectors.length)
  const own = await ownFigures(page)
  const paints = await paintsOf(page)
  await requireOneClock(page)
  const background = await load.stop()
  const painted = probes.flatMap(({ deviceId, publishedAt }) => {
    const at = paints[ids.get(deviceId) ?? '']
    return at === undefined ? [] : [Math.max(0, at - publishedAt)]
  })
  const acknowledged = probes.map(({ publishedAt, acknowledgedAt }) => acknowledgedAt - publishedAt)
  const asked = (name: string, share: number, limit: number | null): BenchRow =>
    limit === null
      ? figure(name, percentile(painted, share), 'ms')
      : atMost(name, percentile(painted, share), 'ms', limit)
  return [
    // Below it the load was another one. A hair less is the generator's own pace.
    atLeast('held', background.perSecond, 'msg/s', rate * 0.99),
    exactly('alarms painted', painted.length, '', probes.length),
    asked('device publishes → painted, p50', 0.5, p50),
    asked('device publishes → painted, p99', 0.99, p99),
    figure('device publishes → painted, worst', Math.max(...painted), 'ms'),
    figure('hub → painted, by the page’s own account, p50', own.p50, 'ms'),
    figure('hub → painted, by the page’s own account, p99', own.p99, 'ms'),
    figure('device publishes → PUBACK of the alarm, p50', percentile(acknowledged, 0.5), 'ms'),
    figure('device publishes → PUBACK of the alarm, p99', percentile(acknowledged, 0.99), 'ms'),
    figure('CPU of the hub meanwhile', (after[1] - before[1]) / seconds, 'cores'),
    figure('CPU of the browser meanwhile', (after[2] - before[2]) / seconds, 'cores'),
  ]
}

const loggedIn = (port: number, { username, password }: Credential): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: username, username, password, reconnectPeriod: 0 })

/** One gas alarm a client, in their order. */
async function raiseAll(clients: readonly MqttClient[], devices: readonly Credential[]): Promise<Probe[]> {
  const probes: Promise<Probe>[] = []
  for (const [index, client] of clients.entries()) {
    const deviceId = devices[index]?.username ?? ''
    probes.push(raise(client, deviceId))
    const pause = PAUSE.least + Math.random() * (PAUSE.most - PAUSE.least)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return Promise.all(probes)
}

async function raise(client: MqttClient, deviceId: string): Promise<Probe> {
  const publishedAt = Date.now()
  const payload = JSON.stringify({ ts: publishedAt, values: { gas_lel: 60 } })
  await client.publishAsync(upTopic(deviceId, 'readings'), payload, { qos: 1 })
  return { deviceId, publishedAt, acknowledgedAt: Date.now() }
}

/** Device → its open alarm. */
async function idsByDevice(api: Api, wanted: number): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const query: string = `open=true&limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`
    const { items, next }: ListPage<Alarm> = await api.ok<ListPage<Alarm>>('GET', `/alarms?${query}`)
    for (const { id, deviceId } of items) ids.set(deviceId, id)
    cursor = next
  }
  if (ids.size < wanted) throw new Error(`${wanted} alarms were published, ${ids.size} are open`)
  return ids
}

/** What the status line of the page says. It is refreshed once a second. */
async function ownFigures(page: Page): Promise<{ p50: number; p99: number }> {
  await page.waitForTimeout(1_500)
  const text = (await page.locator('footer.status').textContent()) ?? ''
  const figures = /p50\D*([\d.]+)\s*(m?s).*?p99\D*([\d.]+)\s*(m?s)/.exec(text)
  if (figures === null) throw new Error(`the status line gives no latency: ${text}`)
  const ms = (value = '', unit = ''): number => Number(value) * (unit === 's' ? 1_000 : 1)
  return { p50: ms(figures[1], figures[2]), p99: ms(figures[3], figures[4]) }
}
