// Gaps in a screen's link, a hundred of them, counted in transitions, of every sort that a link has, before the
// first event too, and with the hub killed in between.
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { upTopic } from '../../contract/topics.ts'
import { Api, Screen } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import { importDevices, spread } from './county.ts'
import { exactly, figure } from '../bench/row.ts'
import { noteFigures, sizeOf } from '../support/noted-figures.ts'
import { readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { account, FAULTLESS } from './screen-account.ts'

const GAPS = sizeOf('CHAOS_GAPS', 100)
/** Gaps in the middle of which the hub is killed and started again. */
const KILLS: ReadonlySet<number> = new Set([0, 33, 66])
/** Most alarms that a gap hides; each is three transitions. */
const MAX_ALARMS = 8
/** Gaps that hide more than a page can be given in passing: the ledger is read in pages. */
const LONG: ReadonlySet<number> = new Set([20, 70])
const LONG_ALARMS = 250

/** How a link is lost, and how it comes back. */
const SORTS = {
  /** Reset while nothing moves. */
  cut: {
    open: (link: TcpProxy) => (link.refuse(true), link.cut()),
    close: (link: TcpProxy) => link.refuse(false),
  },
  /** A cable that is pulled and put back before anybody noticed: whatever was on its way arrives late. */
  frozen: { open: (link: TcpProxy) => link.freeze(), close: (link: TcpProxy) => link.thaw() },
  /** A cable that is pulled for so long that the connection is given up. */
  lost: {
    open: (link: TcpProxy) => link.freeze(),
    close: (link: TcpProxy) => (link.cut(), link.thaw()),
  },
  /** Broken in the middle of a frame: the events before it have arrived, this one has not. */
  torn: { open: (link: TcpProxy) => link.cutAfter('down', 1_500), close: (link: TcpProxy) => link.cut() },
} as const
const SORT_NAMES = Object.keys(SORTS) as (keyof typeof SORTS)[]

describe(`${GAPS} gaps in the link of a screen`, () => {
  let hub: HubProcess
  let link: TcpProxy
  /** Behind the link from the start, and so on: each is there before the first transition, and in every gap. */
  const screens: Screen[] = []
  let device: MqttClient
  let evidence: Evidence
  let ts = Date.now()
  let alarms = 0
  let id = ''

  const heard = (screen: Screen): number => screen.seen.filter(({ alarm }) => alarm.deviceId === id).length

  const raise = async (count: number): Promise<void> => {
    const body = Array.from({ length: count }, () => ({
      ts: ++ts,
      event: 'setting_changed',
      data: { by: 'hub', name: 'limit', from: ts % 10, to: 1 },
    }))
    alarms += count
    await device.publishAsync(upTopic(id, 'events'), JSON.stringify(body), { qos: 1 })
  }

  beforeAll(
    async () => {
      hub = await startHubProcess({ environment: { ZHIAN_DEVICE_RATE: '0' } })
      const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
      const [credential] =
        (await importDevices(api, [{ prefix: 'meter', kind: 'electricity', count: 1 }])).get('meter') ?? []
      id = credential?.username ?? ''
      device = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
        username: id,
        password: credential?.password ?? '',
        reconnectPeriod: 50,
      })
      device.on('error', () => undefined)
      link = await startTcpProxy({ port: hub.httpPort })
      // One from the very beginning, one that only knows "from the start", both behind the link that fails.
      screens.push(
        new Screen(`http://127.0.0.1:${link.port}`, api.token),
        new Screen(`http://127.0.0.1:${link.port}`, api.token),
      )
      await until('the screens are live', () => screens.every(({ live }) => live))
      const random = spread(19)
      for (let gap = 0; gap < GAPS; gap++) {
        const sort = SORTS[SORT_NAMES[gap % SORT_NAMES.length] as keyof typeof SORTS]
        const before = screens.map(({ resumes }) => resumes)
        sort.open(link)
        await raise(LONG.has(gap) ? LONG_ALARMS : Math.floor(random() * (MAX_ALARMS + 1)) || 1)
        if (KILLS.has(gap)) {
          await hub.kill()
          await hub.restart()
          await until('the device is back', () => device.connected)
          await raise(2)
        }
        sort.close(link)
        // In every fifth gap the link breaks again as soon as one of them is back, caught up or not.
        if (gap % 5 === 4 && sort !== SORTS.frozen) {
          await until('a screen is back', () => screens.some(({ resumes }, at) => resumes > (before[at] ?? 0)))
          link.cut()
        }
        await until(`the screens have caught up after gap ${gap}`, () =>
          screens.every((screen) => screen.live && heard(screen) >= 3 * alarms),
        )
      }
      for (const screen of screens) screen.close()
      await device.endAsync()
      await hub.terminate()
      evidence = await readEvidence(join(hub.directory, 'data'))
      const accounts = screens.map((one) => account(one, evidence.transitions))
      noteFigures(
        figure('transitions', evidence.transitions.length, ''),
        exactly('missed', accounts.flatMap(({ missed }) => missed).length, '', 0),
        exactly('doubled', accounts.flatMap(({ doubled }) => doubled).length, '', 0),
      )
    },
    140_000 + GAPS * 1_000,
  )
  afterAll(async () => {
    for (const screen of screens) screen.close()
    device?.end(true)
    await link?.stop()
    await hub?.dispose()
  })

  it('G3: nothing missed, nothing doubled, nothing out of order, on any screen', () => {
    expect(evidence.transitions.filter(({ transition }) => transition.alarm.deviceId === id)).toHaveLength(3 * alarms)
    for (const screen of screens) expect(account(screen, evidence.transitions)).toEqual(FAULTLESS)
  })

  it('G3: the screens were really away: they resumed after most of the gaps', () => {
    for (const { resumes } of screens) expect(resumes).toBeGreaterThan(GAPS / 2)
  })
})
