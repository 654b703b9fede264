// Five hundred screens of a county, each with its own cursor: how soon all of them know, and what they cost the hub.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connectAsync } from 'mqtt'
import { upTopic } from '../../contract/topics.ts'
import { cpuSecondsOf } from '../load/mosquitto.ts'
import { tokensForScreens } from '../chaos/screens.ts'
import type { Credential } from '../load/publisher.ts'
import { until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { residentBytes } from './connections.ts'
import { register, withHub } from './hub.ts'
import { percentile } from './percentile.ts'
import { atMost, exactly, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'
import type { ScreensReport, ToScreens } from './screens-process.ts'

const SCREENS = 500
const PAUSE_MS = 100
/** The feed's part of the way to the screen that is told last. */
const ALL_MS = 100
const KIB = 1024

export async function benchScreens({ quick }: BenchOptions): Promise<BenchRow[]> {
  const [count, alarms] = quick ? [40, 10] : [SCREENS, 100]
  return withHub(async (hub, api) => {
    const detectors = await register(api, 'gas', 'gas', alarms)
    const tokens = await tokensForScreens(api, count)
    const told = await tellScreens(hub, detectors, tokens)
    return [
      ...accountOf(told, count, alarms),
      figure('device publishes → a screen hears, p50 over all', percentile(told.delays.flat(), 0.5), 'ms'),
      figure('device publishes → the last screen hears, p50', percentile(told.last, 0.5), 'ms'),
      atMost('device publishes → the last screen hears, p99', percentile(told.last, 0.99), 'ms', ALL_MS),
      figure('resident memory a screen', told.bytes / count / KIB, 'KiB'),
      figure(`CPU of the hub at ${1_000 / PAUSE_MS} alarms a second`, told.cpuSeconds / told.seconds, 'cores'),
    ]
  })
}

export interface Told {
  readonly live: number
  readonly gaps: number
  /** Of each alarm, from its PUBLISH until each screen heard of it, ms. */
  readonly delays: readonly (readonly number[])[]
  /** Of each alarm, until the last screen did, ms. */
  readonly last: readonly number[]
  /** That the hub grew by when the screens came. */
  readonly bytes: number
  /** Of the hub, while the alarms came. */
  readonly cpuSeconds: number
  readonly seconds: number
}

export const accountOf = ({ live, delays, gaps }: Told, count: number, alarms: number): BenchRow[] => [
  exactly('screens live', live, '', count),
  exactly(
    'alarms told, over all screens',
    delays.reduce((sum, { length }) => sum + length, 0),
    '',
    alarms * count,
  ),
  exactly('transitions that did not follow a screen’s cursor', gaps, '', 0),
]

/** One alarm of each detector, one after another; every screen, one a token, must hear of every one. */
export async function tellScreens(
  hub: HubProcess,
  detectors: readonly Credential[],
  tokens: readonly string[],
): Promise<Told> {
  const count = tokens.length
  const clients = await Promise.all(
    detectors.map(({ username, password }) =>
      connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
        clientId: username,
        username,
        password,
        reconnectPeriod: 0,
      }),
    ),
  )
  const before = residentBytes(hub.pid)
  const child = fork(fileURLToPath(new URL('./screens-process.ts', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [],
  })
  try {
    tell(child, { type: 'plan', plan: { base: hub.base, tokens } })
    await until('every screen is live', async () => (await report(child)).live === count, 120_000)
    const bytes = residentBytes(hub.pid) - before
    const [startedAt, cpu] = [performance.now(), cpuSecondsOf(hub.pid)]
    const published = new Map<string, number>()
    for (const [index, client] of clients.entries()) {
      const deviceId = detectors[index]?.username ?? ''
      published.set(deviceId, Date.now())
      const payload = JSON.stringify({ ts: Date.now(), values: { gas_lel: 60 } })
      await client.publishAsync(upTopic(deviceId, 'readings'), payload, { qos: 1 })
      await delay(PAUSE_MS)
    }
    const [cpuSeconds, seconds] = [cpuSecondsOf(hub.pid) - cpu, (performance.now() - startedAt) / 1_000]
    const all = await until(
      'every screen has heard every alarm',
      async () => {
        const now = await report(child)
        const whole =
          now.heard.size === detectors.length && [...now.heard.values()].every(({ length }) => length >= count)
        return whole && now
      },
      60_000,
    )
    const delays = [...published].map(([deviceId, at]) => (all.heard.get(deviceId) ?? []).map((heard) => heard - at))
    const last = delays.map((ofAlarm) => Math.max(...ofAlarm))
    return { live: all.live, gaps: all.gaps, delays, last, bytes, cpuSeconds, seconds }
  } finally {
    for (const client of clients) client.end(true)
    if (child.connected) child.disconnect()
  }
}

const tell = (child: ChildProcess, message: ToScreens): void => void child.send(message)

async function report(child: ChildProcess): Promise<ScreensReport> {
  tell(child, { type: 'report' })
  const [answer] = (await once(child, 'message')) as [ScreensReport]
  return answer
}
