// The demonstration county as one seeded world: what stands where, who looks after it, what daily life does to it.
import type { DeviceModel } from '../devices/model.ts'
import type { Incident } from '../incidents.ts'
import { inventory } from './inventory.ts'
import type { CountyDevice, CountySite } from './inventory.ts'
import { lifeOf } from './life.ts'
import { businessName } from './places.ts'

export interface County {
  readonly seed: number
  readonly sites: readonly CountySite[]
  readonly devices: readonly CountyDevice[]
  /** Registered and never heard: 未上线. */
  readonly neverStarted: ReadonlySet<string>
  /** Reported every few seconds, with a week of history. */
  readonly featured: readonly CountyDevice[]
  /** By its full name, `槐荫 12 号 共用厨房`; throws for one that is not there. */
  called(name: string): CountyDevice
  withId(id: string): CountyDevice | undefined
}

/** Something that happens to a device. */
export interface Happening {
  readonly deviceId: string
  readonly incident: Incident
}

/** Enterprises of 白鹭镇 on the feeder that fails in the story. */
const FEEDER_ENTERPRISES = [7, 22, 37, 52, 67]
export const FEEDER = FEEDER_ENTERPRISES.map((n) => `${businessName('enterprise', n)} 总进线`)

const FEATURED = [
  '恒丰粮油 总进线',
  '广利五金 总进线',
  '槐荫 7 号 大门',
  '槐荫 12 号 共用厨房',
  '槐荫 33 号 二层回路',
  '槐荫 21 号 205 室',
  '槐荫 6 号 总进线',
  '槐荫 8 号 总进线',
  '槐荫 10 号 总进线',
  '槐荫 18 号 总进线',
  ...FEEDER,
  '槐荫 1 号 大门',
  '槐荫 2 号 共用厨房',
  '槐荫 3 号 总进线',
  '槐荫 12 号 总进线',
  `${businessName('catering', 0)} 总进线`,
]

/** Not started on purpose: seven, spread over kinds and towns. */
const NEVER_STARTED = ['el-0911', 'el-1033', 'el-1187', 'el-1200', 'smoke-148-02', 'gate-149', 'gas-104']

/** The county of this seed; 1 is the one that the demonstration shows. Without the story nothing is featured. */
export function county(seed = 1, { story = true }: { readonly story?: boolean } = {}): County {
  const names = story ? FEATURED : []
  const devices = inventory(seed, new Set(names))
  const byName = new Map(devices.map((device) => [device.name, device]))
  const byId = new Map(devices.map((device) => [device.id, device]))
  const called = (name: string): CountyDevice => {
    const device = byName.get(name)
    if (device === undefined) throw new Error(`the county has no device "${name}"`)
    return device
  }
  return {
    seed,
    sites: [...new Set(devices.map(({ site }) => site))],
    devices,
    neverStarted: new Set(NEVER_STARTED),
    featured: names.map(called),
    called,
    withId: (id) => byId.get(id),
  }
}

/** Those that are in service. */
export const started = ({ devices, neverStarted }: County): CountyDevice[] =>
  devices.filter(({ id }) => !neverStarted.has(id))

/** The device with what daily life brings it within [from, until), and what else happens to it. */
export function living(
  { seed }: Pick<County, 'seed'>,
  device: CountyDevice,
  span: { readonly from: number; readonly until: number },
  happenings: readonly Happening[] = [],
): DeviceModel {
  const own = happenings.flatMap(({ deviceId, incident }) => (deviceId === device.id ? [incident] : []))
  return device.build([...lifeOf(seed, device, span.from, span.until), ...own])
}
