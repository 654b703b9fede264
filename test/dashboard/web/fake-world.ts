// A small invented county for looking at the pages: sites, devices, alarms and curves, the same for the same seed.
import type { Alarm } from '../../../contract/alarms.ts'
import type { Device } from '../../../contract/http/devices.ts'
import type { Site } from '../../../contract/http/sites.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import { KINDS } from '../../../contract/kinds/table.ts'

const TOWNS = ['青禾街道', '明月街道', '望山街道', '柳岸镇', '石榴镇', '竹海镇', '白鹭镇', '桂花镇', '松风乡']
const VILLAGES = ['槐荫社区', '梧桐社区', '小满村', '大河湾村']
const LONG = {
  town: '新型城镇化示范与乡村振兴融合发展先行区街道',
  village: '易地扶贫搬迁集中安置点幸福新区第三社区',
  site: '恒丰粮油食品饲料仓储物流加工贸易有限责任公司第二分公司员工集体宿舍',
  device: '三层东侧公共走道配电间总进线剩余电流与温度组合式电气火灾监控探测器',
}

/** One of the sorts of alarm that the county shows. */
interface Sort {
  readonly kind: KindName
  readonly ruleId: string
  readonly category: Alarm['category']
  readonly signal: string
  readonly channel: string
  readonly title: Alarm['title']
  readonly unit: string
  readonly limit: number | null
  readonly value: number | null
  readonly priority: Alarm['priority']
  readonly latched: boolean
}
const sort = (
  [kind, ruleId, category]: readonly [KindName, string, Alarm['category']],
  [signal, channel]: readonly [string, string],
  [zh, en]: readonly [string, string],
  [value, limit, unit]: readonly [number | null, number | null, string],
  priority: Alarm['priority'],
  latched = false,
): Sort => ({ kind, ruleId, category, signal, channel, title: { zh, en }, unit, limit, value, priority, latched })

export const SORTS: readonly Sort[] = [
  sort(['gas', 'gas.gas_lel', 'gas'], ['gas_lel', ''], ['燃气报警', 'Gas alarm'], [62, 25, '%LEL'], 1, true),
  sort(
    ['electricity', 'electricity.residual_current', 'electrical'],
    ['residual_current', ''],
    ['剩余电流', 'Residual current'],
    [412, 300, 'mA'],
    2,
    true,
  ),
  sort(
    ['electricity', 'electricity.temperature', 'electrical'],
    ['temperature', 'b'],
    ['线缆温度', 'Cable temperature'],
    [73.4, 70, '℃'],
    2,
    true,
  ),
  sort(['access', 'access.door_open', 'security'], ['door_open', ''], ['门长开', 'Door held open'], [640, 600, 's'], 3),
  sort(['electricity', 'device.silent', 'offline'], ['silent', ''], ['设备失联', 'Device silent'], [null, null, ''], 3),
  sort(['smoke', 'smoke.smoke', 'fire'], ['smoke', ''], ['火警', 'Fire alarm'], [null, null, ''], 1, true),
  sort(
    ['electricity', 'electricity.voltage_low', 'electrical'],
    ['voltage', 'a'],
    ['电压偏低', 'Voltage low'],
    [158.2, 160, 'V'],
    3,
  ),
  sort(['smoke', 'device.battery', 'maintenance'], ['battery', ''], ['电池电量低', 'Battery low'], [18, 20, '%'], 4),
]

export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

export interface World {
  readonly sites: Site[]
  readonly devices: Device[]
  readonly longNames: boolean
}

/** A site of which nobody has said more than its name. */
export const NOTHING_SAID = {
  category: null,
  risk: null,
  regime: { name: 'normal', since: null, until: null, basis: '' },
  responsible: null,
  coordinates: null,
  insurance: null,
  facilities: [],
} satisfies Partial<Site>

export function worldOf(
  size: { readonly sites: number; readonly devices: number; readonly longNames: boolean },
  now: number,
): World {
  const random = randomOf(7)
  const sites: Site[] = Array.from({ length: size.sites }, (_, index) => ({
    id: `site-${index}`,
    name: size.longNames ? `${LONG.site}${index + 1}` : `${VILLAGES[index % 4]?.slice(0, 2)} ${index + 1} 号`,
    areaId: `area-${index % TOWNS.length}`,
    area: size.longNames
      ? ['示范县', LONG.town, LONG.village]
      : ['示范县', TOWNS[index % TOWNS.length] as string, VILLAGES[index % 4] as string],
    contacts: [
      { name: '李阿姨', phone: '138 0000 0012', role: '房东' },
      { name: '吴师傅', phone: '138 0000 0034', role: '网格员' },
    ],
    areaIds: ['county', `area-${index % TOWNS.length}`],
    ...NOTHING_SAID,
    devices: Math.ceil(size.devices / size.sites),
    createdAt: now - 40 * 86_400_000,
  }))
  const devices: Device[] = Array.from({ length: size.devices }, (_, index) => {
    const kind = (SORTS[index % SORTS.length] as Sort).kind
    const site = sites[index % sites.length] as Site
    const heard = index % 40 !== 39
    return {
      id: `${kind}-${String(index).padStart(5, '0')}`,
      kind,
      name: size.longNames ? LONG.device : `${KINDS[kind].label.zh} ${Math.floor(random() * 4) + 1} 层`,
      siteId: site.id,
      roomId: null,
      place: [...site.area, site.name],
      gatewayId: null,
      attributes: {},
      lifecycle: heard ? 'in_service' : 'registered',
      online: heard && index % 17 !== 16,
      lastHeardAt: heard ? now - Math.floor(random() * 60_000) : null,
      worst: null,
      createdAt: now - 30 * 86_400_000,
    }
  })
  return { sites, devices, longNames: size.longNames }
}

/** Devices of the kind that a sort needs come every `SORTS.length`: this finds the n-th. */
export function deviceFor(world: World, sortIndex: number, nth: number): Device {
  const wanted = (SORTS[sortIndex] as Sort).kind
  const of = world.devices.filter((device) => device.kind === wanted)
  return of[nth % of.length] as Device
}

export function alarmOf(
  id: string,
  seq: number,
  at: number,
  device: Device,
  what: Sort,
  changes: Partial<Alarm> = {},
): Alarm {
  return {
    id,
    seq,
    deviceId: device.id,
    deviceName: device.name,
    siteId: device.siteId,
    place: device.place,
    kind: device.kind,
    category: what.category,
    ruleId: what.ruleId,
    ruleVersion: 1,
    signal: what.signal,
    channel: what.channel,
    level: 'alarm',
    priority: what.priority,
    condition: 'active',
    ack: null,
    suppression: null,
    mode: 'normal',
    latched: what.latched,
    title: what.title,
    value: what.value,
    limit: what.limit,
    unit: what.unit,
    reason: what.value === null ? 'device_flag' : 'threshold',
    occurrences: 1,
    raisedAt: at,
    clearedAt: null,
    updatedAt: at,
    closedAt: null,
    verdict: null,
    ...changes,
  }
}
