// `npm run simulate`: a small town of devices against a hub, until interrupted.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { county, living, started } from './county/county.ts'
import { importTable } from './county/table.ts'
import type { DeviceModel } from './devices/model.ts'
import { readTokens, signedIn, writeTokens } from './enrol.ts'
import type { Outgoing } from './connection.ts'
import { Fleet } from './fleet.ts'
import type { FleetDevice } from './fleet.ts'
import { misfit } from './incidents.ts'
import type { Incident } from './incidents.ts'
import { HELP, parseOptions } from './options.ts'
import type { Options } from './options.ts'
import { replaySession } from './replay-command.ts'
import { headerLine, messageLine } from './session-file.ts'
import { complain, Complaint, say, whenInterrupted, wordsOf } from './terminal.ts'
import { SIMULATED, town } from './town.ts'
import type { TownDevice } from './town.ts'

const COUNTS_EVERY_MS = 5_000

/** Who takes part, and how each lives from `worldStart` on. */
interface World {
  readonly devices: readonly TownDevice[]
  /** All of the world at once, to import; absent: they are registered one by one. */
  readonly table?: string
  model(device: Pick<TownDevice, 'id' | 'kind'>, incidents: readonly Incident[]): DeviceModel
}

/** So long daily life is foreseen. */
const FORESEEN_MS = 30 * 86_400_000

function worldOf(options: Options, worldStart: number): World {
  const { seed } = options
  const townsfolk: World['model'] = ({ id, kind }, incidents) => SIMULATED[kind](id, seed, incidents)
  if (!options.county) return { devices: town(options.counts), model: townsfolk }
  const shire = county(seed, { story: false })
  const span = { from: worldStart, until: worldStart + FORESEEN_MS }
  return {
    devices: started(shire).map(({ id, kind, name, site }) => ({ id, kind, name, site: site.name })),
    table: importTable(shire.devices),
    model: (device, incidents) => {
      const known = shire.withId(device.id)
      if (known === undefined) return townsfolk(device, incidents)
      return living(
        shire,
        known,
        span,
        incidents.map((incident) => ({ deviceId: device.id, incident })),
      )
    },
  }
}

/** A device and how it lives. */
interface Living {
  readonly device: TownDevice
  readonly model: DeviceModel
}

type Enrolled = FleetDevice & Living

function models(devices: readonly TownDevice[], world: World, options: Options): Living[] {
  const ids = new Map(devices.map(({ id, kind }) => [id, kind]))
  const wrong = options.faults.flatMap(({ deviceId, incident }) => {
    const kind = ids.get(deviceId)
    if (kind === undefined) return [`没有设备 no device "${deviceId}"`]
    return misfit(kind, incident) ?? []
  })
  if (wrong.length > 0) throw new Complaint(wrong.map((line) => `--fault: ${line}`).join('\n'))
  return devices.map((device) => {
    const incidents = options.faults.filter(({ deviceId }) => deviceId === device.id).map(({ incident }) => incident)
    return { device, model: world.model(device, incidents) }
  })
}

async function registered(options: Options, world: World, api: string): Promise<Enrolled[]> {
  const placed = models(world.devices, world, options)
  const registry = await signedIn(api)
  const tokens = world.table === undefined ? await registry.register(placed) : await registry.import(world.table)
  say(`已登记设备 ${tokens.size} 台  ${tokens.size} devices registered`)
  const rows = placed.map((living) => ({ ...living, token: tokens.get(living.device.id) as string }))
  if (options.devicesCsv !== null)
    writeTokens(
      options.devicesCsv,
      rows.map(({ device: { id, kind }, token }) => ({ id, kind, token })),
    )
  return rows
}

function fromFile(options: Options, world: World, path: string): Enrolled[] {
  const rows = readTokens(path)
  const placed = models(
    rows.map(({ id, kind }) => ({ id, kind, name: id, site: null })),
    world,
    options,
  )
  return placed.map((living, index) => ({ ...living, token: rows[index]?.token as string }))
}

/** Writes down a session as it is sent; answers what takes each message, and what ends it. */
function recorder(path: string, devices: readonly Living[]) {
  const file = openSync(path, 'w')
  const began = Date.now()
  const header = headerLine({
    began,
    devices: devices.map(({ device, model }) => ({ ...device, attributes: model.attributes })),
  })
  writeSync(file, `${header}\n`)
  return {
    take: (message: Outgoing) => void writeSync(file, `${messageLine(Date.now() - began, message)}\n`),
    close: () => closeSync(file),
  }
}

function countsLine(fleet: Fleet): string {
  const { devices, connected, sent, acknowledged, outstanding, overflowed, reconnects, lastError } = fleet.counts()
  const trouble = connected < devices && lastError !== null ? `  最近错误 last error: ${lastError}` : ''
  return (
    `在线 connected ${connected}/${devices}  已发 sent ${sent}  已确认 acknowledged ${acknowledged}  ` +
    `在途 under way ${outstanding}  溢出 overflowed ${overflowed}  重连 reconnects ${reconnects}${trouble}`
  )
}

async function simulate(options: Options, worldStart: number): Promise<void> {
  const interrupted = whenInterrupted()
  const world = worldOf(options, worldStart)
  const devices =
    options.api === null
      ? fromFile(options, world, options.devicesCsv as string)
      : await registered(options, world, options.api)
  const oracle = options.oracle === null ? null : openSync(options.oracle, 'w')
  const record = options.record === null ? null : recorder(options.record, devices)
  const fleet = new Fleet({
    url: options.url,
    devices,
    worldStart,
    speed: options.speed,
    ...(options.ca === null ? {} : { ca: readFileSync(options.ca, 'utf8') }),
    ...(record === null ? {} : { onSend: record.take }),
    ...(oracle === null ? {} : { onDelivery: (delivery) => void writeSync(oracle, `${JSON.stringify(delivery)}\n`) }),
  })
  const counting = setInterval(() => say(countsLine(fleet)), COUNTS_EVERY_MS)
  const live = async (): Promise<void> => {
    await fleet.connect()
    say(`设备已连接 ${options.url}，按 Ctrl+C 结束  connected; press Ctrl+C to end`)
    if (options.historyHours > 0) {
      await fleet.deliverHistory(options.historyHours, options.historyEverySeconds)
      say(`历史数据已补传 ${options.historyHours} h  history delivered`)
    }
    fleet.start()
    if (options.duration !== null) await delay(options.duration * 1000)
    else await interrupted
  }
  try {
    // An interrupt ends it whatever is under way: connecting, history, waiting for the time to be up.
    await Promise.race([live(), interrupted])
  } catch (error) {
    throw new Complaint(`无法连接 cannot connect to ${options.url}: ${wordsOf(error)}`)
  } finally {
    clearInterval(counting)
    await fleet.stop()
    if (oracle !== null) closeSync(oracle)
    record?.close()
  }
  say(countsLine(fleet))
}

const worldStart = Date.now()
const parsed = parseOptions(process.argv.slice(2), worldStart)
if (parsed.ok) {
  try {
    const { options } = parsed
    await (options.replay === null ? simulate(options, worldStart) : replaySession(options, options.replay))
    process.exit(0)
  } catch (error) {
    complain(wordsOf(error))
    process.exit(1)
  }
} else if (parsed.help) {
  process.stdout.write(HELP)
} else {
  for (const line of parsed.complaints) complain(line)
  complain('用法见 see: npm run simulate -- --help')
  process.exit(2)
}
