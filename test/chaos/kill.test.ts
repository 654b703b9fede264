// kill -9 at random moments under load, with a screen resuming all the while. The load generator and
// the alarm devices write down outside the hub what was acknowledged; at the end it is held against what is on the disk.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Alarm } from '../../contract/alarms.ts'
import { upTopic } from '../../contract/topics.ts'
import { startLoad } from '../load/publisher.ts'
import type { LoadResult } from '../load/publisher.ts'
import { cpuSecondsOf } from '../load/mosquitto.ts'
import { READING_TEMPLATE, TS_SLOT } from '../load/packets.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { Api, Screen } from '../support/api.ts'
import { gasAlarm } from './alarm-device.ts'
import type { AlarmDevice } from './alarm-device.ts'
import { importDevices, spread } from './county.ts'
import { median, percentile } from '../bench/percentile.ts'
import { atMost, exactly, figure as plain } from '../bench/row.ts'
import { noteFigures, sizeOf } from '../support/noted-figures.ts'
import { invented, lost, readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { account, FAULTLESS } from './screen-account.ts'

const ROUNDS = sizeOf('CHAOS_KILLS', 20)
const METERS = 200
/** Each of their messages is an alarm of its own, raised, returned and closed: three transitions. */
const ALARMERS = 6
const GAS_A_ROUND = 8
const RATE = sizeOf('CHAOS_KILL_RATE', 3_000)
/** Ready again after a kill, s. Held in CPU time here, which does not depend on what else runs. */
const READY_LIMIT = 5

const EVENT_TEMPLATE = `{"ts":${TS_SLOT},"event":"setting_changed","data":{"by":"hub","name":"limit","from":1##,"to":2##}}`
const isAlarmer = (username: string): boolean => username.startsWith('alarmer-')

const lostMessages = ({ oracle }: LoadResult, { readings, events }: Evidence): number =>
  lost(
    oracle.filter(({ username }) => !isAlarmer(username)),
    readings,
  ).length +
  lost(
    oracle.filter(({ username }) => isAlarmer(username)),
    events,
  ).length

describe(`kill -9 under load, ${ROUNDS} times on the same data`, () => {
  let hub: HubProcess
  let screen: Screen
  let load: LoadResult
  let evidence: Evidence
  const gas: AlarmDevice[] = []
  const readyMs: number[] = []
  const readyCpu: number[] = []
  /** Gas alarms that were open after each restart, beside those that had to be. */
  const afterRestart: { open: string[]; owed: string[]; sent: Set<string> }[] = []

  beforeAll(
    async () => {
      // As a service manager would start it: with nothing kept from the last time.
      hub = await startHubProcess({ environment: { ZHIAN_DEVICE_RATE: '0', NODE_DISABLE_COMPILE_CACHE: '1' } })
      const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
      const devices = await importDevices(api, [
        { prefix: 'meter', kind: 'electricity', count: METERS },
        { prefix: 'alarmer', kind: 'electricity', count: ALARMERS },
        { prefix: 'gas', kind: 'gas', count: ROUNDS * GAS_A_ROUND },
      ])
      const gasCredentials = devices.get('gas') ?? []
      screen = new Screen(hub.base, api.token)
      const run = await startLoad({
        port: hub.mqttPort,
        credentials: [...(devices.get('meter') ?? []), ...(devices.get('alarmer') ?? [])],
        rate: RATE,
        window: 32,
        reconnect: true,
        topic: (username) => upTopic(username, isAlarmer(username) ? 'events' : 'readings'),
        payload: (username) => (isAlarmer(username) ? EVENT_TEMPLATE : READING_TEMPLATE),
      })
      run.start()
      const random = spread(20_261_031)
      for (let round = 0; round < ROUNDS; round++) {
        const before = await run.progress()
        const enough = before.acknowledged + 200 + Math.floor(random() * 1_500)
        await until('messages are acknowledged', async () => (await run.progress()).acknowledged >= enough, 60_000)
        // In every other round the screen is live when the blow comes; in the rest it may be in the middle of a resume.
        if (round % 2 === 0) await until('the screen is live', () => screen.live, 60_000)
        const owed = gas.filter(({ acknowledged }) => acknowledged)
        for (const credential of gasCredentials.slice(round * GAS_A_ROUND, (round + 1) * GAS_A_ROUND))
          gas.push(gasAlarm(hub.mqttPort, credential))
        await new Promise((resolve) => setTimeout(resolve, random() * 60))
        await hub.kill()
        for (const device of gas) if (device.acknowledged && !owed.includes(device)) owed.push(device)
        const killedAt = performance.now()
        const sent = new Set(gas.map(({ id }) => id))
        await hub.restart()
        readyMs.push(performance.now() - killedAt)
        if (process.platform === 'linux') readyCpu.push(cpuSecondsOf(hub.pid))
        const { items } = await api.ok<{ items: Alarm[] }>('GET', '/alarms?open=true&priority=1&limit=500')
        afterRestart.push({
          open: items.filter(({ ruleId }) => ruleId === 'gas.gas_lel').map(({ deviceId }) => deviceId),
          owed: owed.map(({ id }) => id),
          sent,
        })
      }
      await until('every gas alarm is acknowledged', () => gas.every(({ acknowledged }) => acknowledged), 60_000)
      load = await run.stop()
      // One that comes now and asks for nothing but how things stand knows where the ledger ends.
      const newcomer = new Screen(hub.base, api.token, null)
      await until('a new screen is live', () => newcomer.live, 60_000)
      newcomer.close()
      const head = newcomer.cursor ?? 0
      await until('the screen has caught up', () => screen.live && (screen.cursor ?? 0) >= head, 60_000)
      screen.close()
      expect(await hub.terminate()).toBe(0)
      evidence = await readEvidence(join(hub.directory, 'data'))
    },
    60_000 + ROUNDS * 9_000,
  )
  afterAll(async () => {
    for (const device of gas) device.stop()
    screen?.close()
    await hub?.dispose()
  })

  it('G1: every acknowledged reading and event is in the store, and nothing that was never sent', () => {
    const meters = load.oracle.filter(({ username }) => !isAlarmer(username))
    const alarmers = load.oracle.filter(({ username }) => isAlarmer(username))
    expect(load.reconnects).toBeGreaterThanOrEqual(ROUNDS * METERS)
    expect(load).toMatchObject({ unexpected: 0, outOfOrder: 0 })
    expect(lost(meters, evidence.readings)).toEqual([])
    expect(lost(alarmers, evidence.events)).toEqual([])
    expect(invented(meters, evidence.readings)).toEqual([])
    expect(invented(alarmers, evidence.events)).toEqual([])
  })

  it('G1: every alarm whose causing message was acknowledged is in the ledger, and each of them once', () => {
    const raised = new Map<string, number>()
    for (const { transition } of evidence.transitions) {
      if (transition.type !== 'raised') continue
      const cause = `${transition.alarm.deviceId} ${transition.sampleTs}`
      raised.set(cause, (raised.get(cause) ?? 0) + 1)
    }
    const owed = [
      ...gas.map(({ id, ts }) => `${id} ${ts}`),
      ...load.oracle
        .filter(({ username }) => isAlarmer(username))
        .flatMap(({ username, acknowledged }) => [...acknowledged.timestamps()].map((ts) => `${username} ${ts}`)),
    ]
    expect(owed.length).toBeGreaterThan(ROUNDS * GAS_A_ROUND + ROUNDS)
    expect(owed.filter((cause) => raised.get(cause) !== 1)).toEqual([])
    // Nothing else: no alarm twice under another name, no false silence, no flapping because the hub itself went away.
    const sent = new Set([
      ...owed,
      ...load.oracle.flatMap(({ username, unacknowledged }) => unacknowledged.map((ts) => `${username} ${ts}`)),
    ])
    const ofDevices = evidence.transitions.filter(({ transition }) => transition.alarm.kind !== 'hub')
    expect(
      ofDevices
        .filter(({ transition }) => transition.type === 'raised')
        .map(({ transition }) => `${transition.alarm.deviceId} ${transition.sampleTs}`)
        .filter((cause) => !sent.has(cause)),
    ).toEqual([])
  })

  it('G2: the ledger is gapless from 1 to its head', () => {
    expect(evidence.transitions.map(({ transition }) => transition.seq)).toEqual(
      Array.from({ length: evidence.transitions.length }, (_, index) => index + 1),
    )
  })

  it('G2: a restart restores every open alarm: those before plus those caused, no more', () => {
    expect(afterRestart).toHaveLength(ROUNDS)
    for (const { open, owed, sent } of afterRestart) {
      expect(owed.filter((id) => !open.includes(id))).toEqual([])
      expect(open.filter((id) => !sent.has(id))).toEqual([])
      expect(new Set(open).size).toBe(open.length)
    }
  })

  it('G3: a screen that resumes after every kill was told every transition once, in order and without a gap', () => {
    expect(screen.resumes).toBeGreaterThanOrEqual(ROUNDS / 2)
    expect(account(screen, evidence.transitions)).toEqual(FAULTLESS)
  })

  it('is ready again within the limit', () => {
    const figure = (times: readonly number[]) => {
      const sorted = times.toSorted((a, b) => a - b)
      return {
        median: median(sorted),
        p99: percentile(sorted, 0.99),
        worst: sorted.at(-1) ?? 0,
      }
    }
    const [wall, cpu] = [figure(readyMs), figure(readyCpu)]
    process.stdout.write(
      `kill -9 × ${ROUNDS}: ready again in ${wall.median.toFixed(0)} ms (median), ${wall.p99.toFixed(0)} ms (p99), ` +
        `CPU ${cpu.median.toFixed(1)} s, ${cpu.worst.toFixed(1)} s; ${load.acknowledged} acknowledged, ` +
        `${load.resent} sent again, ${evidence.transitions.length} transitions\n`,
    )
    noteFigures(
      plain('messages acknowledged', load.acknowledged, ''),
      exactly('acknowledged and lost', lostMessages(load, evidence), '', 0),
      plain('transitions', evidence.transitions.length, ''),
      plain('ready again, median', wall.median, 'ms'),
      atMost('ready again, p99', wall.p99, 'ms', READY_LIMIT * 1_000),
      plain('ready again, CPU until then, worst', cpu.worst, 's'),
    )
    expect(readyMs).toHaveLength(ROUNDS)
    expect(cpu.worst).toBeLessThanOrEqual(READY_LIMIT)
  })
})
