// From the start of the process to /readyz, with a county in the ledger: after a clean stop, and after kill -9 under load.
import { join } from 'node:path'
import { hashToken } from '../../broker/tokens.ts'
import { DEFAULT_RULES } from '../../hub/rules.ts'
import { createLedger } from '../../records/sqlite-ledger.ts'
import { JOURNAL_BATCH } from '../../records/ledger.ts'
import type { Actor, JournalEntry, Ledger } from '../../records/ledger.ts'
import { cpuSecondsOf } from '../load/mosquitto.ts'
import { runLoad, startLoad } from '../load/publisher.ts'
import type { Credential } from '../load/publisher.ts'
import { TS_SLOT } from '../load/packets.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import { startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { closedAlarm } from './closed-alarm.ts'
import { median } from './percentile.ts'
import { atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const CLEAN_MS = 2_000
const KILLED_MS = 5_000
/** Load at the moment of the kill, messages a second from so many devices. */
const RATE = 5_000
const LOADED_DEVICES = 500
const BENCH: Actor = { userId: 'bench', name: 'bench', address: 'console' }
const GAS_ALARM = `{"ts":${TS_SLOT},"values":{"gas_lel":60}}`

interface County {
  readonly meters: readonly Credential[]
  /** Each raises one alarm that stays open. */
  readonly detectors: readonly Credential[]
}

interface Size {
  readonly meters: number
  readonly detectors: number
  readonly closedAlarms: number
  readonly readingsAMeter: number
}
/** 10,000 devices, 100,000 alarms of which 2,000 are open, 400,000 readings. */
const FULL: Size = { meters: 8_000, detectors: 2_000, closedAlarms: 98_000, readingsAMeter: 50 }
const SMALL: Size = { meters: 800, detectors: 200, closedAlarms: 2_000, readingsAMeter: 5 }

export async function benchStartup({ quick }: BenchOptions): Promise<BenchRow[]> {
  const size = quick ? SMALL : FULL
  const hub = await startHubProcess({ environment: { ZHIAN_DEVICE_RATE: '0' } })
  try {
    await hub.terminate()
    const county = await writeLedger(join(hub.directory, 'data'), size)
    await hub.restart()
    await speak(hub, county, size)
    const clean: Start[] = []
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      await hub.terminate()
      clean.push(await restarted(hub))
    }
    const killed: Start[] = []
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      await killUnderLoad(hub, county.meters.slice(0, LOADED_DEVICES), quick ? 0.5 : 4)
      killed.push(await restarted(hub))
    }
    const number = (value: number): string => value.toLocaleString('en-US')
    return [
      figure('devices', size.meters + size.detectors, ''),
      figure(`alarms, ${number(size.detectors)} of them open`, size.closedAlarms + size.detectors, ''),
      ...starts('ready after a clean stop', clean, CLEAN_MS),
      ...starts(`ready after kill -9 at ${number(RATE)} msg/s`, killed, KILLED_MS),
    ]
  } finally {
    await hub.dispose()
  }
}

interface Start {
  /** Process start → ready. */
  readonly ms: number
  /** The process's own work in that time: it does not depend on what else runs. */
  readonly cpuMs: number
}

async function restarted(hub: HubProcess): Promise<Start> {
  const started = performance.now()
  await hub.restart()
  return { ms: performance.now() - started, cpuMs: cpuSecondsOf(hub.pid) * 1_000 }
}

function starts(name: string, rounds: readonly Start[], limit: number): BenchRow[] {
  return [
    atMost(`${name}, median`, median(rounds.map(({ ms }) => ms)), 'ms', limit),
    figure(`${name}, slowest`, Math.max(...rounds.map(({ ms }) => ms)), 'ms'),
    figure(`${name}, CPU until then, median`, median(rounds.map(({ cpuMs }) => cpuMs)), 'ms'),
  ]
}

/** Devices and a history of closed alarms: through MQTT and the engine they would take an hour. */
async function writeLedger(directory: string, size: Size): Promise<County> {
  const ledger = createLedger({
    directory,
    defaultRules: DEFAULT_RULES,
    hashDeviceToken: (token, key) => hashToken(key, token).toString('hex'),
  })
  await ledger.start()
  try {
    const meters = await imported(ledger, 'meter', 'electricity', size.meters)
    const detectors = await imported(ledger, 'gas', 'gas', size.detectors)
    let entries: JournalEntry[] = []
    const append = async (): Promise<void> => {
      await ledger.journal.append({ entries, states: [], checkpoint: null })
      entries = []
    }
    const until = Date.now()
    for (let nth = 0; nth < size.closedAlarms; nth++) {
      entries.push(...closedAlarm(nth, meters[nth % meters.length]?.username ?? '', until))
      if (entries.length >= JOURNAL_BATCH) await append()
    }
    await append()
    return { meters, detectors }
  } finally {
    await ledger.stop()
  }
}

async function imported(ledger: Ledger, prefix: string, kind: KindName, count: number): Promise<Credential[]> {
  const rows = Array.from({ length: count }, (_, nth) => ({
    line: nth + 2,
    id: `${prefix}-${nth}`,
    kind,
    name: `${prefix} ${nth}`,
    area: `示范县/青禾街道/${nth % 40} 社区`,
    site: `${nth % 1_000} 号`,
  }))
  const made = await ledger.devices.import(BENCH, rows)
  return made.map(({ id, token }) => ({ username: id, password: token }))
}

/** Every device has been heard: so each has its state in the ledger, and the store its readings. */
async function speak(hub: HubProcess, { meters, detectors }: County, size: Size): Promise<void> {
  const port = hub.mqttPort
  await runLoad({ port, credentials: meters, messagesPerConnection: size.readingsAMeter })
  const alarms = await runLoad({ port, credentials: detectors, messagesPerConnection: 1, payload: GAS_ALARM })
  if (alarms.acknowledged !== detectors.length)
    throw new Error(`only ${alarms.acknowledged} gas alarms were acknowledged`)
}

async function killUnderLoad(hub: HubProcess, credentials: readonly Credential[], seconds: number): Promise<void> {
  const load = await startLoad({ port: hub.mqttPort, credentials, rate: RATE, drainMs: 100 })
  try {
    load.start()
    await until('the load has flowed long enough', async () => (await load.progress()).acknowledged >= RATE * seconds)
  } finally {
    await hub.kill()
    await load.stop()
  }
}
